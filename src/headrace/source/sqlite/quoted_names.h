#pragma once

#include <string>
#include <string_view>

#include "headrace/client/sqlite/database.h"

namespace headrace::sqlite {

/// `sql` with each name in double quotes written in backticks instead. SQLite takes a name in
/// double quotes that is no column for a string, one in backticks never.
std::string NamesInBackticks(std::string_view sql);

/// Whether `sql`, which SQLite can prepare as it stands, means columns by all that it has in double
/// quotes; the error names the one that is none. Only the text of `sql` is looked at: a view that
/// it reads may hold strings in double quotes, as SQLite allows, and is read as it always was.
arrow::Status CheckQuotedNames(SqliteDatabase& database, std::string_view sql);

}  // namespace headrace::sqlite
