#include "headrace/destination/parquet/publication.h"

#include <algorithm>
#include <utility>

#include "headrace/destination/parquet/commit_file.h"
#include "headrace/destination/parquet/lake_lock.h"
#include "headrace/destination/parquet/staging_folder.h"
#include "headrace/model/percent_coding.h"
#include "headrace/model/table_ref.h"
#include "headrace/model/utc_time.h"

namespace headrace {
namespace {

namespace fs = std::filesystem;

constexpr int kMostReplacedNames = 1000;

bool IsRecordOf(const std::optional<CommitRecord>& record, const CommitIntent& intent) {
  return record.has_value() && record->intent.job == intent.job &&
         record->intent.run == intent.run && record->intent.digest == intent.digest &&
         record->intent.sequence == intent.sequence;
}

/// Nothing of the intent is published, nor ever can be.
arrow::Status VoidIntentError(const CommitIntent& intent, const std::string& why) {
  return TransientError("table " + intent.label + " " + why +
                            ". Nothing of this commit was published; run again: the table is "
                            "loaded anew",
                        std::string(kVoidIntentCode));
}

}  // namespace

arrow::Status CheckNotForeign(const DurableFs& fs, const fs::path& table,
                              const TableContent& content, WriteMode mode) {
  if (content.last().has_value() && mode != WriteMode::kReplace) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(const auto foreign, FirstForeign(fs, table, content.names));
  if (!foreign.has_value()) return arrow::Status::OK();
  const std::string why = content.last().has_value()
                              ? "and that `write: replace` would remove with the table"
                              : "(no commit record lies with them)";
  return UserError(table.string() + " holds files that headrace did not write " + why +
                   "; the first is " + foreign->string() +
                   ": move them away, or choose another destination.path");
}

arrow::Result<CommitRecord> Publication::Commit() {
  // A lake is made for what is staged for it alone: nothing is made on a mount point by chance.
  ARROW_ASSIGN_OR_RAISE(const auto lake, fs_.Stat(layout_.path));
  ARROW_ASSIGN_OR_RAISE(const auto staged, fs_.Stat(RunDirectory(StagedTable(), intent_)));
  if (!lake.has_value() && !staged.has_value()) return Vanished();
  ARROW_ASSIGN_OR_RAISE(const LockedDirectory lake_lock, MakeAndLock(fs_, layout_.path, stop_));
  ARROW_ASSIGN_OR_RAISE(const TableContent table, ReadTableContent(fs_, PublishedTable(intent_)));
  ARROW_ASSIGN_OR_RAISE(auto record, FindRecord());
  if (!record.has_value()) {
    ARROW_ASSIGN_OR_RAISE(record, RecordOfReplaced(table));
  }
  if (!record.has_value()) {
    ARROW_RETURN_NOT_OK(CheckCommittable(table));
    ARROW_ASSIGN_OR_RAISE(record,
                          WriteCommitFile(fs_, RunDirectory(StagedTable(), intent_), intent_));
    ARROW_RETURN_NOT_OK(PublishOrVoid(table));
  }
  ARROW_RETURN_NOT_OK(Finish());
  return std::move(*record);
}

arrow::Result<Settlement> Publication::Settle() {
  ARROW_ASSIGN_OR_RAISE(const auto lock, LockLakeIfThere());
  ARROW_ASSIGN_OR_RAISE(const TableContent table, ReadTableContent(fs_, PublishedTable(intent_)));
  ARROW_ASSIGN_OR_RAISE(const auto record, FindRecord());
  if (record.has_value()) {
    ARROW_RETURN_NOT_OK(Finish());
    return Settlement{SettleOutcome::kCommitted, ""};
  }
  // Not finished: its staging is all the proof that there is, until Commit returns the record.
  ARROW_ASSIGN_OR_RAISE(const auto replaced, RecordOfReplaced(table));
  if (replaced.has_value()) return Settlement{SettleOutcome::kCommitted, ""};
  const arrow::Status status = CheckCommittable(table);
  if (status.ok()) return Settlement{SettleOutcome::kNotCommitted, ""};
  if (CodeOf(status) == kVoidIntentCode) return Settlement{SettleOutcome::kVoid, status.message()};
  return status;
}

/// Other processes commit to this lake too: between the look at the sequence and the rename nobody
/// else may.
arrow::Result<std::optional<DirectoryLock>> Publication::LockLakeIfThere() const {
  auto lock = fs_.Lock(layout_.path, {.stop = stop_});
  if (CodeOf(lock.status()) == "ENOENT") return std::nullopt;
  return lock;
}

/// The record of this very intent, from the table or from one that was replaced since.
arrow::Result<std::optional<CommitRecord>> Publication::FindRecord() const {
  ARROW_ASSIGN_OR_RAISE(auto record, ReadCommitFile(fs_, PublishedRun(intent_)));
  if (IsRecordOf(record, intent_)) return record;
  const fs::path replaced = layout_.ReplacedTable(intent_.table);
  ARROW_ASSIGN_OR_RAISE(const auto names, fs_.List(replaced));
  for (const std::string& name : names) {
    ARROW_ASSIGN_OR_RAISE(record, ReadCommitFile(fs_, RunDirectory(replaced / name, intent_)));
    if (IsRecordOf(record, intent_)) return record;
  }
  return std::nullopt;
}

/// Only the rename takes the run's directory out of an epoch and leaves `_intent.json` there. Where
/// the table has later commits alone, this one was published, and its record went with the table
/// that another run replaced since.
arrow::Result<std::optional<CommitRecord>> Publication::RecordOfReplaced(
    const TableContent& table) const {
  if (table.sequence() <= intent_.sequence) return std::nullopt;
  const fs::path epoch = StagedTable().parent_path();
  ARROW_ASSIGN_OR_RAISE(const auto staged, fs_.Stat(RunDirectory(StagedTable(), intent_)));
  ARROW_ASSIGN_OR_RAISE(const auto decided, fs_.Stat(epoch / kIntentFile));
  if (staged.has_value() || !decided.has_value()) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(const auto sequences,
                        SequencesOf(fs_, PublishedTable(intent_), table.names));
  if (sequences.contains(intent_.sequence)) return std::nullopt;
  const bool append = intent_.mode == WriteMode::kAppend;
  ARROW_ASSIGN_OR_RAISE(const auto left, fs_.Stat(append ? StagedTable() : epoch));
  const auto renamed = left.has_value() ? left->modified : decided->modified;
  return CommitRecord{.intent = intent_, .committed_at = UtcSeconds(renamed)};
}

arrow::Result<int64_t> Publication::SequenceNow(const TableContent& table) const {
  if (!table.names.empty()) return table.sequence();
  // The plan saw no table either, whatever a process of this run whose journal is lost put aside.
  if (intent_.sequence == 1) return 0;
  // Without an exchange the old table is moved away first. A crash in between leaves it there,
  // under this run's name.
  const fs::path replaced = layout_.ReplacedTable(intent_.table);
  ARROW_ASSIGN_OR_RAISE(const auto names, fs_.List(replaced));
  const auto mine = std::ranges::find_if(names, [&](const std::string& name) {
    const auto parsed = ReplacedName::Parse(name);
    return parsed.has_value() && parsed->run == PercentEncode(intent_.run);
  });
  if (mine == names.end()) return 0;
  ARROW_ASSIGN_OR_RAISE(const TableContent moved, ReadTableContent(fs_, replaced / *mine));
  return moved.sequence();
}

/// OK if the intent may be carried out. It is void where that can be proved: its files are still in
/// staging, so it was not, and the table has moved on, so it may not be any more; or NotStaged can
/// prove it.
arrow::Status Publication::CheckCommittable(const TableContent& table) const {
  ARROW_RETURN_NOT_OK(CheckNotForeign(fs_, PublishedTable(intent_), table, intent_.mode));
  ARROW_ASSIGN_OR_RAISE(const auto staged, fs_.Stat(RunDirectory(StagedTable(), intent_)));
  if (!staged.has_value()) return NotStaged(table);
  ARROW_ASSIGN_OR_RAISE(const int64_t sequence, SequenceNow(table));
  if (sequence == intent_.sequence - 1) return arrow::Status::OK();
  return Overtaken(sequence);
}

/// The files are neither in staging nor in the table. Void where the table has not come so far, or
/// another commit has this one's number. A table that has only later commits may have replaced this
/// one, and one that is not there may be on a filesystem that is not mounted: that proves nothing.
arrow::Status Publication::NotStaged(const TableContent& table) const {
  if (table.names.empty()) return Vanished();
  if (table.sequence() < intent_.sequence) {
    return VoidIntentError(intent_, "is not in " + PublishedTable(intent_).string() +
                                        " as this run staged it, and its staged files are gone");
  }
  ARROW_ASSIGN_OR_RAISE(const auto sequences,
                        SequencesOf(fs_, PublishedTable(intent_), table.names));
  if (sequences.contains(intent_.sequence)) return Overtaken(table.sequence());
  return PermanentError(
      "the files that run " + intent_.run + " staged in " + intent_.staging +
          " are gone, and the table " + PublishedTable(intent_).string() +
          " was replaced since, so it cannot be known whether they were published before",
      std::string(kUnknownCommitCode));
}

arrow::Status Publication::Overtaken(int64_t sequence) const {
  const std::string table = PublishedTable(intent_).string();
  const std::string expected = std::to_string(intent_.sequence - 1);
  if (sequence < intent_.sequence - 1) {
    return VoidIntentError(
        intent_,
        "has lost its commit number " + expected + " since this run was planned (" +
            (sequence == 0 ? "it has none now" : "its last one is " + std::to_string(sequence)) +
            "): " + table + " was moved away, removed or put back meanwhile");
  }
  return VoidIntentError(intent_,
                         "has changed since this run was planned: its last commit is number " +
                             std::to_string(sequence) + " where " + expected +
                             " was expected, so another job or run wrote to " + table);
}

arrow::Status Publication::Vanished() const {
  return PermanentError(
      "neither the table " + PublishedTable(intent_).string() + " nor the files that run " +
          intent_.run + " staged for it in " + intent_.staging +
          " are there, so it cannot be known whether they were published. If that "
          "filesystem is not mounted, mount it",
      std::string(kUnknownCommitCode));
}

/// A rename to another filesystem is refused whole: nothing is published, nor can be from there.
arrow::Status Publication::PublishOrVoid(const TableContent& table) {
  arrow::Status status = Publish(table);
  if (CodeOf(status) != "EXDEV") return status;
  const fs::path published = PublishedTable(intent_);
  ARROW_ASSIGN_OR_RAISE(const auto staged, fs_.Stat(RunDirectory(StagedTable(), intent_)));
  ARROW_ASSIGN_OR_RAISE(const auto there, fs_.Stat(published));
  const bool put_aside = !table.names.empty() && !there.has_value();
  if (!staged.has_value() || put_aside) return status;
  return VoidIntentError(intent_, "cannot be published: " + status.message() +
                                      ". What is staged in " + intent_.staging +
                                      " may be removed, then");
}

arrow::Status Publication::Publish(const TableContent& table) {
  switch (intent_.mode) {
    case WriteMode::kAppend:
      return PublishRun(table);
    case WriteMode::kErrorIfExists:
      return PublishNewTable();
    case WriteMode::kReplace:
      return ReplaceTable();
  }
  return BugError("a write mode without a way to publish");
}

arrow::Status Publication::PublishRun(const TableContent& table) {
  ARROW_RETURN_NOT_OK(fs_.CreateDirectories(PublishedTable(intent_)));
  // Before the rename: it holds from the rename on, and what it says is checked by whoever reads
  // it.
  if (table.last().has_value()) {
    ARROW_RETURN_NOT_OK(WriteLastCommit(fs_, PublishedTable(intent_), table.names, intent_));
  }
  arrow::Status status = fs_.RenameNoReplace(RunDirectory(StagedTable(), intent_), intent_.target);
  if (status.ok() || CodeOf(status) != "EEXIST") return status;
  return VoidIntentError(intent_, "has a directory " + intent_.target +
                                      " already, of another job's run with the same id: choose "
                                      "another --run-id for one of them");
}

arrow::Status Publication::PublishNewTable() {
  ARROW_RETURN_NOT_OK(fs_.RemoveIfEmpty(intent_.target));
  arrow::Status status = fs_.RenameNoReplace(StagedTable(), intent_.target);
  if (status.ok() || CodeOf(status) != "EEXIST") return status;
  return VoidIntentError(intent_, "is there already, in " + intent_.target +
                                      ", and `write: error_if_exists` asks that it is not: remove "
                                      "it, or choose write: replace or append");
}

arrow::Status Publication::ReplaceTable() {
  ARROW_ASSIGN_OR_RAISE(const auto there, fs_.Stat(intent_.target));
  if (!there.has_value()) return fs_.RenameNoReplace(StagedTable(), intent_.target);
  ARROW_ASSIGN_OR_RAISE(const bool exchanged, fs_.Exchange(StagedTable(), intent_.target));
  if (exchanged) return arrow::Status::OK();
  ARROW_RETURN_NOT_OK(PutAside(intent_.target));
  return fs_.RenameNoReplace(StagedTable(), intent_.target);
}

arrow::Status Publication::PutAside(const fs::path& old_table) {
  const fs::path folder = layout_.ReplacedTable(intent_.table);
  ReplacedName name = ReplacedName::Now(intent_.run);
  // Cleaners remove empty folders of it under the same lock.
  ARROW_ASSIGN_OR_RAISE(const DirectoryLock staging, LockStaging(fs_, layout_.staging, stop_));
  ARROW_RETURN_NOT_OK(fs_.CreateDirectories(folder));
  arrow::Status moved = fs_.RenameNoReplace(old_table, folder / name.ToString());
  // In the same second a run of another job that goes by the same name has done so.
  for (int names = 1; CodeOf(moved) == "EEXIST" && names < kMostReplacedNames; ++names) {
    ++name.seconds;
    moved = fs_.RenameNoReplace(old_table, folder / name.ToString());
  }
  ARROW_RETURN_NOT_OK(moved);
  ARROW_RETURN_NOT_OK(fs_.SyncDirectory(folder));
  return fs_.SyncDirectory(old_table.parent_path());
}

/// After the rename: makes it durable, puts the replaced table aside, removes staging. Needed again
/// after a crash.
arrow::Status Publication::Finish() {
  ARROW_RETURN_NOT_OK(fs_.SyncDirectory(PublishedTable(intent_).parent_path()));
  if (intent_.mode == WriteMode::kAppend) {
    ARROW_RETURN_NOT_OK(fs_.SyncDirectory(PublishedTable(intent_)));
  }
  ARROW_ASSIGN_OR_RAISE(const auto left, fs_.Stat(StagedTable()));
  // After an exchange the old table lies where the new one was.
  if (left.has_value() && intent_.mode == WriteMode::kReplace) {
    ARROW_RETURN_NOT_OK(PutAside(StagedTable()));
  }
  RemoveStaged();
  return arrow::Status::OK();
}

/// The table is published: what cannot be removed now is left to Clean.
void Publication::RemoveStaged() {
  const fs::path run = layout_.StagedRun(intent_.run);
  const auto ours = IsRun(fs_, run);
  if (!ours.ok()) return;
  if (*ours && !fs_.RemoveAll(layout_.StagedTable(intent_.run, intent_.table)).ok()) return;
  if (!RemoveRunIfUnused(fs_, run).ok()) return;
  (void)RemoveStagingIfUnused(fs_, layout_.staging);
}

}  // namespace headrace
