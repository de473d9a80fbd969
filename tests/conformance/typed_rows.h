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

/// What a destination keeps; columns of what it does not are left out.
struct TypedRowsWanted {
  bool decimal256 = true;     ///< Decimals of more than 38 digits.
  bool null_elements = true;  ///< NULLs within arrays.
  bool bytes = true;          ///< Binary columns.
};

std::vector<TypedRows> AllTypedRows(const TypedRowsWanted& wanted);

}  // namespace headrace
