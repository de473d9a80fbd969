#include "headrace/destination/bigquery/listed_value.h"

#include <arrow/util/base64.h>
#include <arrow/util/decimal.h>

#include <cmath>
#include <limits>
#include <utility>

#include "headrace/model/civil_time.h"
#include "headrace/model/exact_decimal.h"
#include "headrace/model/text_front.h"

namespace headrace {
namespace {

constexpr int64_t kSecondsPerDay = kMicrosPerDay / kMicrosPerSecond;

bool TakeDate(TextFront& front, CivilTime& time) {
  const bool is_written = front.Digits(4, 4, time.year) && front.Skip("-") &&
                          front.Digits(2, 2, time.month) && front.Skip("-") &&
                          front.Digits(2, 2, time.day);
  if (!is_written || time.month < 1 || time.month > 12 || time.day < 1) return false;
  // A day that the month does not have is one of the next.
  const int64_t days = DaysOf(time.year, time.month, time.day);
  return CivilTimeOfSeconds(days * kSecondsPerDay).day == time.day;
}

bool TakeFraction(TextFront& front, int& micros) {
  constexpr size_t kMostDigits = 6;
  if (!front.Skip(".")) return true;
  const size_t before = front.size();
  if (!front.Digits(1, kMostDigits, micros)) return false;
  for (size_t digits = before - front.size(); digits < kMostDigits; ++digits) micros *= 10;
  return true;
}

bool TakeTimeOfDay(TextFront& front, CivilTime& time) {
  return front.Digits(2, 2, time.hour) && front.Skip(":") && front.Digits(2, 2, time.minute) &&
         front.Skip(":") && front.Digits(2, 2, time.second) && TakeFraction(front, time.micros) &&
         time.hour < 24 && time.minute < 60 && time.second < 60;
}

}  // namespace

std::optional<bool> ListedBool(std::string_view text) {
  if (text != "true" && text != "false") return std::nullopt;
  return text == "true";
}

std::optional<double> ListedDouble(std::string_view text) {
  double value = 0;
  const char* begin = text.data();
  const char* end = begin + text.size();
  const auto parsed = std::from_chars(begin, end, value);
  // `nan(…)` is C's, and nobody else's.
  if (parsed.ec != std::errc() || parsed.ptr != end || text.ends_with(')')) return std::nullopt;
  return value;
}

std::optional<float> ListedFloat(std::string_view text) {
  const std::optional<double> wide = ListedDouble(text);
  if (!wide) return std::nullopt;
  if (std::isfinite(*wide) && std::abs(*wide) > std::numeric_limits<float>::max()) {
    return std::nullopt;
  }
  const auto value = static_cast<float>(*wide);
  if (!std::isnan(*wide) && static_cast<double>(value) != *wide) return std::nullopt;
  return value;
}

std::optional<int32_t> ListedDate(std::string_view text) {
  TextFront front(text);
  CivilTime time;
  if (!TakeDate(front, time) || !front.AtEnd()) return std::nullopt;
  return static_cast<int32_t>(DaysOf(time.year, time.month, time.day));
}

std::optional<int64_t> ListedTime(std::string_view text) {
  TextFront front(text);
  CivilTime time;
  if (!TakeTimeOfDay(front, time) || !front.AtEnd()) return std::nullopt;
  return MicrosOf(time);
}

std::optional<int64_t> ListedDatetime(std::string_view text) {
  TextFront front(text);
  CivilTime time;
  const bool is_time = TakeDate(front, time) && front.Skip("T") && TakeTimeOfDay(front, time);
  if (!is_time || !front.AtEnd()) return std::nullopt;
  return MicrosOf(time);
}

std::optional<int64_t> ListedTimestamp(std::string_view text) {
  // So many digits fit int64 whatever they are, and reach beyond the year 9999.
  constexpr DecimalShape kSeconds = {.precision = 18, .scale = 6};
  if (text.find_first_of(".eE") == std::string_view::npos) return ListedInteger<int64_t>(text);
  arrow::Decimal128 micros;
  if (ParseDecimal(text, kSeconds, micros) != DecimalFit::kFits) return std::nullopt;
  return static_cast<int64_t>(NumberOf<Int128>(micros));
}

std::optional<std::string> ListedBytes(std::string_view text) {
  arrow::Result<std::string> bytes = arrow::util::base64_decode(text);
  if (!bytes.ok()) return std::nullopt;
  return std::move(*bytes);
}

}  // namespace headrace
