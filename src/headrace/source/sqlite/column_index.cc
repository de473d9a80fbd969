#include "headrace/source/sqlite/column_index.h"

#include "headrace/source/sqlite/unit_query.h"

namespace headrace::sqlite {

/// The words of EXPLAIN QUERY PLAN: https://www.sqlite.org/eqp.html, "Table and Index Scans".
arrow::Result<bool> IsIndexed(SqliteDatabase& database, const TableRef& table,
                              const std::string& column) {
  constexpr int kDetail = 3;
  const std::string name = ColumnSql(table, column);
  ARROW_ASSIGN_OR_RAISE(SqliteStatement plan,
                        database.Prepare("EXPLAIN QUERY PLAN SELECT " + name + " FROM " +
                                         RelationSql(table) + " WHERE " + name + " >= ?1"));
  ARROW_ASSIGN_OR_RAISE(const bool row, plan.Step());
  return row && plan.ColumnText(kDetail).starts_with("SEARCH ");
}

}  // namespace headrace::sqlite
