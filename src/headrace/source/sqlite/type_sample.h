#pragma once

#include "headrace/client/sqlite/database.h"
#include "headrace/model/description.h"
#include "headrace/model/error.h"

namespace headrace::sqlite {

/// Rows whose values decide the type of columns that declare none.
inline constexpr int kTypeSampleRows = 1'000;

/// Gives each column of `description` without a type the widest of a sample: kTypeSampleRows rows
/// from places all over the table where it has a rowid, else the first ones. A query that yields
/// nothing within a bounded effort gets utf8.
arrow::Status SampleUndeclaredTypes(SqliteDatabase& database, Description& description);

}  // namespace headrace::sqlite
