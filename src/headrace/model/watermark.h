#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "headrace/model/error.h"
#include "headrace/model/work_unit.h"

/// What a cursor column holds, as numbers and as text. Numbers are those of a column's statistics
/// and ranges: integers as they are, dates and timestamps in microseconds since 1970, with a time
/// zone in UTC, of a date at its midnight.
namespace headrace {

/// The greatest number that a cursor can have. No window, which ends before its bound, ends behind
/// it: the bound would be no int64.
inline constexpr int64_t kLastNumber = std::numeric_limits<int64_t>::max();

/// Said where a row has that number in the cursor `column`; a sentence without its end.
std::string AboutLastNumber(const std::string& column);

/// Can a column of this type tell new rows from old ones: an integer that int64 holds, a date, a
/// timestamp?
bool IsCursorType(const arrow::DataType& type);

/// Of a timestamp that is a moment in UTC.
bool HasTimeZone(const arrow::DataType& type);

/// As commit records, reports and job files write a value of the cursor: `4711`, `2024-01-31`,
/// `2024-01-31T09:15:00`, and `2024-01-31T09:15:00Z` where `type` has a time zone; microseconds
/// follow the second where it is not whole.
std::string WatermarkText(const arrow::DataType& type, int64_t value);

/// Reads a value of a cursor of this type: WatermarkText's forms, a blank instead of the T, and a
/// day alone for its midnight. Of a timestamp with time zone the Z may be missing: it is UTC; an
/// offset from UTC behind a time of day, `+02:00`, `+0200` or `+02`, is taken off.
/// Errors of class user name the form that is expected.
arrow::Result<int64_t> ParseWatermark(const arrow::DataType& type, std::string_view text);

/// The same of a value that somebody has written down, which a column of this type must be able to
/// hold. A watermark may be one above the greatest integer.
arrow::Result<int64_t> ParseCursorValue(const arrow::DataType& type, std::string_view text);

/// The rows whose cursor `column` lies in [lower, upper) as a split; a missing bound is open.
Split CursorSplit(const arrow::DataType& type, std::string column, std::optional<int64_t> lower,
                  std::optional<int64_t> upper);

/// The rows at or above the upper bound of such a split.
Split RowsAbove(const Split& window);

}  // namespace headrace
