#pragma once

#include "headrace/client/store/durable_fs.h"
#include "headrace/destination/parquet/lake_layout.h"

namespace headrace {

/// Tries what a run needs: makes both directories, writes a file in staging and moves it to the
/// lake, and leaves nothing behind. Errors of class user: no rights, read-only, not the same
/// filesystem.
arrow::Status ProbeLake(DurableFs& fs, const LakeLayout& layout);

}  // namespace headrace
