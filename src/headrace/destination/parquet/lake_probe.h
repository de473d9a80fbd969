#pragma once

#include <filesystem>

#include "headrace/client/store/durable_fs.h"

namespace headrace {

/// Tries what a run needs: makes the lake and `staging` (of the layout, or of one run), writes a
/// file in `staging` and moves it to the lake, and leaves nothing behind; what an earlier one left
/// that died is removed. Errors of class user: no rights, read-only, not the same filesystem.
arrow::Status ProbeLake(DurableFs& fs, const std::filesystem::path& lake,
                        const std::filesystem::path& staging);

}  // namespace headrace
