#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "headrace/model/error.h"

struct sqlite3;
struct sqlite3_stmt;

/// SQLite's C interface with owners and classed errors. No policy: nothing here retries, and
/// nothing decides what is read.
namespace headrace {

/// Storage class of one value, as SQLite keeps it, whatever the column's declared type.
enum class SqliteType { kInteger, kReal, kText, kBlob, kNull };

enum class SqliteOpenMode {
  kReadOnly,         ///< The file must exist; `query_only` is set too.
  kReadWriteCreate,  ///< Makes the file where it is missing; its folder must exist.
};

/// A prepared statement. Used by one thread at a time. May outlive the SqliteDatabase that made it,
/// which then closes late. Parameters are counted from 1 and columns from 0, as in SQLite.
class SqliteStatement {
 public:
  SqliteStatement() = default;

  arrow::Status BindInt64(int index, int64_t value);
  arrow::Status BindText(int index, std::string_view value);  ///< Copies.

  /// Goes to the next row; false: there is none. After an error the statement must be Reset.
  arrow::Result<bool> Step();

  /// Step until the end, for statements whose rows nobody wants, then Reset.
  arrow::Status Run();

  /// Makes the statement ready to run again; parameters keep their values. The read lock of an
  /// unfinished row set goes.
  void Reset();

  int column_count() const;
  std::string_view ColumnName(int column) const;  ///< Valid while the statement lives.
  std::string_view DeclaredType(
      int column) const;  ///< Empty for expressions and columns without type.

  /// Of the current row. Type comes before a conversion by the others, which convert as SQLite
  /// does; views are valid until the next Step or Reset.
  SqliteType ColumnType(int column) const;
  bool ColumnIsNull(int column) const { return ColumnType(column) == SqliteType::kNull; }
  int64_t ColumnInt64(int column) const;
  double ColumnDouble(int column) const;
  std::string_view ColumnText(int column) const;
  std::span<const std::byte> ColumnBlob(int column) const;

  /// For hot loops that call SQLite directly; owned by this object.
  sqlite3_stmt* handle() const { return statement_.get(); }

 private:
  friend class SqliteDatabase;
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const;
  };

  explicit SqliteStatement(sqlite3_stmt* statement) : statement_(statement) {}
  arrow::Status Check(int result) const;

  std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
};

/// One connection, opened without SQLite's own mutex: used by one thread at a time.
class SqliteDatabase {
 public:
  SqliteDatabase() = default;

  /// Opens `path`. SQLite reads the file first when it is used: a file that is no database shows
  /// then. `busy_timeout` is how long a statement waits for another connection's lock before it
  /// fails with SQLITE_BUSY (class transient).
  static arrow::Result<SqliteDatabase> Open(const std::string& path, SqliteOpenMode mode,
                                            std::chrono::milliseconds busy_timeout);

  /// A read-only database in memory whose file would hold the bytes `image`. In WAL mode that is
  /// what the last checkpoint left: what only a `-wal` holds is not there.
  static arrow::Result<SqliteDatabase> OpenImage(std::string_view image);

  /// Runs one or more statements without parameters; rows are discarded.
  arrow::Status Execute(const std::string& sql);

  /// Compiles one statement; text behind it is an error of class user.
  arrow::Result<SqliteStatement> Prepare(std::string_view sql);

  /// Of the database file; empty of one in memory.
  std::string path() const;

  sqlite3* handle() const { return database_.get(); }

  int64_t changes() const;  ///< Rows that the last INSERT, UPDATE or DELETE touched.

 private:
  struct Closer {
    void operator()(sqlite3* database) const;
  };

  explicit SqliteDatabase(sqlite3* database) : database_(database) {}

  std::unique_ptr<sqlite3, Closer> database_;
};

/// `name` as an SQL identifier: in double quotes, quotes within doubled.
std::string SqliteQuote(std::string_view name);

}  // namespace headrace
