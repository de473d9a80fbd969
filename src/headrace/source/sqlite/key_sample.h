#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "headrace/client/sqlite/database.h"
#include "headrace/model/description.h"
#include "headrace/model/error.h"
#include "headrace/source/sqlite/column_sample.h"

namespace headrace::sqlite {

/// Keys all over the texts of a column that an index orders, in the order of SQLite and of the
/// column's collation, as ColumnStatistics::keys wants them; numbers lie before all of them and
/// blobs behind; SQLite has compared them as it will read them from a unit. `rows`: of the table,
/// estimated. Reads the index, for a second or two at most: of a very large table the last key is
/// followed by many rows. Empty where no index orders the column, or it has no texts.
arrow::Result<ColumnSample> SampleKeys(SqliteDatabase& database, const Description& description,
                                       const std::string& column, int64_t rows,
                                       const std::stop_token& stop);

}  // namespace headrace::sqlite
