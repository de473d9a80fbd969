#include "headrace/transform/text_value.h"

#include <arrow/type.h>
#include <arrow/util/value_parsing.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "headrace/model/civil_time.h"

namespace headrace {
namespace {

/// The number that all of `digits` write.
std::optional<int> NumberOfDigits(std::string_view digits) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  int number = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || !std::ranges::all_of(digits, is_digit) || parsed.ec != std::errc()) {
    return std::nullopt;
  }
  return number;
}

/// Takes the year off the front of `text`: four digits, and more behind a sign.
std::optional<int> TakeYear(std::string_view& text) {
  constexpr size_t kDigits = 4;
  const bool is_negative = text.starts_with('-');
  const bool has_sign = is_negative || text.starts_with('+');
  if (has_sign) text.remove_prefix(1);
  const size_t digits = std::min(text.find('-'), text.size());
  if (digits < kDigits || (digits > kDigits && !has_sign)) return std::nullopt;
  const std::optional<int> year = NumberOfDigits(text.substr(0, digits));
  text.remove_prefix(digits);
  return year.has_value() && is_negative ? -*year : year;
}

bool IsMidnight(std::string_view text) {
  constexpr std::string_view kMidnight = "00:00:00";
  if (!text.starts_with(kMidnight)) return false;
  text.remove_prefix(kMidnight.size());
  if (text.empty()) return true;
  return text.size() > 1 && text.starts_with('.') &&
         text.find_first_not_of('0', 1) == std::string_view::npos;
}

}  // namespace

std::optional<int32_t> DateOfText(std::string_view text) {
  constexpr size_t kMonthAndDay = 6;  // -01-31
  constexpr int64_t kSecondsPerDay = 86'400;
  const std::optional<int> year = TakeYear(text);
  if (!year || text.size() < kMonthAndDay || text[0] != '-' || text[3] != '-') return std::nullopt;
  const std::optional<int> month = NumberOfDigits(text.substr(1, 2));
  const std::optional<int> day = NumberOfDigits(text.substr(4, 2));
  text.remove_prefix(kMonthAndDay);
  const bool has_time = text.starts_with(' ') || text.starts_with('T');
  if (!month || *month < 1 || *month > 12 || !day || *day < 1) return std::nullopt;
  if (!text.empty() && !(has_time && IsMidnight(text.substr(1)))) return std::nullopt;
  const int64_t days = DaysOf(*year, *month, *day);
  const bool is_there = CivilTimeOfSeconds(days * kSecondsPerDay).day == *day;
  if (!is_there || !std::in_range<int32_t>(days)) return std::nullopt;
  return static_cast<int32_t>(days);
}

std::optional<bool> BoolOfText(std::string_view text) {
  if (text == "t" || text == "f") return text == "t";
  bool value = false;
  if (!arrow::internal::ParseValue<arrow::BooleanType>(text.data(), text.size(), &value)) {
    return std::nullopt;
  }
  return value;
}

}  // namespace headrace
