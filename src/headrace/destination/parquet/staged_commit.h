#pragma once

#include <filesystem>
#include <span>

#include "headrace/client/store/durable_fs.h"
#include "headrace/destination/destination.h"
#include "headrace/destination/parquet/lake_layout.h"
#include "headrace/staging/parquet_file.h"

namespace headrace {

/// Begins the names of `target`'s files. They carry the run, so that no two runs have files of one
/// name.
std::string FilePrefix(const TableTarget& target);

/// Lays out in staging what the commit of `receipts` will publish, durably, and decides the intent.
/// Files that no receipt names stay where they are; files without rows are left out, and one with
/// the schema alone is made where a reader would otherwise find no table. May be called again after
/// it failed or died.
arrow::Result<CommitIntent> StageCommit(DurableFs& fs, const LakeLayout& layout,
                                        const TableTarget& target, const ParquetFormat& format,
                                        std::span<const Receipt> receipts, int64_t sequence);

}  // namespace headrace
