#include "headrace/destination/parquet/staged_commit.h"

#include <arrow/type.h>

#include <algorithm>
#include <utility>

#include "headrace/destination/decided_commit.h"
#include "headrace/destination/parquet/commit_file.h"
#include "headrace/model/percent_coding.h"
#include "headrace/model/table_ref.h"

namespace headrace {
namespace {

namespace fs = std::filesystem;

/// Removes what an earlier attempt put into `directory` and this one does not publish.
arrow::Status KeepOnly(DurableFs& fs, const fs::path& directory,
                       const std::vector<CommittedFile>& files) {
  ARROW_ASSIGN_OR_RAISE(const auto names, fs.List(directory));
  for (const std::string& name : names) {
    if (!HasFile(files, name)) ARROW_RETURN_NOT_OK(fs.RemoveAll(directory / name));
  }
  return arrow::Status::OK();
}

arrow::Status CheckFile(const DurableFs& fs, const fs::path& path, const CommittedFile& file) {
  ARROW_ASSIGN_OR_RAISE(const auto info, fs.Stat(path));
  if (info.has_value() && info->bytes == file.bytes) return arrow::Status::OK();
  const std::string found =
      info.has_value() ? "holds " + std::to_string(info->bytes) + " bytes" : "is gone";
  return PermanentError("the staged file " + path.string() + " " + found + " where " +
                        std::to_string(file.bytes) +
                        " were sealed: something else wrote to the staging directory. Nothing was "
                        "published; run again");
}

arrow::Status MoveFile(DurableFs& fs, const fs::path& from, const fs::path& to,
                       const CommittedFile& file) {
  ARROW_ASSIGN_OR_RAISE(const auto moved, fs.Stat(to / file.name));
  if (!moved.has_value()) {
    ARROW_RETURN_NOT_OK(CheckFile(fs, from / file.name, file));
    ARROW_RETURN_NOT_OK(fs.RenameNoReplace(from / file.name, to / file.name));
  }
  return CheckFile(fs, to / file.name, file);
}

}  // namespace

std::string FilePrefix(const TableTarget& target) {
  return "part-" + PercentEncode(target.run) + "-" + std::to_string(target.epoch);
}

arrow::Result<CommitIntent> StageCommit(DurableFs& fs, const LakeLayout& layout,
                                        const TableTarget& target, const ParquetFormat& format,
                                        std::span<const Receipt> receipts, int64_t sequence) {
  const fs::path epoch = layout.StagedEpoch(target.run, target.table.directory(), target.epoch);
  const fs::path table = epoch / kPublicationFolder;
  const fs::path directory = table / RunFolder(target.run);
  ARROW_RETURN_NOT_OK(fs.MakeDirectory(table));  // Synced below, with what is moved there.
  ARROW_RETURN_NOT_OK(fs.MakeDirectory(directory));

  std::vector<CommittedFile> files = FilesWithRows(receipts);
  ARROW_RETURN_NOT_OK(KeepOnly(fs, directory, files));
  for (const CommittedFile& file : files) ARROW_RETURN_NOT_OK(MoveFile(fs, epoch, directory, file));
  const bool first_commit = sequence == 1;
  if (files.empty() && (target.mode != WriteMode::kAppend || first_commit)) {
    const fs::path empty = directory / (FilePrefix(target) + "-empty.parquet");
    ARROW_RETURN_NOT_OK(fs.RemoveAll(empty));
    ARROW_ASSIGN_OR_RAISE(files.emplace_back(), WriteEmptyFile(fs, empty, format));
  }

  const fs::path published = layout.Table(target.table.directory());
  const bool is_append = target.mode == WriteMode::kAppend;
  CommitIntent intent =
      DecidedCommit(target, sequence, table,
                    is_append ? published / RunFolder(target.run) : published, std::move(files));
  ARROW_RETURN_NOT_OK(fs.SyncDirectory(directory));
  ARROW_RETURN_NOT_OK(fs.SyncDirectory(table));
  ARROW_RETURN_NOT_OK(
      WriteIntentFile(fs, epoch, intent));  // Syncs `epoch`, the other end of the moves.
  return intent;
}

}  // namespace headrace
