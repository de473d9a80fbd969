#pragma once

#include <filesystem>
#include <stop_token>
#include <string_view>

#include "headrace/client/store/durable_fs.h"
#include "headrace/destination/parquet/lake_layout.h"

namespace headrace {

/// One name for all processes: the lake is locked while it is there.
inline constexpr std::string_view kProbeFile = ".headrace-probe";

/// Tries what a run needs before there is one: makes the lake and staging, writes a file in staging
/// and moves it to the lake, and leaves nothing behind; what an earlier one left that died is
/// removed. Errors of class user: no rights, read-only, not the same filesystem, somebody else's
/// files in staging; kInterruptedCode where
/// a lock is waited for and `stop` stopped.
arrow::Status CheckLake(DurableFs& fs, const LakeLayout& layout, const std::stop_token& stop);

/// The same from the directory in which a run is staged, which is there.
arrow::Status ProbeLake(DurableFs& fs, const std::filesystem::path& lake,
                        const std::filesystem::path& staged_run, const std::stop_token& stop);

}  // namespace headrace
