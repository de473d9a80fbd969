#pragma once

#include "headrace/model/error.h"
#include "headrace/model/statistics.h"
#include "headrace/model/table_plan.h"
#include "headrace/model/work_unit.h"
#include "headrace/source/postgres/estimate_query.h"

namespace headrace {

/// Where the rows of a unit lie by what the unit is cut by, from a sample of its table's pages. Of
/// a unit that has few of the table's pages, or cannot be sampled, it has no values.
arrow::Result<UnitSample> SampleUnitRows(EstimateQueries& queries, const TablePlan& plan,
                                         const WorkUnit& unit);

}  // namespace headrace
