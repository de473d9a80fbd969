#pragma once

#include <string_view>

#include "headrace/model/error.h"

struct sqlite3;

namespace headrace {

/// `SQLITE_BUSY` for 5 and its extended codes, `SQLITE_READONLY_ROLLBACK` for that one;
/// `SQLITE_UNKNOWN` for what is not in SQLite's list.
std::string_view SqliteResultName(int result);

/// The class of a result code (primary or extended): locks are transient, SQL and access errors
/// user, disk and file errors permanent, wrong use of the interface bug.
ErrorClass SqliteErrorClass(int result);

/// The error of a call on `database` that returned `result`, with SQLite's message. Interrupts
/// carry kInterruptedCode, a want of file descriptors `EMFILE`, the others SqliteResultName.
/// `database` may be null.
arrow::Status SqliteError(sqlite3* database, int result);

}  // namespace headrace
