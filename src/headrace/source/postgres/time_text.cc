#include "headrace/source/postgres/time_text.h"

#include <charconv>
#include <utility>

#include "headrace/model/civil_time.h"

namespace headrace {
namespace {

/// Takes text apart from its front; what is not there is left alone.
class Front {
 public:
  explicit Front(std::string_view text) : rest_(text) {}

  bool Skip(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  template <typename Number>
  bool Read(Number& number) {
    const bool is_digit = !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9';
    if (!is_digit) return false;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), number);
    if (error != std::errc()) return false;
    rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
    return true;
  }

  /// `.5` as 500000.
  bool ReadFraction(int& micros) {
    const size_t before = rest_.size();
    if (!Read(micros)) return false;
    size_t digits = before - rest_.size();
    for (; digits < 6; ++digits) micros *= 10;
    return digits == 6;
  }

  bool IsAt(std::string_view text) const { return rest_.starts_with(text); }
  bool AtEnd() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

bool ReadDate(Front& front, CivilTime& time) {
  return front.Read(time.year) && front.Skip("-") && front.Read(time.month) && front.Skip("-") &&
         front.Read(time.day);
}

bool ReadClock(Front& front, CivilTime& time) {
  const bool is_date = front.AtEnd() || front.IsAt(" BC");
  if (is_date) return true;
  if (!front.Skip(" ")) return false;
  const bool is_clock = front.Read(time.hour) && front.Skip(":") && front.Read(time.minute) &&
                        front.Skip(":") && front.Read(time.second);
  return is_clock && (!front.Skip(".") || front.ReadFraction(time.micros));
}

/// `+05`, `-03:30`, `+00:19:32`: what is taken away gives UTC.
bool ReadZone(Front& front, CivilTime& time) {
  const int sign = front.Skip("+") ? 1 : front.Skip("-") ? -1 : 0;
  if (sign == 0) return true;
  int hours = 0;
  int minutes = 0;
  int seconds = 0;
  if (!front.Read(hours)) return false;
  if (front.Skip(":") && !front.Read(minutes)) return false;
  if (front.Skip(":") && !front.Read(seconds)) return false;
  time.hour -= sign * hours;
  time.minute -= sign * minutes;
  time.second -= sign * seconds;
  return true;
}

}  // namespace

std::optional<int64_t> MicrosOfTimeText(std::string_view text) {
  if (text == "-infinity") return kFarPast;
  if (text == "infinity") return kFarFuture;
  Front front(text);
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
