#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

/// Points in time as SQLite databases keep them: ISO 8601 text, Unix seconds, or Julian day
/// numbers. All in UTC, as SQLite's own date functions take them. What none of the three explains
/// is no moment: nothing is guessed.
namespace headrace::sqlite {

/// Microseconds since 1970 of `YYYY-MM-DD`, optionally with `[ T]hh[:mm[:ss[.ffffff]]]` and `Z` or
/// `±hh[:mm]`. More than six digits of a second are taken only if the rest are zeros.
std::optional<int64_t> MicrosOfText(std::string_view text);

/// Microseconds of an INTEGER: Unix seconds within the years 0 to 9999, the range of SQLite's date
/// functions; milliseconds since 1970 lie outside of it. Whole numbers that are Julian days of
/// those years (1721060 to 5373484, as Unix seconds some weeks of early 1970) are refused: a column
/// of NUMERIC affinity stores Julian day 2460311.0, a noon, as this integer.
std::optional<int64_t> MicrosOfInteger(int64_t value);

/// Microseconds of a REAL: a Julian day of the years 0 to 9999, to the millisecond as in SQLite's
/// functions; beyond those numbers Unix seconds with a fraction, to the microsecond.
std::optional<int64_t> MicrosOfReal(double value);

/// Days since 1970 of the same moments, which must be midnights: an hour that a date cannot hold is
/// not dropped.
std::optional<int32_t> DaysOfText(std::string_view text);
std::optional<int32_t> DaysOfInteger(int64_t value);
std::optional<int32_t> DaysOfReal(double value);

}  // namespace headrace::sqlite
