#pragma once

#include <cstdint>
#include <stop_token>

#include "headrace/client/sqlite/database.h"
#include "headrace/model/description.h"
#include "headrace/model/error.h"

namespace headrace::sqlite {

/// Whether `value` has the digits of a date, YYYYMMDD, of the years 1900 to 2100. As Unix seconds
/// they are days of August 1970.
bool IsDateAsDigits(int64_t value);

/// Dates and timestamps of a table whose integers, in a sample that is bounded in time, are dates
/// as digits, each of them, get a Column::warning: SQLite makes an integer of the text `20240101`,
/// and nothing tells it from a Unix second. kInterruptedCode soon after `stop`.
arrow::Status WarnOfDatesAsDigits(SqliteDatabase& database, const std::stop_token& stop,
                                  Description& description);

}  // namespace headrace::sqlite
