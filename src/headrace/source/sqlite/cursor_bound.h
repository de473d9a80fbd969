#pragma once

#include <stop_token>

#include "headrace/client/sqlite/database.h"
#include "headrace/model/error.h"
#include "headrace/source/source.h"

namespace headrace::sqlite {

/// How far the cursor of `description` can be read under the transaction that `database` is in.
///
/// SQLite has one writer at a time: what it commits later gets greater numbers, if it draws them
/// from AUTOINCREMENT. Every other integer may come late; SQLite itself gives the number of a row
/// that was deleted to the next one, where it was the greatest. Whether a writer is at work cannot
/// be seen by others, so that no time is a bound. Errors: those of Snapshot::FindCursorBound.
arrow::Result<CursorBound> FindCursorBound(SqliteDatabase& database, const CursorRequest& request,
                                           const Description& description,
                                           const std::stop_token& stop);

}  // namespace headrace::sqlite
