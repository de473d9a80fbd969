#include "headrace/source/sqlite/column_index.h"

#include <string_view>

#include "headrace/source/sqlite/unit_query.h"

namespace headrace::sqlite {
namespace {

/// `SEARCH t USING INDEX i (ANY(k) AND code>?)`: a seek for each value of the columns before, and
/// no order of this one. https://www.sqlite.org/optoverview.html, "The Skip-Scan Optimization".
bool SkipsColumns(std::string_view detail) {
  return detail.find(" (ANY(") != std::string_view::npos;
}

}  // namespace

/// The words of EXPLAIN QUERY PLAN: https://www.sqlite.org/eqp.html, "Table and Index Scans".
arrow::Result<bool> IsIndexed(SqliteDatabase& database, const TableRef& table,
                              const std::string& column) {
  constexpr int kDetail = 3;
  const std::string name = ColumnSql(table, column);
  auto plan = database.Prepare("EXPLAIN QUERY PLAN SELECT " + name + " FROM " + RelationSql(table) +
                               " WHERE " + name + " >= ?1");
  // A collation of the application that made the file, which nobody else can compare by.
  if (!plan.ok() && ClassOf(plan.status()) == ErrorClass::kUser) return false;
  ARROW_RETURN_NOT_OK(plan);
  ARROW_ASSIGN_OR_RAISE(const bool row, plan->Step());
  const std::string_view detail = plan->ColumnText(kDetail);
  return row && detail.starts_with("SEARCH ") && !SkipsColumns(detail);
}

}  // namespace headrace::sqlite
