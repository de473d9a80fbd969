#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>

#include "headrace/transform/cast_rule.h"

namespace headrace {

/// A column that holds one value in every row. Keeps an array as long as the longest batch so far;
/// batches get slices of it.
class ConstantColumn {
 public:
  explicit ConstantColumn(std::shared_ptr<arrow::Scalar> value);

  ArrayResult OfLength(int64_t length);

 private:
  std::shared_ptr<arrow::Scalar> value_;
  std::shared_ptr<arrow::Array> array_;
};

}  // namespace headrace
