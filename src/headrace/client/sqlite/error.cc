#include "headrace/client/sqlite/error.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <system_error>

namespace headrace {
namespace {

struct ResultCode {
  int code;
  std::string_view name;
  ErrorClass error_class;
};

/// https://www.sqlite.org/rescode.html: primary codes, and extended ones of another class than
/// their family.
constexpr std::array kResultCodes = {
    // A live writer that deletes its journal looks like one that crashed, for a moment.
    ResultCode{SQLITE_READONLY_ROLLBACK, "SQLITE_READONLY_ROLLBACK", ErrorClass::kTransient},
    ResultCode{SQLITE_READONLY_CANTINIT, "SQLITE_READONLY_CANTINIT", ErrorClass::kUser},
    ResultCode{SQLITE_READONLY_DIRECTORY, "SQLITE_READONLY_DIRECTORY", ErrorClass::kUser},
    ResultCode{SQLITE_ERROR, "SQLITE_ERROR", ErrorClass::kUser},
    ResultCode{SQLITE_INTERNAL, "SQLITE_INTERNAL", ErrorClass::kPermanent},
    ResultCode{SQLITE_PERM, "SQLITE_PERM", ErrorClass::kUser},
    ResultCode{SQLITE_ABORT, "SQLITE_ABORT", ErrorClass::kTransient},
    ResultCode{SQLITE_BUSY, "SQLITE_BUSY", ErrorClass::kTransient},
    ResultCode{SQLITE_LOCKED, "SQLITE_LOCKED", ErrorClass::kTransient},
    ResultCode{SQLITE_NOMEM, "SQLITE_NOMEM", ErrorClass::kPermanent},
    ResultCode{SQLITE_READONLY, "SQLITE_READONLY", ErrorClass::kUser},
    ResultCode{SQLITE_INTERRUPT, "SQLITE_INTERRUPT", ErrorClass::kTransient},
    ResultCode{SQLITE_IOERR, "SQLITE_IOERR", ErrorClass::kPermanent},
    ResultCode{SQLITE_CORRUPT, "SQLITE_CORRUPT", ErrorClass::kPermanent},
    ResultCode{SQLITE_NOTFOUND, "SQLITE_NOTFOUND", ErrorClass::kBug},
    ResultCode{SQLITE_FULL, "SQLITE_FULL", ErrorClass::kPermanent},
    ResultCode{SQLITE_CANTOPEN, "SQLITE_CANTOPEN", ErrorClass::kUser},
    ResultCode{SQLITE_PROTOCOL, "SQLITE_PROTOCOL", ErrorClass::kTransient},
    ResultCode{SQLITE_SCHEMA, "SQLITE_SCHEMA", ErrorClass::kTransient},
    ResultCode{SQLITE_TOOBIG, "SQLITE_TOOBIG", ErrorClass::kPermanent},
    ResultCode{SQLITE_CONSTRAINT, "SQLITE_CONSTRAINT", ErrorClass::kPermanent},
    ResultCode{SQLITE_MISMATCH, "SQLITE_MISMATCH", ErrorClass::kPermanent},
    ResultCode{SQLITE_MISUSE, "SQLITE_MISUSE", ErrorClass::kBug},
    ResultCode{SQLITE_NOLFS, "SQLITE_NOLFS", ErrorClass::kPermanent},
    ResultCode{SQLITE_AUTH, "SQLITE_AUTH", ErrorClass::kUser},
    ResultCode{SQLITE_RANGE, "SQLITE_RANGE", ErrorClass::kBug},
    ResultCode{SQLITE_NOTADB, "SQLITE_NOTADB", ErrorClass::kUser},
};

const ResultCode* FindResultCode(int result) {
  for (const int code : {result, result & 0xff}) {
    const auto* found = std::ranges::find(kResultCodes, code, &ResultCode::code);
    if (found != kResultCodes.end()) return found;
  }
  return nullptr;
}

/// A file that cannot be opened for want of descriptors looks to SQLite like one without rights.
bool IsOutOfDescriptors(sqlite3* database, int result) {
  if (database == nullptr || (result & 0xff) != SQLITE_CANTOPEN) return false;
  const int error = sqlite3_system_errno(database);
  return error == EMFILE || error == ENFILE;
}

/// The disk is full also where SQLite met that in a file that it maps or synchronises, and calls it
/// an I/O error: what the system said, else 0.
int NoSpaceError(sqlite3* database, int result) {
  if (database == nullptr || (result & 0xff) != SQLITE_IOERR) return 0;
  const int error = sqlite3_system_errno(database);
  return error == ENOSPC || error == EDQUOT ? error : 0;
}

}  // namespace

std::string_view SqliteResultName(int result) {
  const ResultCode* code = FindResultCode(result);
  return code == nullptr ? "SQLITE_UNKNOWN" : code->name;
}

ErrorClass SqliteErrorClass(int result) {
  const ResultCode* code = FindResultCode(result);
  return code == nullptr ? ErrorClass::kPermanent : code->error_class;
}

arrow::Status SqliteError(sqlite3* database, int result) {
  if (IsOutOfDescriptors(database, result)) {
    return PermanentError("too many open files (raise the limit on open files, ulimit -n)",
                          "EMFILE");
  }
  if (const int error = NoSpaceError(database, result); error != 0) {
    return MakeError(SqliteErrorClass(SQLITE_FULL), std::generic_category().message(error),
                     std::string(SqliteResultName(SQLITE_FULL)));
  }
  const bool known = database != nullptr && sqlite3_errcode(database) != SQLITE_OK;
  std::string message = known ? sqlite3_errmsg(database) : sqlite3_errstr(result);
  const bool interrupted = (result & 0xff) == SQLITE_INTERRUPT;
  return MakeError(SqliteErrorClass(result), std::move(message),
                   std::string(interrupted ? kInterruptedCode : SqliteResultName(result)));
}

}  // namespace headrace
