#include "headrace/client/sqlite/database.h"

#include <sqlite3.h>

#include <algorithm>
#include <utility>

#include "headrace/client/sqlite/error.h"

namespace headrace {
namespace {

SqliteType TypeOfCode(int code) {
  switch (code) {
    case SQLITE_INTEGER:
      return SqliteType::kInteger;
    case SQLITE_FLOAT:
      return SqliteType::kReal;
    case SQLITE_TEXT:
      return SqliteType::kText;
    case SQLITE_BLOB:
      return SqliteType::kBlob;
    default:
      return SqliteType::kNull;
  }
}

std::string_view ViewOf(const char* text) {
  return text == nullptr ? std::string_view() : std::string_view(text);
}

/// Debian builds SQLite with URI names on: a file called `file:x` needs a path in front to be taken
/// literally.
std::string LiteralPath(const std::string& path) {
  return path.starts_with("file:") ? "./" + path : path;
}

constexpr int OpenFlags(SqliteOpenMode mode) {
  const int access = mode == SqliteOpenMode::kReadOnly ? SQLITE_OPEN_READONLY
                                                       : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  return access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
}

/// SQLite's file format, 1.3.3: where a file says which versions its writers and readers need, and
/// the version without WAL. SQLite opens no image in memory that asks for WAL.
constexpr size_t kWriteVersionOffset = 18;
constexpr size_t kReadVersionOffset = 19;
constexpr char kWithoutWal = 1;

/// `image` in memory of SQLite's own, which frees it.
char* CopyImage(std::string_view image) {
  auto* const copy = static_cast<char*>(sqlite3_malloc64(std::max<size_t>(image.size(), 1)));
  if (copy == nullptr) return nullptr;
  std::ranges::copy(image, copy);
  if (image.size() > kReadVersionOffset) {
    copy[kWriteVersionOffset] = kWithoutWal;
    copy[kReadVersionOffset] = kWithoutWal;
  }
  return copy;
}

bool IsBlankSql(std::string_view text) {
  return text.find_first_not_of(" \t\r\n;") == std::string_view::npos;
}

}  // namespace

void SqliteStatement::Finalizer::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

arrow::Status SqliteStatement::Check(int result) const {
  if (result == SQLITE_OK) return arrow::Status::OK();
  return SqliteError(sqlite3_db_handle(statement_.get()), result);
}

arrow::Status SqliteStatement::BindInt64(int index, int64_t value) {
  return Check(sqlite3_bind_int64(statement_.get(), index, value));
}

arrow::Status SqliteStatement::BindText(int index, std::string_view value) {
  // An empty view may have a null pointer, which SQLite would bind as NULL.
  const char* data = value.empty() ? "" : value.data();
  return Check(sqlite3_bind_text64(statement_.get(), index, data, value.size(), SQLITE_TRANSIENT,
                                   SQLITE_UTF8));
}

arrow::Result<bool> SqliteStatement::Step() {
  const int result = sqlite3_step(statement_.get());
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  return SqliteError(sqlite3_db_handle(statement_.get()), result);
}

arrow::Status SqliteStatement::Run() {
  arrow::Result<bool> more = true;
  while (more.ok() && *more) more = Step();
  Reset();
  return more.status();
}

void SqliteStatement::Reset() { sqlite3_reset(statement_.get()); }

int SqliteStatement::column_count() const { return sqlite3_column_count(statement_.get()); }

std::string_view SqliteStatement::ColumnName(int column) const {
  return ViewOf(sqlite3_column_name(statement_.get(), column));
}

std::string_view SqliteStatement::DeclaredType(int column) const {
  return ViewOf(sqlite3_column_decltype(statement_.get(), column));
}

SqliteType SqliteStatement::ColumnType(int column) const {
  return TypeOfCode(sqlite3_column_type(statement_.get(), column));
}

int64_t SqliteStatement::ColumnInt64(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

double SqliteStatement::ColumnDouble(int column) const {
  return sqlite3_column_double(statement_.get(), column);
}

std::string_view SqliteStatement::ColumnText(int column) const {
  // Text first: it may convert the value and so change the size.
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  if (text == nullptr) return {};
  return {text, static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::span<const std::byte> SqliteStatement::ColumnBlob(int column) const {
  const auto* blob = static_cast<const std::byte*>(sqlite3_column_blob(statement_.get(), column));
  if (blob == nullptr) return {};
  return {blob, static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

void SqliteDatabase::Closer::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

arrow::Result<SqliteDatabase> SqliteDatabase::Open(const std::string& path, SqliteOpenMode mode,
                                                   std::chrono::milliseconds busy_timeout) {
  sqlite3* handle = nullptr;
  const int result = sqlite3_open_v2(LiteralPath(path).c_str(), &handle, OpenFlags(mode), nullptr);
  SqliteDatabase database(handle);
  if (result != SQLITE_OK) return WithContext(SqliteError(handle, result), path);
  sqlite3_busy_timeout(handle, static_cast<int>(busy_timeout.count()));
  if (mode == SqliteOpenMode::kReadOnly) {
    ARROW_RETURN_NOT_OK(database.Execute("PRAGMA query_only = ON"));
  }
  return database;
}

arrow::Result<SqliteDatabase> SqliteDatabase::OpenImage(std::string_view image) {
  ARROW_ASSIGN_OR_RAISE(SqliteDatabase database,
                        Open(":memory:", SqliteOpenMode::kReadWriteCreate, {}));
  char* const copy = CopyImage(image);
  if (copy == nullptr) return SqliteError(nullptr, SQLITE_NOMEM);
  const auto size = static_cast<sqlite3_int64>(image.size());
  const int result =
      sqlite3_deserialize(database.handle(), "main", reinterpret_cast<unsigned char*>(copy), size,
                          size, SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_READONLY);
  if (result != SQLITE_OK) return SqliteError(database.handle(), result);
  return database;
}

arrow::Status SqliteDatabase::Execute(const std::string& sql) {
  const int result = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (result == SQLITE_OK) return arrow::Status::OK();
  return SqliteError(database_.get(), result);
}

arrow::Result<SqliteStatement> SqliteDatabase::Prepare(std::string_view sql) {
  sqlite3_stmt* handle = nullptr;
  const char* tail = nullptr;
  const int result =
      sqlite3_prepare_v2(database_.get(), sql.data(), static_cast<int>(sql.size()), &handle, &tail);
  SqliteStatement statement(handle);
  if (result != SQLITE_OK) return SqliteError(database_.get(), result);
  if (handle == nullptr) return UserError("no SQL statement in: " + std::string(sql));
  const std::string_view rest = sql.substr(static_cast<size_t>(tail - sql.data()));
  if (!IsBlankSql(rest)) return UserError("more than one SQL statement in: " + std::string(sql));
  return statement;
}

std::string SqliteDatabase::path() const {
  const char* const path = sqlite3_db_filename(database_.get(), "main");
  return path == nullptr ? std::string() : path;
}

int64_t SqliteDatabase::changes() const { return sqlite3_changes64(database_.get()); }

std::string SqliteQuote(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace headrace
