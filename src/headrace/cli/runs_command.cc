#include <nlohmann/json.hpp>
#include <ostream>

#include "headrace/cli/command_rows.h"
#include "headrace/cli/job_parts.h"
#include "headrace/cli/run_history.h"
#include "headrace/cli/text_table.h"
#include "headrace/model/json_object.h"
#include "headrace/observe/human.h"
#include "headrace/run/exit_code.h"

namespace headrace {
namespace {

/// Of reports before there was `published_rows`: `rows` had that meaning.
int64_t PublishedRows(const nlohmann::json& report) {
  return report.value("published_rows", report.value("rows", int64_t{0}));
}

std::string RunsText(const std::vector<RunStanding>& runs, const RunScope& scope, size_t width) {
  if (runs.empty()) {
    const std::string of_job = scope.job.empty() ? std::string() : "of job " + scope.job + " ";
    return "No run " + of_job + "yet in " + scope.state.string() + "\n";
  }
  TextTable table({{"RUN"},
                   {"JOB"},
                   {"STATE"},
                   {"STARTED (UTC)"},
                   {"TOOK", true},
                   {"TABLES", true},
                   {"ROWS", true}});
  for (const RunStanding& standing : runs) {
    const JournalRun& run = standing.run;
    const nlohmann::json report = StoredReport(run);
    const bool reported = !report.empty();
    table.AddRow({run.run, run.job, standing.StateText(), HumanMinute(run.started_at),
                  reported ? HumanSeconds(report.value("seconds", 0.0)) : "-",
                  HumanCount(static_cast<int64_t>(run.scope.size())),
                  reported ? HumanCount(PublishedRows(report)) : "-"});
  }
  return table.Render(width);
}

arrow::Result<int> Runs(CommandContext& context) {
  ARROW_ASSIGN_OR_RAISE(const RunScope scope, FindRunScope(context.line, context.stop));
  std::vector<RunStanding> runs;
  ARROW_ASSIGN_OR_RAISE(const bool has_journal, HasJournal(scope.state));
  if (has_journal) {
    ARROW_ASSIGN_OR_RAISE(const auto journal, OpenJournalToRead(scope.state));
    ARROW_ASSIGN_OR_RAISE(const std::vector<JournalRun> known, journal->Runs(scope.job));
    for (const JournalRun& run : known) {
      ARROW_ASSIGN_OR_RAISE(RunStanding standing, StandingOf(scope.state, *journal, run));
      runs.push_back(std::move(standing));
    }
  }
  if (!context.line.json) {
    context.out << RunsText(runs, scope, context.width);
    return kExitDone;
  }
  nlohmann::ordered_json json = {{"state", scope.state.string()},
                                 {"runs", nlohmann::ordered_json::array()}};
  for (const RunStanding& run : runs) json["runs"].push_back(RunJson(run));
  context.out << DumpJson(json, kJsonIndent) << '\n';
  return kExitDone;
}

}  // namespace

Command RunsCommand() {
  return {
      .name = "runs",
      .summary = "List the runs of a job, or of all jobs of a state folder, the latest first",
      .description =
          "Reads the journal of the job's state folder, without connecting to anything. A run that "
          "`failed` or was stopped before its end is unfinished: the next `headrace run` continues "
          "it, or takes over what is left of it where it has loaded tables incrementally (it is "
          "`superseded` then). One that is at work is shown with its process, which holds the "
          "job's lock.",
      .argument = {},
      .options = {"job", "state", "set", "json"},
      .examples = {{"headrace runs", "of the job.yaml of this folder"},
                   {"headrace runs --job shop/job.yaml", "of another job"},
                   {"headrace runs --state /var/lib/headrace",
                    "of all jobs of a state folder, without a job file"}},
      .exits = {{kExitDone, "listed, even if there is none"},
                {kExitFailed, "the journal cannot be read"},
                {kExitUsage,
                 "the job or the command line is wrong, or the folder of --state is not there"},
                {kExitInterrupted, "interrupted while it waited for the job file"}},
      .json =
          "`state` (the folder) and `runs`, each with `run`, `job`, `state` (`running`, `done`, "
          "`failed`, `verify_failed`, `abandoned`, `superseded`; `running` until the run has "
          "ended, "
          "also where its process has), `successor` (the run that took over what was left of one "
          "that is superseded, else null), `at_work` (that process, `pid N on HOST since TIME`; "
          "null where none "
          "is at work on it, or where the job's lock may not be read), `started_at`, `ended_at`, "
          "`scope` (directories of its tables) and `report` (as `headrace run --json`, or null).",
      .run = Runs,
  };
}

}  // namespace headrace
