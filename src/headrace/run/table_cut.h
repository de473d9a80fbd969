#pragma once

#include <stop_token>
#include <vector>

#include "headrace/config/job.h"
#include "headrace/model/error.h"
#include "headrace/model/table_plan.h"
#include "headrace/model/work_unit.h"
#include "headrace/source/source.h"

namespace headrace {

/// Estimates the table of `plan`, of which columns, filter and window are planned, and cuts it into
/// units as the job wants, with what `offered` can do. Fills what the plan says of it: statistics,
/// strategy, why, warnings. No units where nothing can be new. Errors: those of the source;
/// class user where `partition.strict` wants a strategy that does not fit.
arrow::Result<std::vector<WorkUnit>> CutTable(const TableJob& job, const Capabilities& offered,
                                              Snapshot& snapshot, std::stop_token stop,
                                              TablePlan& plan);

}  // namespace headrace
