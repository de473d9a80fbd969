#include "headrace/cli/plan_command.h"

#include <ostream>

#include "headrace/cli/command_rows.h"
#include "headrace/cli/plan_text.h"
#include "headrace/run/coordinator.h"
#include "headrace/run/exit_code.h"
#include "headrace/run/plan_json.h"

namespace headrace {
namespace {

arrow::Result<int> Plan(CommandContext& context) {
  ARROW_ASSIGN_OR_RAISE(Job job, LoadJob(context.line, context.line.argument, context.stop));
  Observation observation(context, job.logging);
  ARROW_ASSIGN_OR_RAISE(JobParts parts, MakeJobParts(std::move(job), context.stop));
  return ShowPlan(context, parts, observation);
}

}  // namespace

arrow::Result<JobPlan> MakePlan(const CommandContext& context, JobParts& parts,
                                Observation& observation) {
  observation.ShowProgress();
  auto plan = PlanJob(parts.job, *parts.source, *parts.destination, observation.progress(),
                      context.line.only, context.stop);
  observation.HideProgress();
  return plan;
}

arrow::Result<int> ShowPlan(CommandContext& context, JobParts& parts, Observation& observation) {
  ARROW_ASSIGN_OR_RAISE(const JobPlan plan, MakePlan(context, parts, observation));
  return PrintPlan(context, plan);
}

int PrintPlan(CommandContext& context, const JobPlan& plan) {
  if (context.line.json) {
    WritePlanJson(plan, context.out);
  } else {
    context.out << PlanText(plan, {.width = context.width, .all_units = context.line.units});
  }
  return plan.exit_code();
}

Command PlanCommand() {
  return {
      .name = "plan",
      .summary = "Show what a run would do: strategy, units, types, estimates, warnings",
      .description =
          "Connects to the source, takes a snapshot, describes each table and cuts it into work "
          "units, as `headrace run` does, and stops there: no row is copied and nothing is "
          "written. A table that the destination would refuse cannot run: for an append of other "
          "columns or under a run id that another job has used, for files in its directory that "
          "headrace did not write, or by `write: error_if_exists`. What a name with wildcards "
          "stands for, and what it leaves out, is told first; one that stands for nothing keeps "
          "the whole job from running.",
      .argument = {"JOB", "the job file; default: job.yaml of this folder"},
      .options = {"units", "only", "from", "to", "workers", "set", "json", "log-level",
                  "log-format", "quiet"},
      .examples = {{"headrace plan job.yaml", "how each table would be cut and mapped, and why"},
                   {"headrace plan job.yaml --only public.events --units",
                    "every unit of one table"},
                   {"headrace plan job.yaml --json | jq '.tables[].units | length'",
                    "the same for machines"}},
      .exits = {{kExitDone, "every table can be planned"},
                {kExitFailed,
                 "the source cannot be reached, or a table cannot be planned and others can: as "
                 "`run` would answer"},
                {kExitUsage,
                 "the job, the command line or the rights are wrong, and no table can be loaded"},
                {kExitInterrupted, "interrupted"}},
      .json =
          "`version`, `job`, `source`, `destination`, `snapshot` (`kind`, `about`), `units`, "
          "`estimated_rows`, `warnings`, `notes` (what names with wildcards stand for; of `run "
          "--dry-run` also which run it would be), `grants` "
          "(statements that give the role the rights that it lacks), `error` where no run can "
          "begin for such a name, and for each of `tables`: "
          "`table`, where there is one `pattern` (the name with wildcards that stands for it), "
          "`write`, where there is one `into` (how the destination publishes it), `strategy`, "
          "`why`, `snapshot`, `estimated_rows`, `estimated_bytes`, "
          "`estimate_origin`, `estimate_exact`, `row_width`, where there is one `split_column`, "
          "`where`, `query`, `cursor` (`column`, `from`, `to`, `about`, `greatest`, "
          "`waiting_rows`), `columns` (`source`, `source_type`, `name`, `type`, "
          "`nullable`, `on_overflow`, `note`), `warnings`, and `units`, each in the form of "
          "docs/format/work_unit.md; a table that cannot run has `error` (`class`, `code`, "
          "`message`) instead.",
      .run = Plan,
  };
}

}  // namespace headrace
