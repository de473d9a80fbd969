#pragma once

#include <arrow/type_fwd.h>

namespace headrace {

/// What casts tell apart: which rule applies depends on the kinds, not on widths and units.
enum class ValueKind {
  kBool,
  kInteger,  ///< Signed: no source has others.
  kFloat,
  kDecimal,
  kText,
  kBinary,
  kDate,
  kTime,
  kTimestamp,
  kNested,  ///< Lists, structs, maps.
  kOther,
};

ValueKind KindOf(const arrow::DataType& type);

}  // namespace headrace
