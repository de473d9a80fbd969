#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <vector>

#include "headrace/destination/bigquery/table_field.h"

namespace headrace {

/// The Arrow types that hold every value of a table's columns, but for the 77th digit that
/// BIGNUMERIC has of a few: what ListedRowsDecoder reads rows as whose staged types nobody knows
/// any more. Checksums of them are those of the narrower types that were staged.
std::shared_ptr<arrow::Schema> StoredSchema(const std::vector<TableField>& table);

}  // namespace headrace
