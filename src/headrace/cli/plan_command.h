#pragma once

#include "headrace/cli/command.h"
#include "headrace/cli/job_parts.h"
#include "headrace/cli/observation.h"
#include "headrace/run/job_plan.h"

namespace headrace {

/// Makes the plan of the job; writes nothing anywhere.
arrow::Result<JobPlan> MakePlan(const CommandContext& context, JobParts& parts,
                                Observation& observation);

/// Makes the plan and prints it. Exit code 0, or that of the worst table that cannot run.
arrow::Result<int> ShowPlan(CommandContext& context, JobParts& parts, Observation& observation);

/// Prints a plan. Exit code as ShowPlan.
int PrintPlan(CommandContext& context, const JobPlan& plan);

/// The exit code of a plan: kExitUsage where a table cannot run for a reason of class user,
/// kExitFailed for another reason.
int ExitCodeOfPlan(const JobPlan& plan);

}  // namespace headrace
