#pragma once

#include <stop_token>

#include "headrace/client/sqlite/database.h"
#include "headrace/model/description.h"
#include "headrace/model/error.h"
#include "headrace/source/sqlite/row_sample.h"

namespace headrace::sqlite {

/// Rows whose values decide the type of columns that declare none.
inline constexpr int kTypeSampleRows = 1'000;

/// A query that reads a whole table before its first row comes (an aggregate) is waited for: types
/// must not depend on how many rows a table has. Some 700 million rows of a plain scan, or about a
/// minute of a file that is in memory.
inline constexpr SampleEffort kTypeSampleEffort{.until_first_row = 5'000'000'000};

/// Gives each column of `description` without a type the widest of a sample: kTypeSampleRows rows
/// from places all over the table where it has a rowid, else the first ones. Where `effort` shows
/// no row, they are utf8, and Column::type_unknown. kInterruptedCode soon after `stop`.
arrow::Status SampleUndeclaredTypes(SqliteDatabase& database, const SampleEffort& effort,
                                    const std::stop_token& stop, Description& description);

}  // namespace headrace::sqlite
