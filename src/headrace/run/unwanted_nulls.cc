#include "headrace/run/unwanted_nulls.h"

#include <string>
#include <utility>

#include "headrace/model/work_unit.h"
#include "headrace/observe/human.h"

namespace headrace {

const Column* UnwantedNulls(const TableJob& job, const Description& description) {
  if (job.partition.nulls == NullRowsPolicy::kInclude) return nullptr;
  const Column* column = description.FindColumn(
      job.load.is_transactional() ? job.load.cursor : job.partition.column.value_or(""));
  return column != nullptr && column->nullable ? column : nullptr;
}

arrow::Status CheckNullRows(const TableJob& job, const Column& column, Snapshot& snapshot,
                            std::stop_token stop, TablePlan& plan) {
  const WorkUnit nulls{.plan_id = plan.id, .id = "0", .split = NullRows{column.name}};
  const auto counted = snapshot.CountRows(plan, nulls, std::move(stop));
  if (!counted.ok() && CodeOf(counted.status()) != kInterruptedCode) {
    return WithContext(counted.status(), "table " + job.table.label());
  }
  ARROW_ASSIGN_OR_RAISE(const int64_t rows, counted);
  if (rows == 0) return arrow::Status::OK();
  const std::string found =
      HumanNumberOf(rows, "row") + (rows == 1 ? " has" : " have") + " NULL in \"" + column.name;
  if (job.partition.nulls == NullRowsPolicy::kExclude) {
    plan.excluded_rows = rows;
    plan.warnings.push_back(found + "\" and " + (rows == 1 ? "is" : "are") +
                            " not loaded (partition.nulls: exclude)");
    return arrow::Status::OK();
  }
  return UserError(
      "table " + job.table.label() + ": " + found + "\", and partition.nulls: error wants none. " +
      (plan.cursor ? "'exclude'" : "'include' loads them, 'exclude'") + " leaves them out");
}

}  // namespace headrace
