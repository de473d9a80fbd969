#include "headrace/model/utc_time.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>

namespace headrace {
namespace {

constexpr std::string_view kPattern = "0000-00-00T00:00:00";
constexpr std::string_view kFraction = ".000000000";
constexpr size_t kMicrosDigits = 6;

/// Digits where `pattern` has a 0, its characters elsewhere.
bool Matches(std::string_view text, std::string_view pattern) {
  if (text.size() != pattern.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_digit = text[i] >= '0' && text[i] <= '9';
    if (pattern[i] == '0' ? !is_digit : text[i] != pattern[i]) return false;
  }
  return true;
}

int NumberAt(std::string_view text, size_t begin, size_t size) {
  int number = 0;
  std::from_chars(text.data() + begin, text.data() + begin + size, number);
  return number;
}

/// Of `.25`, as of nothing; what is below a microsecond is cut off.
int MicrosOfFraction(std::string_view fraction) {
  if (fraction.empty()) return 0;
  std::string digits(fraction.substr(1, kMicrosDigits));
  digits.resize(kMicrosDigits, '0');
  return NumberAt(digits, 0, kMicrosDigits);
}

/// Without a zone.
std::string TextOfSecond(std::chrono::sys_seconds second) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(second);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc)};
}

}  // namespace

std::string UtcSeconds(std::chrono::system_clock::time_point time) {
  return TextOfSecond(std::chrono::floor<std::chrono::seconds>(time)) + "Z";
}

std::string UtcTime(std::chrono::system_clock::time_point time) {
  const auto micros = std::chrono::floor<std::chrono::microseconds>(time);
  const auto second = std::chrono::floor<std::chrono::seconds>(micros);
  std::array<char, 16> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%06dZ",
                static_cast<int>((micros - second).count()));
  return TextOfSecond(second) + fraction.data();
}

arrow::Result<int64_t> MicrosOfUtcTime(std::string_view text) {
  const std::string_view second = text.substr(0, kPattern.size());
  const std::string_view rest = text.substr(second.size());
  const std::string_view fraction = rest.substr(0, rest.empty() ? 0 : rest.size() - 1);
  const bool has_fraction =
      fraction.size() > 1 && Matches(fraction, kFraction.substr(0, fraction.size()));
  if (!Matches(second, kPattern) || !rest.ends_with('Z') || (!fraction.empty() && !has_fraction)) {
    return PermanentError("\"" + std::string(text) + "\" is no time in UTC");
  }
  const auto day = std::chrono::sys_days{std::chrono::year{NumberAt(text, 0, 4)} /
                                         NumberAt(text, 5, 2) / NumberAt(text, 8, 2)};
  const auto time = day + std::chrono::hours{NumberAt(text, 11, 2)} +
                    std::chrono::minutes{NumberAt(text, 14, 2)} +
                    std::chrono::seconds{NumberAt(text, 17, 2)} +
                    std::chrono::microseconds{MicrosOfFraction(fraction)};
  return std::chrono::microseconds(time.time_since_epoch()).count();
}

}  // namespace headrace
