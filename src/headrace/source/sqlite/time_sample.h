#pragma once

#include <stop_token>
#include <string>

#include "headrace/client/sqlite/database.h"
#include "headrace/model/description.h"
#include "headrace/model/error.h"
#include "headrace/source/sqlite/column_sample.h"

namespace headrace::sqlite {

/// How the values of a date, timestamp or integer column lie in time, from a sample of its rows
/// that is bounded in time: from all over the table by its rowid, else along an index of the
/// column; nothing where there is neither. `rows`: of the table, estimated. Dates and timestamps
/// become microseconds, in the form that nearly all of the sample has; integers stay as they are.
/// Where the sample has several forms, or one that cannot be compared as it lies (Julian days),
/// nothing is known.
arrow::Result<ColumnSample> SampleTimes(SqliteDatabase& database, const Description& description,
                                        const std::string& column, int64_t rows,
                                        const std::stop_token& stop);

}  // namespace headrace::sqlite
