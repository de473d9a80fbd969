#include "headrace/transform/shown_value.h"

#include <arrow/array.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>

#include "headrace/model/civil_time.h"
#include "headrace/model/json_value_writer.h"
#include "headrace/transform/cast_rule.h"

namespace headrace {
namespace {

/// For Arrow 24:00 and later are "<value out of range: …>".
std::string ShownTimeOfDay(const arrow::Array& values, int64_t row) {
  const auto writer = headrace::MakeJsonWriter(*values.type(), "");
  if (!writer.ok()) return "?";
  std::string quoted;
  (*writer)->Append(*values.data(), values.offset() + row, quoted);
  return quoted.substr(1, quoted.size() - 2);
}

}  // namespace

std::string ShownValue(const arrow::Array& values, int64_t row) {
  if (IsTimeType(*values.type()) && !values.IsNull(row)) {
    const auto text = CastDateToText(*values.Slice(row, 1), arrow::utf8());
    if (text.ok()) return static_cast<const arrow::StringArray&>(**text).GetString(0);
  }
  if (arrow::is_time(values.type_id()) && !values.IsNull(row)) return ShownTimeOfDay(values, row);
  const auto scalar = values.GetScalar(row);
  return scalar.ok() ? (*scalar)->ToString() : "?";
}

}  // namespace headrace
