#pragma once

#include <string>

#include "headrace/model/error.h"
#include "headrace/model/table_plan.h"
#include "headrace/model/work_unit.h"

namespace headrace {

/// What a unit reads from, after FROM.
struct ReadTarget {
  std::string relation;  ///< Quoted; empty for a query.
  bool only = false;     ///< Without the tables below it.
  std::string from;      ///< The table expression.
};

/// By which a relation, as it is read for a plan, is known to be held (PgHolders).
std::string HoldingKey(const TablePlan& plan, const WorkUnit& unit);

/// Whether a table is read with ONLY: nothing is below it, nor are its rows anywhere else.
bool IsReadAlone(const Description& description);

/// The table, leaf or query that holds the rows of `unit`.
ReadTarget TargetOf(const TablePlan& plan, const WorkUnit& unit);

/// A unit of all rows that any unit of the same plan selects.
WorkUnit WholeOf(const WorkUnit& unit);

/// Whether `unit` is read through a table whose rows lie in others: its partitions, or tables that
/// inherit. Pages name the one that they are of.
bool HasSeveralParts(const TablePlan& plan, const WorkUnit& unit);

/// The conditions that select the rows of `unit`: its split and the filter of the plan. Empty: all
/// rows.
std::string ConditionOf(const TablePlan& plan, const WorkUnit& unit);

/// True: `unit` is a range of a column of a table, which a bitmap scan of an index reads best. The
/// server prefers to follow the index where the column's order is nearly that of the rows, and
/// comes to a page anew for each row that lies out of turn. A condition of the job may have lookups
/// of its own, for which nothing is to be chosen: it makes it false.
bool IsBestReadByBitmap(const TablePlan& plan, const WorkUnit& unit);

/// `SELECT select_list FROM … WHERE condition`.
std::string SelectStatement(const std::string& select_list, const ReadTarget& target,
                            const std::string& condition);

/// That statement as `COPY (…) TO STDOUT (FORMAT binary)`.
std::string CopyStatement(const std::string& select_list, const ReadTarget& target,
                          const std::string& condition);

}  // namespace headrace
