#pragma once

#include <string>
#include <string_view>

#include "headrace/client/sqlite/database.h"
#include "headrace/model/error.h"
#include "headrace/model/table_ref.h"

namespace headrace::sqlite {

/// Why nothing is known of a column for which IsIndexed is false.
inline constexpr std::string_view kNoIndex =
    "SQLite finds no range of it by an index: there is none of its own collation, or sqlite_stat1 "
    "takes the table for tiny (ANALYZE tells it better)";

/// Whether SQLite finds a range of the column by a b-tree, without reading the whole table: as it
/// says itself, since an index of another collation, or of some rows, is of no use, and of a table
/// that it takes for tiny it reads all.
arrow::Result<bool> IsIndexed(SqliteDatabase& database, const TableRef& table,
                              const std::string& column);

}  // namespace headrace::sqlite
