#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "headrace/client/store/durable_fs.h"
#include "headrace/model/commit.h"

namespace headrace {

/// What is found in the records of a table's runs.
struct LastRecord {
  std::optional<CommitRecord> last;     ///< Of those that were wanted, the one with the greatest
                                        ///< sequence.
  std::vector<std::string> unrecorded;  ///< Folders of runs without a record, where every record
                                        ///< was read.
};

/// A table's directory, as one listing of it found it.
struct TableContent {
  std::vector<std::string> names;  ///< Sorted; empty where there is no directory.
  LastRecord found;                ///< Of all records.

  const std::optional<CommitRecord>& last() const { return found.last; }
  int64_t sequence() const { return last().has_value() ? last()->intent.sequence : 0; }
};

/// Reads one commit record where `_last_commit.json` says which, and that of every run where it
/// does not (docs/format/commit.md). Errors of class permanent name the file that cannot be read.
arrow::Result<TableContent> ReadTableContent(const DurableFs& fs,
                                             const std::filesystem::path& table);

/// The last record that `is_wanted` of the runs among `names` in `table`: every record is read.
arrow::Result<LastRecord> FindLastRecord(const DurableFs& fs, const std::filesystem::path& table,
                                         std::span<const std::string> names,
                                         const std::function<bool(const CommitRecord&)>& is_wanted);

/// The records of the runs among `names` in `table`, in the order of their sequences; the folders
/// of those that have none.
struct AllRecords {
  std::vector<CommitRecord> records;
  std::vector<std::string> unrecorded;
};
arrow::Result<AllRecords> ReadRecords(const DurableFs& fs, const std::filesystem::path& table,
                                      std::span<const std::string> names);

/// The sequences of the runs among `names` in `table`: every record is read.
arrow::Result<std::set<int64_t>> SequencesOf(const DurableFs& fs,
                                             const std::filesystem::path& table,
                                             std::span<const std::string> names);

/// The first commit of a table after number `sequence` that did not append; nothing if there is
/// none. What was there before it is gone.
arrow::Result<std::optional<CommitRecord>> ReplacementOf(const DurableFs& fs,
                                                         const std::filesystem::path& table,
                                                         int64_t sequence);

/// Writes `_last_commit.json`, durably, for the moment when the run of `intent` has been published
/// beside those in `names`: until then, and for any other set of runs, it says nothing. Where it
/// cannot be written there is none; an error only where the older one cannot be removed either.
arrow::Status WriteLastCommit(DurableFs& fs, const std::filesystem::path& table,
                              std::span<const std::string> names, const CommitIntent& intent);

/// Whether `path` is a Parquet file, or a folder with one somewhere below: readers of
/// `**/*.parquet` read it.
arrow::Result<bool> HoldsParquet(const DurableFs& fs, const std::filesystem::path& path);

/// Paths of what lies in `table` beside its runs and holds Parquet files; a run is a folder with
/// its own record.
arrow::Result<std::vector<std::string>> ForeignBesideRuns(const DurableFs& fs,
                                                          const std::filesystem::path& table);

/// The first thing that no commit of headrace put into `table`, whose entries are `names`, or into
/// one of its runs' directories, if there is one and it is still there. The record of every run is
/// read.
arrow::Result<std::optional<std::filesystem::path>> FirstForeign(
    const DurableFs& fs, const std::filesystem::path& table, std::span<const std::string> names);

}  // namespace headrace
