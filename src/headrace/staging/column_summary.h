#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <span>
#include <vector>

#include "headrace/model/error.h"
#include "headrace/model/receipt.h"

namespace parquet {
class FileMetaData;
}

namespace headrace {

/// What the statistics in `metadata` say of the top-level columns of `schema`, over all row groups;
/// `nulls` has one number per column. Nested columns, and those with a bound that the footer left
/// out, have no minimum and maximum.
arrow::Result<std::vector<ColumnSummary>> SummariseColumns(const arrow::Schema& schema,
                                                           const parquet::FileMetaData& metadata,
                                                           std::span<const int64_t> nulls);

}  // namespace headrace
