#include "headrace/source/sqlite/row_sample.h"

#include <algorithm>
#include <optional>

#include "headrace/source/sqlite/progress_guard.h"
#include "headrace/source/sqlite/unit_query.h"

namespace headrace::sqlite {
namespace {

std::string ColumnList(const TableRef& table, std::span<const std::string> columns) {
  std::string list;
  for (const std::string& column : columns) {
    if (!list.empty()) list += ", ";
    list += ColumnSql(table, column);
  }
  return list.empty() ? "NULL" : list;
}

/// Shows the rows of a prepared statement; false: enough.
arrow::Result<bool> ShowRows(SqliteStatement& statement,
                             const std::function<bool(SqliteStatement&)>& see) {
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const bool row, statement.Step());
    if (!row) return true;
    if (!see(statement)) return false;
  }
}

arrow::Status SampleFirst(SqliteDatabase& database, const std::string& select, int rows,
                          const std::function<bool(SqliteStatement&)>& see) {
  ARROW_ASSIGN_OR_RAISE(SqliteStatement statement,
                        database.Prepare(select + " LIMIT " + std::to_string(rows)));
  return ShowRows(statement, see).status();
}

/// The table has no more than `rows` rows: all of them are the sample.
arrow::Result<bool> IsSmall(SqliteDatabase& database, const Description& description, int rows) {
  ARROW_ASSIGN_OR_RAISE(
      SqliteStatement statement,
      database.Prepare("SELECT count(*) FROM (SELECT 1 FROM " + RelationSql(description.table) +
                       " LIMIT " + std::to_string(rows + 1) + ")"));
  ARROW_ASSIGN_OR_RAISE(const bool row, statement.Step());
  return row && statement.ColumnInt64(0) <= rows;
}

struct RowidBounds {
  int64_t first;
  int64_t last;
};

arrow::Result<std::optional<RowidBounds>> FindBounds(SqliteDatabase& database,
                                                     const Description& description) {
  const std::string rowid = ColumnSql(description.table, description.row_identity);
  const std::string from = " FROM " + RelationSql(description.table);
  ARROW_ASSIGN_OR_RAISE(SqliteStatement statement,
                        database.Prepare("SELECT (SELECT min(" + rowid + ")" + from +
                                         "), (SELECT max(" + rowid + ")" + from + ")"));
  ARROW_ASSIGN_OR_RAISE(const bool row, statement.Step());
  if (!row || statement.ColumnIsNull(0)) return std::nullopt;
  return RowidBounds{statement.ColumnInt64(0), statement.ColumnInt64(1)};
}

/// The `place`-th of `places` evenly spaced values; without overflow for the widest range.
int64_t PlaceBetween(const RowidBounds& bounds, int place, int places) {
  const uint64_t width = static_cast<uint64_t>(bounds.last) - static_cast<uint64_t>(bounds.first);
  const auto nth = static_cast<uint64_t>(place);
  const auto all = static_cast<uint64_t>(places);
  const uint64_t offset = width / all * nth + width % all * nth / all;
  return static_cast<int64_t>(static_cast<uint64_t>(bounds.first) + offset);
}

arrow::Status SampleEverywhere(SqliteDatabase& database, const Description& description,
                               const std::string& select, int rows, int places,
                               const std::function<bool(SqliteStatement&)>& see) {
  ARROW_ASSIGN_OR_RAISE(const bool small, IsSmall(database, description, rows));
  if (small) return SampleFirst(database, select, rows, see);
  ARROW_ASSIGN_OR_RAISE(const std::optional<RowidBounds> bounds, FindBounds(database, description));
  if (!bounds) return arrow::Status::OK();
  const std::string rowid = ColumnSql(description.table, description.row_identity);
  const std::string limit = std::to_string(std::max(1, rows / places));
  ARROW_ASSIGN_OR_RAISE(
      SqliteStatement statement,
      database.Prepare(select + " WHERE " + rowid + " >= ? ORDER BY " + rowid + " LIMIT " + limit));
  for (int place = 0; place < places; ++place) {
    ARROW_RETURN_NOT_OK(statement.BindInt64(1, PlaceBetween(*bounds, place, places)));
    ARROW_ASSIGN_OR_RAISE(const bool more, ShowRows(statement, see));
    if (!more) return arrow::Status::OK();
    statement.Reset();
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<SampleEnd> SampleRows(SqliteDatabase& database, const Description& description,
                                    std::span<const std::string> columns, int rows,
                                    const SampleEffort& effort, const std::stop_token& stop,
                                    const std::function<bool(SqliteStatement&)>& see) {
  ProgressGuard guard(database.handle(), stop, effort.until_first_row);
  bool any = false;
  const auto see_row = [&](SqliteStatement& row) {
    if (!any) guard.Allow(effort.behind_first_row);
    any = true;
    return see(row);
  };
  const std::string select = "SELECT " + ColumnList(description.table, columns) + " FROM " +
                             RelationSql(description.table);
  const arrow::Status status =
      description.row_identity.empty()
          ? SampleFirst(database, select, rows, see_row)
          : SampleEverywhere(database, description, select, rows, effort.places, see_row);
  if (stop.stop_requested()) return InterruptedError();
  if (status.ok()) return SampleEnd::kEnough;
  if (CodeOf(status) == kInterruptedCode) {
    return any ? SampleEnd::kEnough : SampleEnd::kNothingSeen;
  }
  return WithContext(status, description.table.label());
}

}  // namespace headrace::sqlite
