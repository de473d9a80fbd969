#pragma once

#include <filesystem>
#include <memory>

#include "headrace/client/store/durable_fs.h"

namespace headrace {

/// Creates a file for sequential writing. Small writes are gathered, large ones go through; the
/// kernel is told to begin writing back every few MiB, so that the sync at the end finds little
/// left to do.
arrow::Result<std::shared_ptr<DurableOutput>> CreateFileOutput(const std::filesystem::path& path);

}  // namespace headrace
