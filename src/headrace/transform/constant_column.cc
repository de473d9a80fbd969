#include "headrace/transform/constant_column.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/scalar.h>

#include <utility>

namespace headrace {

ConstantColumn::ConstantColumn(std::shared_ptr<arrow::Scalar> value) : value_(std::move(value)) {}

ArrayResult ConstantColumn::OfLength(int64_t length) {
  if (array_ == nullptr || array_->length() < length) {
    ARROW_ASSIGN_OR_RAISE(array_, arrow::MakeArrayFromScalar(*value_, length));
  }
  return array_->Slice(0, length);
}

}  // namespace headrace
