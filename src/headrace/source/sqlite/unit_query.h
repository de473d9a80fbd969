#pragma once

#include <span>
#include <string>

#include "headrace/model/description.h"
#include "headrace/model/error.h"
#include "headrace/model/table_plan.h"
#include "headrace/model/work_unit.h"

namespace headrace::sqlite {

/// `"main"."orders"` of a table or view, or `(SELECT …) AS "query"`: what stands behind FROM.
/// Tables have no alias, so that a `where` of the job may name them.
std::string RelationSql(const TableRef& table);

/// `"orders"."id"`: with the relation's name in front, because SQLite takes a quoted name alone
/// that is no column for a string.
std::string ColumnSql(const TableRef& table, std::string_view column);

/// The condition of the rows of a range.
std::string KeyCondition(const TableRef& table, const KeyRange& range);

/// `SELECT column FROM … WHERE … ORDER BY column`: of the rows of a unit.
arrow::Result<std::string> ValuesQuery(const TablePlan& plan, const WorkUnit& unit,
                                       const std::string& column);

/// The SELECT that reads a unit.
struct UnitQuery {
  std::string sql;
  int identity =
      -1;  ///< Column that holds Description::row_identity, behind the planned ones; -1: none.
  /// A SELECT with the job's condition as it stands, empty where there is none. In the brackets of
  /// `sql` alone, `a) OR (b` would parse too and take the rows of every unit into each: a unit is
  /// read only where this can be prepared.
  std::string plain_filter_sql;
};

/// Columns in the order of the plan; rows of `unit.split` that the plan's filter selects. Bounds
/// are literals: SQLite orders all values of a column (NULL, numbers, text, blobs), so ranges with
/// open ends hold every row that is not NULL, whatever is stored in it. `most_columns` is SQLite's
/// limit for one result. Error of class bug for a split that SQLite does not have.
arrow::Result<UnitQuery> MakeUnitQuery(const TablePlan& plan, const WorkUnit& unit,
                                       int most_columns);

/// The SELECT that counts the rows of a unit.
arrow::Result<std::string> CountQuery(const TablePlan& plan, const WorkUnit& unit);

}  // namespace headrace::sqlite
