#include "headrace/source/sqlite/cursor_bound.h"

#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <algorithm>
#include <optional>
#include <string>

#include "headrace/model/watermark.h"
#include "headrace/source/sqlite/progress_guard.h"
#include "headrace/source/sqlite/unit_query.h"

namespace headrace::sqlite {
namespace {

/// What a key gives behind `value`; an AUTOINCREMENT key that has come to the last number gives no
/// other.
int64_t Behind(int64_t value) { return value == kLastNumber ? value : value + 1; }

/// The greatest number that is not above `most`, by an index, if there is one. Texts and blobs are
/// greater than any number.
arrow::Result<std::optional<int64_t>> GreatestUpTo(int64_t most, SqliteDatabase& database,
                                                   const CursorRequest& request,
                                                   const Description& description) {
  const std::string name = ColumnSql(description.table, request.column);
  ARROW_ASSIGN_OR_RAISE(
      SqliteStatement greatest,
      database.Prepare("SELECT " + name + " FROM " + RelationSql(description.table) + " WHERE " +
                       name + " <= " + std::to_string(most) + " ORDER BY " + name +
                       " DESC LIMIT 1"));
  ARROW_ASSIGN_OR_RAISE(const bool found, greatest.Step());
  if (!found || greatest.ColumnIsNull(0)) return std::nullopt;
  return greatest.ColumnInt64(0);
}

/// The very last number is no bound of a range, and mostly a mark: the one below it counts, or no
/// row would be new any more.
arrow::Result<std::optional<int64_t>> Greatest(SqliteDatabase& database,
                                               const CursorRequest& request,
                                               const Description& description, CursorBound& bound) {
  ARROW_ASSIGN_OR_RAISE(const auto greatest,
                        GreatestUpTo(kLastNumber, database, request, description));
  if (greatest != kLastNumber) return greatest;
  const std::string about = AboutLastNumber(request.column);
  if (!request.late_rows_allowed) {
    return UserError(about + ". late_rows: warn loads the other rows all the same");
  }
  bound.warnings.push_back(about);
  return GreatestUpTo(kLastNumber - 1, database, request, description);
}

/// What an AUTOINCREMENT key gives next, of which SQLite keeps the last number in a table of its
/// own; none: the column is no such key, or has given none yet.
arrow::Result<std::optional<int64_t>> NextNumber(SqliteDatabase& database,
                                                 const CursorRequest& request,
                                                 const Description& description) {
  const bool is_key = std::ranges::any_of(description.keys, [&](const Key& key) {
    return key.primary && key.columns == std::vector<std::string>{request.column};
  });
  if (!is_key || description.kind != RelationKind::kTable) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(
      SqliteStatement there,
      database.Prepare("SELECT 1 FROM main.sqlite_schema WHERE name = 'sqlite_sequence'"));
  ARROW_ASSIGN_OR_RAISE(const bool has_sequences, there.Step());
  if (!has_sequences) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(SqliteStatement sequence,
                        database.Prepare("SELECT seq FROM main.sqlite_sequence WHERE name = ?1"));
  ARROW_RETURN_NOT_OK(sequence.BindText(1, description.table.name));
  ARROW_ASSIGN_OR_RAISE(const bool found, sequence.Step());
  if (!found) return std::nullopt;
  return Behind(sequence.ColumnInt64(0));
}

/// What is greater than every int64 is in no window. An AUTOINCREMENT key has no such value.
arrow::Status WarnOfNoNumber(SqliteDatabase& database, const CursorRequest& request,
                             const Description& description, CursorBound& bound) {
  const std::string name = ColumnSql(description.table, request.column);
  ARROW_ASSIGN_OR_RAISE(
      SqliteStatement other,
      database.Prepare("SELECT typeof(" + name + ") FROM " + RelationSql(description.table) +
                       " WHERE " + name + " > 9223372036854775807 ORDER BY " + name +
                       " DESC LIMIT 1"));
  ARROW_ASSIGN_OR_RAISE(const bool found, other.Step());
  if (!found) return arrow::Status::OK();
  bound.warnings.push_back("there are rows whose \"" + request.column + "\" is no integer but " +
                           std::string(other.ColumnText(0)) + ": they are never loaded");
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<CursorBound> FindCursorBound(SqliteDatabase& database, const CursorRequest& request,
                                           const Description& description,
                                           const std::stop_token& stop) {
  const Column* column = description.FindColumn(request.column);
  if (column == nullptr) return UserError("cursor: there is no column \"" + request.column + "\"");
  if (!arrow::is_integer(column->type->id()) || !IsCursorType(*column->type)) {
    return UserError("cursor: \"" + request.column + "\" is " + column->source_type +
                     "; of SQLite what tells new rows is an integer: whether a writer is about to "
                     "commit rows of an earlier time cannot be seen");
  }
  const ProgressGuard guard(database.handle(), stop);
  CursorBound bound{.upper = {}, .now = {}, .about = "there is no value yet", .warnings = {}};
  ARROW_ASSIGN_OR_RAISE(bound.now, NextNumber(database, request, description));
  ARROW_ASSIGN_OR_RAISE(const auto greatest, Greatest(database, request, description, bound));
  if (!greatest) return bound;
  bound.upper = Behind(*greatest);
  bound.about = "the greatest value is " + std::to_string(*greatest);
  if (bound.now) return bound;
  const std::string why = "\"" + request.column +
                          "\" is no AUTOINCREMENT key, so that rows with a lower number may come "
                          "later";
  if (!request.late_rows_allowed) return UserError(why + ". late_rows: warn loads all the same");
  bound.warnings.push_back(why + ": they are never loaded");
  ARROW_RETURN_NOT_OK(WarnOfNoNumber(database, request, description, bound));
  return bound;
}

}  // namespace headrace::sqlite
