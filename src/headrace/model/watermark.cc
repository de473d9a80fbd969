#include "headrace/model/watermark.h"

#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <charconv>
#include <limits>
#include <utility>
#include <variant>

#include "headrace/model/civil_time.h"
#include "headrace/model/text_front.h"

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

/// Reads `02:00`, `0200` or `02` as minutes.
std::optional<int64_t> MinutesOfOffset(std::string_view text) {
  constexpr int64_t kMostHours = 15;  // PostgreSQL's.
  constexpr int64_t kMinutes = 60;
  TextFront front(text);
  int64_t hours = 0;
  int64_t minutes = 0;
  if (front.Digits(4, 4, hours)) {
    minutes = hours % 100;
    hours /= 100;
  } else if (!front.Digits(2, 2, hours) || (front.Skip(":") && !front.Digits(2, 2, minutes))) {
    return std::nullopt;
  }
  if (!front.AtEnd() || hours > kMostHours || minutes >= kMinutes) return std::nullopt;
  return hours * kMinutes + minutes;
}

/// Takes the Z or the offset off a moment's end; how far it is east of UTC, in microseconds.
std::optional<int64_t> TakeOffset(std::string_view& text) {
  const size_t time = text.find_first_of("T ");
  const size_t sign = time == std::string_view::npos ? time : text.find_first_of("+-", time);
  if (sign == std::string_view::npos) {
    if (text.ends_with('Z')) text.remove_suffix(1);
    return 0;
  }
  const auto minutes = MinutesOfOffset(text.substr(sign + 1));
  if (!minutes) return std::nullopt;
  const int64_t micros = *minutes * 60 * kMicrosPerSecond;
  const bool is_west = text[sign] == '-';
  text = text.substr(0, sign);
  return is_west ? -micros : micros;
}

std::optional<int64_t> TimeOf(const arrow::DataType& type, std::string_view text) {
  const auto offset = HasTimeZone(type) ? TakeOffset(text) : std::optional<int64_t>(0);
  const auto micros = MicrosOfIsoTime(AsIsoTime(text));
  int64_t value = 0;
  if (!offset || !micros || __builtin_sub_overflow(*micros, *offset, &value)) return std::nullopt;
  const bool fits = type.id() != arrow::Type::DATE32 || value % kMicrosPerDay == 0;
  return fits ? std::optional(value) : std::nullopt;
}

/// The least and the greatest value of an integer type; of others those of int64.
std::pair<int64_t, int64_t> RangeOf(const arrow::DataType& type) {
  constexpr int kInt64Bits = 64;
  const int bits = arrow::is_integer(type.id()) ? arrow::bit_width(type.id()) : kInt64Bits;
  if (arrow::is_unsigned_integer(type.id()) && bits < kInt64Bits) {
    return {0, (int64_t{1} << bits) - 1};
  }
  const int64_t greatest = std::numeric_limits<int64_t>::max() >> (kInt64Bits - bits);
  return {-greatest - 1, greatest};
}

const char* ExpectedForm(const arrow::DataType& type) {
  if (!IsTimeType(type)) return "an integer";
  if (type.id() == arrow::Type::DATE32) return "a day as 2024-01-31";
  return HasTimeZone(type) ? "a moment as 2024-01-31T09:15:00Z or 2024-01-31T09:15:00+02:00, or a "
                             "day in UTC as 2024-01-31"
                           : "a moment without zone as 2024-01-31 or 2024-01-31T09:15:00";
}

}  // namespace

std::string AboutLastNumber(const std::string& column) {
  const std::string last = std::to_string(kLastNumber);
  return "a row has " + last + " in \"" + column +
         "\", the greatest number that there is, behind which no window can end: it is never "
         "loaded. Give it a lower number, or leave it to a full load of its own, with where: '\"" +
         column + "\" = " + last + "'";
}

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

arrow::Result<int64_t> ParseCursorValue(const arrow::DataType& type, std::string_view text) {
  ARROW_ASSIGN_OR_RAISE(const int64_t value, ParseWatermark(type, text));
  const auto [least, greatest] = RangeOf(type);
  if (value >= least && value <= greatest) return value;
  return UserError("expected an integer from " + std::to_string(least) + " to " +
                   std::to_string(greatest) + ", found '" + std::string(text) + "'");
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
