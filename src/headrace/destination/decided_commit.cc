#include "headrace/destination/decided_commit.h"

#include <utility>

namespace headrace {

std::vector<CommittedFile> FilesWithRows(std::span<const Receipt> receipts) {
  std::vector<CommittedFile> files;
  for (const Receipt& receipt : receipts) {
    for (const ReceiptFile& file : receipt.files) {
      if (file.rows == 0) continue;
      files.push_back({file.name, file.bytes, file.rows, file.checksum, file.digest});
    }
  }
  return files;
}

arrow::Result<CommittedFile> WriteEmptyFile(FileStore& store, const std::filesystem::path& path,
                                            const ParquetFormat& format) {
  ARROW_ASSIGN_OR_RAISE(const auto file, CreateParquetFile(store, path, format));
  ARROW_ASSIGN_OR_RAISE(const ParquetFile::Sealed sealed, file->Seal());
  return CommittedFile{.name = path.filename(),
                       .bytes = sealed.bytes,
                       .rows = 0,
                       .checksum = {},
                       .digest = sealed.digest};
}

CommitIntent DecidedCommit(const TableTarget& target, int64_t sequence, std::string staging,
                           std::string place, std::vector<CommittedFile> files) {
  CommitIntent intent{.job = target.job,
                      .run = target.run,
                      .table = target.table.directory(),
                      .label = target.table.label(),
                      .epoch = target.epoch,
                      .mode = target.mode,
                      .sequence = sequence,
                      .staging = std::move(staging),
                      .target = std::move(place),
                      .schema = CommittedFields(*target.schema),
                      .digest = ReceiptsDigest(files),
                      .cursor_column = target.cursor_column,
                      .watermark = target.watermark,
                      .cursor_timezone = target.cursor_timezone,
                      .where_digest = target.where_digest,
                      .window = target.window,
                      .files = std::move(files),
                      .rows = 0,
                      .checksum = {}};
  for (const CommittedFile& file : intent.files) {
    intent.rows += file.rows;
    intent.checksum += file.checksum;
  }
  return intent;
}

bool IsOfCursor(const CommitRecord& record, const std::string& job, const std::string& cursor) {
  return record.intent.job == job && record.intent.cursor_column == cursor;
}

}  // namespace headrace
