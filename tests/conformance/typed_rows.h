#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

namespace headrace {

/// One batch whose columns have the types of docs/types.md, with their extremes and NULL.
struct TypedRows {
  std::string name;
  std::shared_ptr<arrow::RecordBatch> batch;
};

std::vector<TypedRows> AllTypedRows(bool with_decimal256);

}  // namespace headrace
