#pragma once

#include <arrow/type_fwd.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace headrace {

inline constexpr int64_t kMicrosPerSecond = 1'000'000;
inline constexpr int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

/// `value` divided by `by`, which is positive, and rounded down: which day, or other step, a time
/// lies in.
int64_t FloorDivide(int64_t value, int64_t by);

/// What FloorDivide leaves: 0 to `by` - 1. (The product may lie before int64, so this is no
/// subtraction.)
int64_t FloorRemainder(int64_t value, int64_t by);

/// Dates and timestamps: what statistics and ranges know as microseconds since 1970.
bool IsTimeType(const arrow::DataType& type);

/// How a column of the source holds times, and so in which way it compares them.
enum class TimeEncoding {
  kNative,   ///< In the type of the column: a date or a timestamp.
  kText,     ///< `2024-01-01 09:15:00`, as text.
  kTextT,    ///< `2024-01-01T09:15:00`, as text.
  kSeconds,  ///< Numbers since 1970, in UTC.
  kMillis,
  kMicros,
};

/// "native", "text", "text_t", "epoch_s", "epoch_ms", "epoch_us": in the JSON of work units.
std::string_view TimeEncodingName(TimeEncoding encoding);
std::optional<TimeEncoding> TimeEncodingOfName(std::string_view name);

/// Microseconds that 1 in a column of this form stands for; 0 where it holds no numbers.
int64_t MicrosPerNumber(TimeEncoding encoding);

/// The first number of a column of this form, which holds numbers, that stands for no moment before
/// `micros`: at and above it are just the numbers of later moments.
int64_t FirstNumberFrom(int64_t micros, TimeEncoding encoding);

/// A moment on the calendar (proleptic Gregorian, as SQL's), without a zone. The standard library's
/// year ends at 32767; int64 microseconds reach from -290308 to 294247.
struct CivilTime {
  int64_t year = 1970;  ///< Astronomical: 0 is 1 BC.
  int month = 1;
  int day = 1;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int micros = 0;
};

/// The calendar's name of `micros` since 1970. Total: every int64 has one.
CivilTime CivilTimeOf(int64_t micros);

/// The same of seconds since 1970: for units and days that int64 microseconds do not reach.
CivilTime CivilTimeOfSeconds(int64_t seconds);

/// Days since 1970. A day that the month does not have is the day after.
int64_t DaysOf(int64_t year, int month, int day);

/// Microseconds since 1970; nothing where int64 ends before. A day that the month does not have, or
/// an hour 24, is not checked: it is the day, or the hour, after.
std::optional<int64_t> MicrosOf(const CivilTime& time);

/// Appends `2024-01-01`. Years before 0 and after 9999 have a sign: `-0043-03-15`, `+12024-01-01`.
void AppendDate(const CivilTime& time, std::string& text);

/// Appends `09:15:00`; what the second has behind the point is the caller's.
void AppendTimeOfDay(const CivilTime& time, std::string& text);

/// Appends `value`, 0 or more, with zeros in front where it has fewer than `width` digits.
void AppendDigits(int64_t value, size_t width, std::string& text);

/// `2024-01-01T00:00:00`: ISO 8601 without zone; `.000001` follows where the second is not whole.
/// Years as AppendDate writes them.
std::string IsoTime(int64_t micros);

/// Reads IsoTime's form back; nothing for any other text, and for days that do not exist.
std::optional<int64_t> MicrosOfIsoTime(std::string_view text);

/// For people: `2024-01-01`, with `09:15` where it is not midnight, and `:30` or `:30.000001` where
/// the minute is not whole. Years as in IsoTime.
std::string ShortTime(int64_t micros);

}  // namespace headrace
