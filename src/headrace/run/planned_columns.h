#pragma once

#include <vector>

#include "headrace/config/job.h"
#include "headrace/model/description.h"
#include "headrace/model/error.h"
#include "headrace/model/table_plan.h"

namespace headrace {

/// The columns of a table as the job wants them: which are read, as which type, under which name,
/// and what becomes of values that do not fit. Errors: class user, naming the table and the column.
arrow::Result<std::vector<PlannedColumn>> PlanColumns(const Description& description,
                                                      const TableJob& job);

/// Warns of columns whose values a source has doubts about, and of names that some readers do not
/// tell apart.
void WarnOfColumns(TablePlan& plan);

}  // namespace headrace
