#pragma once

#include <string>

#include "headrace/config/job.h"
#include "headrace/destination/destination.h"
#include "headrace/run/job_plan.h"

namespace headrace {

/// What the destination is told of a table that was planned for run `run` of `job`. `planned` has
/// a plan: its status is OK.
TableTarget TargetOf(const Job& job, const std::string& run, const PlannedTable& planned);

/// Asks the destination which of the planned tables a run must refuse (Destination::CheckTarget):
/// their status becomes its error. Nothing is staged.
void CheckTargets(const Job& job, Destination& destination, JobPlan& plan);

}  // namespace headrace
