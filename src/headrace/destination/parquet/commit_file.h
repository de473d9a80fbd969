#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "headrace/client/store/durable_fs.h"
#include "headrace/model/commit.h"

namespace headrace {

/// Code of the error that the readers below return where the file could be read and is not what
/// headrace writes.
inline constexpr std::string_view kDamagedFileCode = "damaged_file";

/// Reads `<run_directory>/_commit.json`; nothing if it is not there. Errors of class permanent name
/// the file.
arrow::Result<std::optional<CommitRecord>> ReadCommitFile(
    const DurableFs& fs, const std::filesystem::path& run_directory);

/// Writes `<run_directory>/_commit.json`, durably, with the present time.
arrow::Result<CommitRecord> WriteCommitFile(DurableFs& fs,
                                            const std::filesystem::path& run_directory,
                                            const CommitIntent& intent);

/// Reads `<epoch_directory>/_intent.json`; nothing if it is not there.
arrow::Result<std::optional<CommitIntent>> ReadIntentFile(
    const DurableFs& fs, const std::filesystem::path& epoch_directory);

/// Writes `<epoch_directory>/_intent.json`, durably: `Clean` of another job sees that the staging
/// is still needed.
arrow::Status WriteIntentFile(DurableFs& fs, const std::filesystem::path& epoch_directory,
                              const CommitIntent& intent);

}  // namespace headrace
