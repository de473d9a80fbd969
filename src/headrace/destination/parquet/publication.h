#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "headrace/client/store/durable_fs.h"
#include "headrace/destination/destination.h"
#include "headrace/destination/parquet/lake_layout.h"
#include "headrace/destination/parquet/table_content.h"
#include "headrace/model/commit.h"

namespace headrace {

/// Carries one intent out: from staging to the place where readers look, in one rename, and tidies
/// up behind it. The steps, and what a crash right after each leaves, are in docs/format/commit.md.
/// Every step may find itself done already.
class Publication {
 public:
  /// References must outlive the Publication. `stop` ends its waiting for locks, with
  /// kInterruptedCode.
  Publication(DurableFs& fs, const LakeLayout& layout, const CommitIntent& intent,
              std::stop_token stop)
      : fs_(fs), layout_(layout), intent_(intent), stop_(std::move(stop)) {}

  /// Publishes, or finds it published; then finishes. The errors are those of Destination::Commit.
  arrow::Result<CommitRecord> Commit();

  /// What became of the intent; a commit that is found is finished. The errors are those of
  /// Destination::Settle.
  arrow::Result<Settlement> Settle();

 private:
  arrow::Result<std::optional<DirectoryLock>> LockLakeIfThere() const;
  arrow::Result<std::optional<CommitRecord>> FindRecord() const;
  arrow::Result<std::optional<CommitRecord>> RecordOfReplaced(const TableContent& table) const;
  arrow::Status CheckCommittable(const TableContent& table) const;
  arrow::Status Finish();
  void RemoveStaged();
  arrow::Status PublishOrVoid(const TableContent& table);
  arrow::Status Publish(const TableContent& table);
  arrow::Status PublishRun(const TableContent& table);
  arrow::Status PublishNewTable();
  arrow::Status ReplaceTable();
  arrow::Status PutAside(const std::filesystem::path& old_table);
  arrow::Result<int64_t> SequenceNow(const TableContent& table) const;
  arrow::Status Overtaken(int64_t sequence) const;
  arrow::Status Vanished() const;
  arrow::Status NotStaged(const TableContent& table) const;
  std::filesystem::path StagedTable() const { return intent_.staging; }

  DurableFs& fs_;
  const LakeLayout& layout_;
  const CommitIntent& intent_;
  std::stop_token stop_;
};

/// Class user, naming the first of them, if `content` of `table` has files that headrace did not
/// write: beside commits only where the table would be replaced, for they would vanish with it.
arrow::Status CheckNotForeign(const DurableFs& fs, const std::filesystem::path& table,
                              const TableContent& content, WriteMode mode);

}  // namespace headrace
