#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "headrace/client/sqlite/database.h"
#include "headrace/model/description.h"
#include "headrace/model/error.h"

namespace headrace::sqlite {

/// Shows `see` up to `rows` rows of a table, view or query, holding `columns` (source names): from
/// places all over the table where it has a rowid, else the first ones. Stops early where `see`
/// returns false. The effort is bounded: a query that takes too long shows what it has yielded by
/// then, perhaps nothing.
arrow::Status SampleRows(SqliteDatabase& database, const Description& description,
                         std::span<const std::string> columns, int rows,
                         const std::function<bool(SqliteStatement&)>& see);

}  // namespace headrace::sqlite
