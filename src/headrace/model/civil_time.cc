#include "headrace/model/civil_time.h"

#include <arrow/type.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include "headrace/model/text_front.h"

namespace headrace {
namespace {

constexpr int64_t kDaysPerEra = 146'097;  // 400 years
constexpr int64_t kYearsPerEra = 400;
constexpr int64_t kDaysBefore1970 = 719'468;  // Since 0000-03-01, where an era begins.

void SetDate(int64_t days_since_1970, CivilTime& time) {
  const int64_t days = days_since_1970 + kDaysBefore1970;
  const int64_t era = FloorDivide(days, kDaysPerEra);
  const int64_t day_of_era = days - era * kDaysPerEra;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const auto march_month = static_cast<int>((5 * day_of_year + 2) / 153);
  time.day = static_cast<int>(day_of_year) - (153 * march_month + 2) / 5 + 1;
  time.month = march_month < 10 ? march_month + 3 : march_month - 9;
  time.year = year_of_era + era * kYearsPerEra + (time.month <= 2 ? 1 : 0);
}

std::string FractionText(const CivilTime& time) {
  if (time.micros == 0) return "";
  std::string text = ".";
  AppendDigits(time.micros, 6, text);
  return text;
}

bool ReadYear(TextFront& reader, int64_t& year) {
  constexpr size_t kMostDigits = 6;
  if (reader.Skip("-")) {
    const bool is_year = reader.Digits(4, kMostDigits, year);
    year = -year;
    return is_year;
  }
  return reader.Skip("+") ? reader.Digits(4, kMostDigits, year) : reader.Digits(4, 4, year);
}

struct TimeEncodingRow {
  TimeEncoding encoding;
  std::string_view name;
  int64_t micros;  ///< Per number.
};

constexpr std::array<TimeEncodingRow, 6> kTimeEncodings = {
    {{TimeEncoding::kNative, "native", 0},
     {TimeEncoding::kText, "text", 0},
     {TimeEncoding::kTextT, "text_t", 0},
     {TimeEncoding::kSeconds, "epoch_s", kMicrosPerSecond},
     {TimeEncoding::kMillis, "epoch_ms", 1'000},
     {TimeEncoding::kMicros, "epoch_us", 1}}};

const TimeEncodingRow& RowOf(TimeEncoding encoding) {
  return kTimeEncodings.at(static_cast<size_t>(encoding));
}

}  // namespace

/// Years begin in March, so that the leap day is a year's last. Howard Hinnant,
/// "chrono-Compatible Low-Level Date Algorithms", days_from_civil and civil_from_days.
int64_t DaysOf(int64_t year, int month, int day) {
  const int64_t march_year = year - (month <= 2 ? 1 : 0);
  const int64_t era = FloorDivide(march_year, kYearsPerEra);
  const int64_t year_of_era = march_year - era * kYearsPerEra;
  const int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * kDaysPerEra + day_of_era - kDaysBefore1970;
}

std::string_view TimeEncodingName(TimeEncoding encoding) { return RowOf(encoding).name; }

std::optional<TimeEncoding> TimeEncodingOfName(std::string_view name) {
  const auto found = std::ranges::find(kTimeEncodings, name, &TimeEncodingRow::name);
  return found == kTimeEncodings.end() ? std::nullopt : std::optional(found->encoding);
}

int64_t MicrosPerNumber(TimeEncoding encoding) { return RowOf(encoding).micros; }

int64_t FirstNumberFrom(int64_t micros, TimeEncoding encoding) {
  const int64_t unit = MicrosPerNumber(encoding);
  return FloorDivide(micros, unit) + (micros % unit == 0 ? 0 : 1);
}

bool IsTimeType(const arrow::DataType& type) {
  return type.id() == arrow::Type::DATE32 || type.id() == arrow::Type::TIMESTAMP;
}

int64_t FloorDivide(int64_t value, int64_t by) { return value / by - (value % by < 0 ? 1 : 0); }

int64_t FloorRemainder(int64_t value, int64_t by) {
  const int64_t remainder = value % by;
  return remainder < 0 ? remainder + by : remainder;
}

CivilTime CivilTimeOfSeconds(int64_t seconds) {
  constexpr int64_t kSecondsPerDay = kMicrosPerDay / kMicrosPerSecond;
  CivilTime time;
  SetDate(FloorDivide(seconds, kSecondsPerDay), time);
  const auto of_day = static_cast<int>(FloorRemainder(seconds, kSecondsPerDay));
  time.hour = of_day / 3600;
  time.minute = of_day / 60 % 60;
  time.second = of_day % 60;
  return time;
}

CivilTime CivilTimeOf(int64_t micros) {
  CivilTime time = CivilTimeOfSeconds(FloorDivide(micros, kMicrosPerSecond));
  time.micros = static_cast<int>(FloorRemainder(micros, kMicrosPerSecond));
  return time;
}

void AppendDigits(int64_t value, size_t width, std::string& text) {
  std::array<char, 20> digits;
  const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  const auto count = static_cast<size_t>(end - digits.data());
  if (count < width) text.append(width - count, '0');
  text.append(digits.data(), count);
}

void AppendDate(const CivilTime& time, std::string& text) {
  constexpr int64_t kLastPlainYear = 9999;
  if (time.year < 0) text += '-';
  if (time.year > kLastPlainYear) text += '+';
  AppendDigits(std::abs(time.year), 4, text);
  text += '-';
  AppendDigits(time.month, 2, text);
  text += '-';
  AppendDigits(time.day, 2, text);
}

void AppendTimeOfDay(const CivilTime& time, std::string& text) {
  AppendDigits(time.hour, 2, text);
  text += ':';
  AppendDigits(time.minute, 2, text);
  text += ':';
  AppendDigits(time.second, 2, text);
}

std::optional<int64_t> MicrosOf(const CivilTime& time) {
  const int64_t of_day =
      (time.hour * int64_t{3600} + time.minute * int64_t{60} + time.second) * kMicrosPerSecond +
      time.micros;
  // The first day that int64 reaches begins before it: days before 1970 are counted from their end.
  const int64_t days = DaysOf(time.year, time.month, time.day);
  const int64_t back = days < 0 ? 1 : 0;
  int64_t micros = 0;
  if (__builtin_mul_overflow(days + back, kMicrosPerDay, &micros) ||
      __builtin_add_overflow(micros, of_day - back * kMicrosPerDay, &micros)) {
    return std::nullopt;
  }
  return micros;
}

std::string IsoTime(int64_t micros) {
  const CivilTime time = CivilTimeOf(micros);
  std::string text;
  AppendDate(time, text);
  text += 'T';
  AppendTimeOfDay(time, text);
  return text + FractionText(time);
}

std::optional<int64_t> MicrosOfIsoTime(std::string_view text) {
  TextFront reader(text);
  CivilTime time;
  const bool is_time =
      ReadYear(reader, time.year) && reader.Skip("-") && reader.Digits(2, 2, time.month) &&
      reader.Skip("-") && reader.Digits(2, 2, time.day) && reader.Skip("T") &&
      reader.Digits(2, 2, time.hour) && reader.Skip(":") && reader.Digits(2, 2, time.minute) &&
      reader.Skip(":") && reader.Digits(2, 2, time.second) &&
      (reader.AtEnd() || (reader.Skip(".") && reader.Digits(6, 6, time.micros))) && reader.AtEnd();
  if (!is_time || time.month < 1 || time.month > 12) return std::nullopt;
  const auto micros = MicrosOf(time);
  // What the calendar does not know comes back as another day: February 30, an hour 24.
  if (!micros) return std::nullopt;
  const CivilTime back = CivilTimeOf(*micros);
  const bool exists = back.month == time.month && back.day == time.day && back.hour == time.hour &&
                      back.minute == time.minute && back.second == time.second;
  return exists ? micros : std::nullopt;
}

std::string ShortTime(int64_t micros) {
  const CivilTime time = CivilTimeOf(micros);
  std::string text;
  AppendDate(time, text);
  if (time.hour == 0 && time.minute == 0 && time.second == 0 && time.micros == 0) return text;
  text += ' ';
  AppendTimeOfDay(time, text);
  if (time.second == 0 && time.micros == 0) return text.substr(0, text.rfind(':'));
  return text + FractionText(time);
}

}  // namespace headrace
