#pragma once

#include "headrace/config/job.h"
#include "headrace/model/table_plan.h"

namespace headrace {

/// Warns where the cursor of `plan`, which has no time zone of its own, may not be in the one that
/// it is read in: its greatest value, which the statistics know, is hours away from the clock, or
/// is not known at the first window.
void WarnOfZone(const TableJob& job, TablePlan& plan);

}  // namespace headrace
