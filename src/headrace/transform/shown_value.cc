#include "headrace/transform/shown_value.h"

#include <arrow/array.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include "headrace/model/civil_time.h"
#include "headrace/transform/cast_rule.h"

namespace headrace {

std::string ShownValue(const arrow::Array& values, int64_t row) {
  if (IsTimeType(*values.type()) && !values.IsNull(row)) {
    const auto text = CastDateToText(*values.Slice(row, 1), arrow::utf8());
    if (text.ok()) return static_cast<const arrow::StringArray&>(**text).GetString(0);
  }
  const auto scalar = values.GetScalar(row);
  return scalar.ok() ? (*scalar)->ToString() : "?";
}

}  // namespace headrace
