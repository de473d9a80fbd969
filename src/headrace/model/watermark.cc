#include "headrace/model/watermark.h"

#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <charconv>
#include <utility>
#include <variant>

#include "headrace/model/civil_time.h"

namespace headrace {
namespace {

std::optional<int64_t> IntegerOf(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole ? std::optional(value) : std::nullopt;
}

/// The form that IsoTime writes: a T, a time of day, six digits behind the point.
std::string AsIsoTime(std::string_view text) {
  std::string iso(text);
  if (const size_t blank = iso.find(' '); blank != std::string::npos) iso[blank] = 'T';
  if (iso.find('T') == std::string::npos) iso += "T00:00:00";
  constexpr size_t kFractionDigits = 6;
  const size_t point = iso.find('.');
  if (point == std::string::npos || point + 1 == iso.size()) return iso;
  const size_t digits = iso.size() - point - 1;
  if (digits < kFractionDigits) iso.append(kFractionDigits - digits, '0');
  return iso;
}

std::optional<int64_t> TimeOf(const arrow::DataType& type, std::string_view text) {
  if (HasTimeZone(type) && text.ends_with('Z')) text.remove_suffix(1);
  const auto micros = MicrosOfIsoTime(AsIsoTime(text));
  const bool fits = micros && (type.id() != arrow::Type::DATE32 || *micros % kMicrosPerDay == 0);
  return fits ? micros : std::nullopt;
}

const char* ExpectedForm(const arrow::DataType& type) {
  if (!IsTimeType(type)) return "an integer";
  if (type.id() == arrow::Type::DATE32) return "a day as 2024-01-31";
  return HasTimeZone(type) ? "a moment in UTC as 2024-01-31 or 2024-01-31T09:15:00Z"
                           : "a moment without zone as 2024-01-31 or 2024-01-31T09:15:00";
}

}  // namespace

bool HasTimeZone(const arrow::DataType& type) {
  return type.id() == arrow::Type::TIMESTAMP &&
         !static_cast<const arrow::TimestampType&>(type).timezone().empty();
}

bool IsCursorType(const arrow::DataType& type) {
  const bool is_integer = arrow::is_integer(type.id()) && type.id() != arrow::Type::UINT64;
  return is_integer || IsTimeType(type);
}

std::string WatermarkText(const arrow::DataType& type, int64_t value) {
  if (!IsTimeType(type)) return std::to_string(value);
  std::string text = IsoTime(value);
  if (type.id() == arrow::Type::DATE32) text.resize(text.find('T'));
  return HasTimeZone(type) ? text + "Z" : text;
}

arrow::Result<int64_t> ParseWatermark(const arrow::DataType& type, std::string_view text) {
  const auto value = IsTimeType(type) ? TimeOf(type, text) : IntegerOf(text);
  if (value) return *value;
  return UserError("expected " + std::string(ExpectedForm(type)) + ", found '" + std::string(text) +
                   "'");
}

Split CursorSplit(const arrow::DataType& type, std::string column, std::optional<int64_t> lower,
                  std::optional<int64_t> upper) {
  if (IsTimeType(type)) return DateRange{std::move(column), lower, upper, TimeEncoding::kNative};
  return IdRange{std::move(column), lower, upper};
}

Split RowsAbove(const Split& window) {
  if (const auto* range = std::get_if<IdRange>(&window)) {
    return IdRange{range->column, range->upper, std::nullopt};
  }
  const auto& range = std::get<DateRange>(window);
  return DateRange{range.column, range.upper, std::nullopt, range.encoding};
}

}  // namespace headrace
