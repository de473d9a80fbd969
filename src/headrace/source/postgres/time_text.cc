#include "headrace/source/postgres/time_text.h"

#include <utility>

#include "headrace/model/civil_time.h"
#include "headrace/model/text_front.h"

namespace headrace {
namespace {

/// More than the server writes, and less than an int holds.
constexpr size_t kMostDigits = 9;

bool Read(TextFront& front, int& number) { return front.Digits(1, kMostDigits, number); }

/// `.5` as 500000.
bool ReadFraction(TextFront& front, int& micros) {
  constexpr size_t kMicroDigits = 6;
  const size_t before = front.size();
  if (!front.Digits(1, kMicroDigits, micros)) return false;
  for (size_t digits = before - front.size(); digits < kMicroDigits; ++digits) micros *= 10;
  return true;
}

bool ReadDate(TextFront& front, CivilTime& time) {
  return front.Digits(1, kMostDigits, time.year) && front.Skip("-") && Read(front, time.month) &&
         front.Skip("-") && Read(front, time.day);
}

bool ReadClock(TextFront& front, CivilTime& time) {
  const bool is_date = front.AtEnd() || front.IsAt(" BC");
  if (is_date) return true;
  if (!front.Skip(" ")) return false;
  const bool is_clock = Read(front, time.hour) && front.Skip(":") && Read(front, time.minute) &&
                        front.Skip(":") && Read(front, time.second);
  return is_clock && (!front.Skip(".") || ReadFraction(front, time.micros));
}

/// `+05`, `-03:30`, `+00:19:32`: what is taken away gives UTC.
bool ReadZone(TextFront& front, CivilTime& time) {
  const int sign = front.Skip("+") ? 1 : front.Skip("-") ? -1 : 0;
  if (sign == 0) return true;
  int hours = 0;
  int minutes = 0;
  int seconds = 0;
  if (!Read(front, hours)) return false;
  if (front.Skip(":") && !Read(front, minutes)) return false;
  if (front.Skip(":") && !Read(front, seconds)) return false;
  time.hour -= sign * hours;
  time.minute -= sign * minutes;
  time.second -= sign * seconds;
  return true;
}

}  // namespace

std::optional<int64_t> MicrosOfTimeText(std::string_view text) {
  if (text == "-infinity") return kFarPast;
  if (text == "infinity") return kFarFuture;
  TextFront front(text);
  CivilTime time;
  if (!ReadDate(front, time) || !ReadClock(front, time) || !ReadZone(front, time)) {
    return std::nullopt;
  }
  if (front.Skip(" BC")) time.year = 1 - time.year;
  if (!front.AtEnd() || time.month < 1 || time.month > 12) return std::nullopt;
  return MicrosOf(time).value_or(time.year < 0 ? kFarPast : kFarFuture);
}

std::vector<int64_t> ParseTimeArray(std::string_view text) {
  std::vector<int64_t> times;
  if (text.size() < 3 || text.front() != '{' || text.back() != '}') return times;
  text = text.substr(1, text.size() - 2);
  while (true) {
    const size_t comma = text.find(',');
    std::string_view element = text.substr(0, comma);
    if (element.size() >= 2 && element.front() == '"' && element.back() == '"') {
      element = element.substr(1, element.size() - 2);
    }
    const auto time = MicrosOfTimeText(element);
    if (!time) return {};
    times.push_back(*time);
    if (comma == std::string_view::npos) return times;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace headrace
