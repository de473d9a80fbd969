#include "headrace/transform/text_bound.h"

#include <arrow/array/data.h>
#include <arrow/type.h>

#include <algorithm>
#include <string>

#include "headrace/transform/value_kind.h"

namespace headrace {
namespace {

/// What stands around a value in JSON: quotes or brackets, and the comma behind it. As much as
/// `null,` has, with what `true` and numbers need less.
constexpr int64_t kAroundValue = 5;

/// `\u0001`, of one byte.
constexpr int64_t kEscapedByte = 6;

/// U+FFFD, for a byte that is not UTF-8.
constexpr int64_t kReplacedByte = 3;

/// Quotes and colon; a comma is counted with the value.
constexpr int64_t kAroundName = 3;

/// Sign, point, and a zero before it.
constexpr int64_t kAroundDigits = 3;

/// The longest text of a value without children; texts have none.
int64_t LongestText(const arrow::DataType& type) {
  constexpr int64_t kLongestOfOthers = 64;
  switch (KindOf(type)) {
    case ValueKind::kBool:
      return 5;
    case ValueKind::kInteger:
      return 20;
    case ValueKind::kFloat:
      return 32;
    case ValueKind::kDecimal: {
      const auto& decimal = static_cast<const arrow::DecimalType&>(type);
      return std::max(decimal.precision(), decimal.scale()) + kAroundDigits;
    }
    case ValueKind::kDate:
      return 16;
    case ValueKind::kTime:
      return 24;
    case ValueKind::kText:
    case ValueKind::kBinary:
      return 0;
    default:
      return kLongestOfOthers;
  }
}

int64_t NameBytes(const std::string& name) {
  int64_t bytes = kAroundName;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool escaped = byte < ' ' || byte == '"' || byte == '\\';
    bytes += escaped ? kEscapedByte : byte < 0x80 ? 1 : kReplacedByte;
  }
  return bytes;
}

int64_t StructBytes(const ArrayRange& structs) {
  const arrow::DataType& type = *structs.data->type;
  int64_t bytes = 0;
  for (int f = 0; f < type.num_fields(); ++f) {
    bytes += structs.count * NameBytes(type.field(f)->name());
    bytes += MostTextBytes(FieldOf(structs, f));
  }
  return bytes;
}

}  // namespace

int64_t MostTextBytes(const ArrayRange& values) {
  const arrow::DataType& type = *values.data->type;
  const int64_t around = values.count * kAroundValue;
  switch (KindOf(type)) {
    case ValueKind::kText:
    case ValueKind::kBinary:
      return around + kEscapedByte * TextBytesOf(values);
    case ValueKind::kNested:
      return around + (type.id() == arrow::Type::STRUCT ? StructBytes(values)
                                                        : MostTextBytes(ElementsOf(values)));
    default:
      return around + values.count * LongestText(type);
  }
}

}  // namespace headrace
