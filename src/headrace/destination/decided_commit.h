#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "headrace/client/store/file_store.h"
#include "headrace/destination/destination.h"
#include "headrace/model/commit.h"
#include "headrace/model/receipt.h"
#include "headrace/staging/parquet_file.h"

/// What deciding a commit is for every destination that stages files.
namespace headrace {

/// The files of `receipts` that are published: those with rows.
std::vector<CommittedFile> FilesWithRows(std::span<const Receipt> receipts);

/// Writes `path`, a file that has the schema and no rows. It must not be there.
arrow::Result<CommittedFile> WriteEmptyFile(FileStore& store, const std::filesystem::path& path,
                                            const ParquetFormat& format);

/// The commit of `files`, which lie in `staging` and come to `place`.
CommitIntent DecidedCommit(const TableTarget& target, int64_t sequence, std::string staging,
                           std::string place, std::vector<CommittedFile> files);

/// Whether `record` is of the job, and says how far `cursor` has come.
bool IsOfCursor(const CommitRecord& record, const std::string& job, const std::string& cursor);

}  // namespace headrace
