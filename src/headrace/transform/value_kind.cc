#include "headrace/transform/value_kind.h"

#include <arrow/type.h>
#include <arrow/type_traits.h>

namespace headrace {

ValueKind KindOf(const arrow::DataType& type) {
  const arrow::Type::type id = type.id();
  if (id == arrow::Type::BOOL) return ValueKind::kBool;
  if (arrow::is_signed_integer(id)) return ValueKind::kInteger;
  if (arrow::is_floating(id)) return ValueKind::kFloat;
  if (arrow::is_decimal(id)) return ValueKind::kDecimal;
  if (arrow::is_string(id)) return ValueKind::kText;
  if (arrow::is_base_binary_like(id)) return ValueKind::kBinary;
  if (id == arrow::Type::DATE32) return ValueKind::kDate;
  if (arrow::is_time(id)) return ValueKind::kTime;
  if (id == arrow::Type::TIMESTAMP) return ValueKind::kTimestamp;
  return arrow::is_nested(id) ? ValueKind::kNested : ValueKind::kOther;
}

}  // namespace headrace
