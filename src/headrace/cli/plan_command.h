#pragma once

#include "headrace/cli/command.h"
#include "headrace/cli/job_parts.h"
#include "headrace/cli/observation.h"
#include "headrace/run/job_plan.h"

namespace headrace {

/// Makes the plan of the job; writes nothing anywhere.
arrow::Result<JobPlan> MakePlan(const CommandContext& context, JobParts& parts,
                                Observation& observation);

/// Makes the plan and prints it. Exit code as JobPlan::exit_code.
arrow::Result<int> ShowPlan(CommandContext& context, JobParts& parts, Observation& observation);

/// Prints a plan. Exit code as ShowPlan.
int PrintPlan(CommandContext& context, const JobPlan& plan);

}  // namespace headrace
