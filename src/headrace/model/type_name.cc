#include "headrace/model/type_name.h"

#include <arrow/type.h>

#include <array>
#include <charconv>
#include <optional>
#include <string>

namespace headrace {
namespace {

constexpr std::string_view kDecimalPattern = R"(decimal\( *[0-9]{1,2} *, *[0-9]{1,2} *\))";

constexpr std::array<TypeName, 13> kTypeNames = {{
    {"bool", "bool", "true or false"},
    {"int16", "int16", "16-bit signed integer"},
    {"int32", "int32", "32-bit signed integer"},
    {"int64", "int64", "64-bit signed integer"},
    {"float", "float", "32-bit floating point"},
    {"double", "double", "64-bit floating point"},
    {"decimal(p,s)", kDecimalPattern,
     "exact decimal: p digits in all (1 to 76), s of them after the point (0 to p)"},
    {"string", "string", "UTF-8 text"},
    {"bytes", "bytes", "binary"},
    {"date", "date", "calendar date"},
    {"time", "time", "time of day in microseconds"},
    {"timestamp", "timestamp", "date and time in microseconds, without a zone"},
    {"timestamptz", "timestamptz", "instant in microseconds, UTC"},
}};

/// The type of row `row` of kTypeNames; null for decimals, which are parsed.
std::shared_ptr<arrow::DataType> TypeOfRow(size_t row) {
  const std::array<std::shared_ptr<arrow::DataType>, kTypeNames.size()> types = {
      arrow::boolean(),
      arrow::int16(),
      arrow::int32(),
      arrow::int64(),
      arrow::float32(),
      arrow::float64(),
      nullptr,
      arrow::utf8(),
      arrow::binary(),
      arrow::date32(),
      arrow::time64(arrow::TimeUnit::MICRO),
      arrow::timestamp(arrow::TimeUnit::MICRO),
      arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")};
  return types.at(row);
}

std::string_view TrimSpaces(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::optional<int> SmallNumber(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.starts_with('-')) {
    return std::nullopt;
  }
  return value;
}

arrow::Result<std::shared_ptr<arrow::DataType>> DecimalOf(std::string_view text,
                                                          std::string_view arguments) {
  const size_t comma = arguments.find(',');
  const auto precision = SmallNumber(TrimSpaces(arguments.substr(0, comma)));
  const auto scale = comma == std::string_view::npos
                         ? std::nullopt
                         : SmallNumber(TrimSpaces(arguments.substr(comma + 1)));
  if (!precision || !scale) {
    return UserError("type '" + std::string(text) + "': expected decimal(p,s), e.g. decimal(12,2)");
  }
  if (*precision < 1 || *precision > arrow::Decimal256Type::kMaxPrecision || *scale > *precision) {
    return UserError("type '" + std::string(text) +
                     "': decimal(p,s) needs 1 ≤ p ≤ 76 and 0 ≤ s ≤ p");
  }
  if (*precision <= arrow::Decimal128Type::kMaxPrecision) {
    return arrow::decimal128(*precision, *scale);
  }
  return arrow::decimal256(*precision, *scale);
}

std::string ListOfNames() {
  std::string list;
  for (const TypeName& type : kTypeNames) {
    list += (list.empty() ? "" : ", ") + std::string(type.name);
  }
  return list;
}

}  // namespace

std::span<const TypeName> TypeNames() { return kTypeNames; }

arrow::Result<std::shared_ptr<arrow::DataType>> ParseTypeName(std::string_view text) {
  constexpr std::string_view kDecimal = "decimal(";
  if (text.starts_with(kDecimal) && text.ends_with(')')) {
    return DecimalOf(text, text.substr(kDecimal.size(), text.size() - kDecimal.size() - 1));
  }
  for (size_t i = 0; i < kTypeNames.size(); ++i) {
    if (kTypeNames.at(i).name != text) continue;
    if (auto type = TypeOfRow(i)) return type;
  }
  return UserError("unknown type '" + std::string(text) + "': expected one of " + ListOfNames());
}

}  // namespace headrace
