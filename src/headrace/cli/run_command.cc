#include <nlohmann/json.hpp>
#include <ostream>

#include "headrace/cli/command_rows.h"
#include "headrace/cli/job_parts.h"
#include "headrace/cli/observation.h"
#include "headrace/cli/plan_command.h"
#include "headrace/cli/report_text.h"
#include "headrace/model/json_object.h"
#include "headrace/run/coordinator.h"
#include "headrace/run/exit_code.h"
#include "headrace/run/run_id.h"

namespace headrace {
namespace {

RunRequest RequestOf(const CommandLine& line) {
  return {.run_id = line.run_id, .resume = line.resume, .only = line.only};
}

Coordinator CoordinatorOf(JobParts& parts, Journal& journal, Observation& observation) {
  return Coordinator({.job = parts.job,
                      .source = *parts.source,
                      .destination = *parts.destination,
                      .engine = *parts.engine,
                      .journal = journal,
                      .observer = observation.observer(),
                      .progress = observation.progress()});
}

arrow::Result<RunReport> ExecuteRun(const CommandContext& context, JobParts& parts,
                                    Observation& observation) {
  ARROW_ASSIGN_OR_RAISE(const JobLock lock, JobLock::Acquire(parts.job.state, parts.job.name));
  ARROW_ASSIGN_OR_RAISE(const std::unique_ptr<Journal> journal, Journal::Open(parts.job.state));
  return CoordinatorOf(parts, *journal, observation).Run(RequestOf(context.line), context.stop);
}

/// Refuses what the run would refuse, and leaves no file behind.
arrow::Result<JobPlan> PlanRun(const CommandContext& context, JobParts& parts,
                               Observation& observation) {
  const std::filesystem::path& state = parts.job.state;
  ARROW_RETURN_NOT_OK(JobLock::CheckFree(state, parts.job.name));
  ARROW_ASSIGN_OR_RAISE(const bool has_journal, HasJournal(state));
  ARROW_ASSIGN_OR_RAISE(const std::unique_ptr<Journal> journal,
                        has_journal ? Journal::Open(state) : Journal::OpenInMemory());
  return CoordinatorOf(parts, *journal, observation).Plan(RequestOf(context.line), context.stop);
}

arrow::Result<int> DryRun(CommandContext& context, JobParts& parts, Observation& observation) {
  observation.ShowProgress();
  const auto plan = PlanRun(context, parts, observation);
  observation.HideProgress();
  ARROW_RETURN_NOT_OK(plan);
  return PrintPlan(context, *plan);
}

arrow::Result<int> Run(CommandContext& context) {
  if (context.line.run_id.has_value()) ARROW_RETURN_NOT_OK(CheckRunId(*context.line.run_id));
  ARROW_ASSIGN_OR_RAISE(Job job, LoadJob(context.line, context.line.argument, context.stop));
  Observation observation(context, job.logging);
  ARROW_ASSIGN_OR_RAISE(JobParts parts, MakeJobParts(std::move(job), context.stop));
  if (context.line.dry_run) return DryRun(context, parts, observation);
  observation.ShowProgress();
  const auto report = ExecuteRun(context, parts, observation);
  observation.HideProgress();
  ARROW_RETURN_NOT_OK(report);
  const nlohmann::json json = ToJson(*report);
  context.out << (context.line.json ? DumpJson(json, kJsonIndent) + "\n"
                                    : ReportText(json, context.width, parts.job.words));
  return report->exit_code();
}

constexpr const char* kDescription =
    "Plans each table into work units, reads them in parallel under one snapshot, and "
    "publishes each table in one step.\n"
    "The same command continues a run that was interrupted or killed, and starts a new one "
    "where nothing is unfinished. One table that fails does not stop the others; the next "
    "run loads only what is left, until nothing is, or until `headrace abandon` gives the "
    "run up: only then all tables are read again. Incremental loads do not wait for that: "
    "where the unfinished run has loaded some, a new run takes over what is left of it and "
    "loads their new rows too. A scheduler passes --run-id, so that a repeated call of a "
    "finished run does nothing; a table that the finished run was not for, and that --only "
    "names, is refused: a task for one table has a --run-id of its own. A run that has "
    "published nothing is in the way of no other --run-id of the same job (its text, its "
    "${…}, the place of its source), or that replaces them anyway, and is for all of its "
    "tables: that one takes it over, and is meant by both ids then. Without --run-id a new "
    "run takes one over that has "
    "published nothing, where the job was changed since, mended perhaps; but where a ${…}, "
    "a --set or the place of the source has another value, and its tables are not replaced "
    "anyway, nobody would load what it was for: that is refused. Tables that an unfinished "
    "run was not begun for join it, unless --resume is given.\n"
    "Ctrl-C ends it cleanly, a second one at once. What other programs send (kill, a "
    "scheduler) within a second of the first signal counts as one with it: timeout(1) sends "
    "each signal twice.";

}  // namespace

Command RunCommand() {
  return {
      .name = "run",
      .summary = "Load the job's tables, each completely or not at all",
      .description = kDescription,
      .argument = {"JOB", "the job file; default: job.yaml of this folder"},
      .options = {"run-id", "resume", "only", "from", "to", "dry-run", "workers", "set", "json",
                  "log-level", "log-format", "quiet"},
      .examples = {{"headrace run job.yaml", "load everything, or continue what is unfinished"},
                   {"headrace run job.yaml --run-id 2025-01-31",
                    "from a scheduler: done once, however often it is called"},
                   {"headrace run job.yaml --only public.events --workers 4",
                    "one table, with four workers"},
                   {"headrace run job.yaml --only public.events --from 2023-01-01 --to 2024-01-01",
                    "a backfill of an incremental table: these rows, and no others"},
                   {"headrace run job.yaml --set destination.path=/tmp/lake",
                    "with a key of the job file overridden"},
                   {"headrace run job.yaml --json --log-format json 2> run.log",
                    "for machines: the report here, events in the log"}},
      .exits = {{kExitDone, "every table is published, or there was nothing to do"},
                {kExitFailed,
                 "a table failed, or could not be read again, and none differs; the others are "
                 "published. Or nothing was read, because what --only names is there by a run "
                 "that others keep unfinished"},
                {kExitUsage,
                 "the job, the command line or the rights are wrong and no table of the run is "
                 "published, another run stands in the way, or the run of this --run-id is done "
                 "without a table that --only names"},
                {kExitVerificationFailed,
                 "a published file is not what was written, whatever else failed; also one of an "
                 "earlier run that this one ends or takes over"},
                {kExitInterrupted,
                 "interrupted; nothing is half published, the same command continues"}},
      .json =
          "the run's report: `version` (1: that of this form), `job`, `run`, `exit_code`, `rows`, "
          "`bytes`, `seconds`, "
          "`rows_per_second` (of what this process loaded), `published_rows` (of all tables "
          "below), `workers`, `worker_utilisation` (time spent on units, by the time that workers "
          "were there), `retries`, `phases` (seconds of `init`, `validate`, `extract`, `load`, "
          "`verify`; a table that is published while others are read counts in two), `notes`, "
          "`undecided` (tables whose commit is begun: `run` and `abandon` finish it first), "
          "`left` (tables of the run that are "
          "not published yet), `values_compared` (by the verification, not rows alone), "
          "`nothing_to_do`, `interrupted`, and for each of `tables`: `table`, `state` "
          "(`committed`, `already_committed`, `failed`, `interrupted`), `rows`, `bytes`, `files`, "
          "`units`, `epoch`, `sequence`, `checksum`, `target`, and where there is one "
          "`about` and `published` (what the destination says of the commit), `nulled_values`, "
          "`excluded_rows` (of partition.nulls; both are not known of a table whose commit only "
          "the "
          "lake remembers), `cursor_column` and `watermark` (of "
          "incremental loads), `window` (`column`, `from`, `to`: of those and of backfills), "
          "`source_rows` (counted for `verify: source`), `error` (`class`, `code`, `message`), "
          "`verified`, `problems`, `verify_error` "
          "(as `error`: files of it could not be read again, and the next run verifies it; of "
          "`headrace verify` also what lies beside them), "
          "`replaced_by` (the run that replaced it before it could be verified). With --dry-run: "
          "the document of `headrace plan --json`, of the tables that the run would load; its "
          "`notes` say which run that is.",
      .unprinted = "what was done stays done, and `headrace show` prints it again",
      .run = Run,
  };
}

}  // namespace headrace
