#include <array>
#include <nlohmann/json.hpp>
#include <ostream>

#include "headrace/cli/command_rows.h"
#include "headrace/cli/job_parts.h"
#include "headrace/cli/observation.h"
#include "headrace/cli/report_text.h"
#include "headrace/model/json_object.h"
#include "headrace/run/coordinator.h"
#include "headrace/run/exit_code.h"

namespace headrace {
namespace {

struct LevelOfName {
  std::string_view name;
  VerifyLevel level;
};

constexpr std::array<LevelOfName, 3> kVerifyLevels = {{{"off", VerifyLevel::kOff},
                                                       {"counts", VerifyLevel::kCounts},
                                                       {"checksum", VerifyLevel::kChecksum}}};

/// `--level`, else the job's; a command that verifies nothing must have been told so.
VerifyLevel WantedLevel(const CommandLine& line, const Job& job) {
  for (const LevelOfName& known : kVerifyLevels) {
    if (line.level == known.name) return known.level;
  }
  return job.verify == VerifyLevel::kChecksum ? job.verify : VerifyLevel::kCounts;
}

arrow::Result<int> Verify(CommandContext& context) {
  ARROW_ASSIGN_OR_RAISE(Job job, LoadJob(context.line, context.line.job, context.stop));
  Observation observation(context, job.logging);
  ARROW_ASSIGN_OR_RAISE(JobParts parts, MakeJobParts(std::move(job), context.stop));
  ARROW_ASSIGN_OR_RAISE(const auto journal, OpenJournalToRead(parts.job.state));
  ARROW_ASSIGN_OR_RAISE(const JournalRun run, FindRun(*journal, *context.line.argument,
                                                      parts.job.name, parts.job.words.AsOption()));
  Coordinator coordinator({parts.job, *parts.source, *parts.destination, *parts.engine, *journal,
                           observation.observer(), observation.progress()});
  observation.ShowProgress();
  const auto report =
      coordinator.Verify(run.run, WantedLevel(context.line, parts.job), context.stop);
  observation.HideProgress();
  ARROW_RETURN_NOT_OK(report);
  const nlohmann::json json = ToJson(*report);
  context.out << (context.line.json ? DumpJson(json, kJsonIndent) + "\n"
                                    : VerificationText(json, context.width));
  return report->exit_code();
}

}  // namespace

Command VerifyCommand() {
  return {
      .name = "verify",
      .summary = "Read a run's published files again and compare them with what was written",
      .description =
          "`counts` compares the rows of each file, `checksum` every value and every byte, both "
          "with the run's commit record; without --level it is checksum where the job's `verify` "
          "is, else counts. Files that no run wrote, and readers of the table would read, are "
          "named. Reads the job's destination, never the source; where the run wrote to another "
          "place, because the lake was moved or the job names another one, a note says so. A table "
          "that a later run replaced is named, with that run, and not compared. So is a table of "
          "an unfinished or abandoned run that "
          "is not published: that says nothing against those that are, so the exit code stays 0.",
      .argument = {"RUN", "a run id of `headrace runs`, or `latest`", true},
      .options = {"level", "job", "set", "json", "log-level", "log-format", "quiet"},
      .examples = {{"headrace verify latest", "the last run, as closely as the job says"},
                   {"headrace verify 20250131T081500-4f2a9c --level checksum",
                    "every value of an earlier run"},
                   {"headrace verify latest --set destination.path=/backup/lake",
                    "a copy of the lake, against what the run wrote"}},
      .exits = {{kExitDone, "nothing differs of all that is published and was not replaced since"},
                {kExitFailed,
                 "files, or the lake itself, cannot be read, which says nothing against them, and "
                 "none of the others differs"},
                {kExitUsage,
                 "there is no such run, it has published nothing, or the command line is wrong"},
                {kExitVerificationFailed,
                 "a file is missing, damaged or changed, also where others cannot be read"},
                {kExitInterrupted, "interrupted"}},
      .json =
          "a report as `headrace run --json`; for each table `verified` and, where something "
          "differs, `problems` (sentences); `verify_error` (`class`, `code`, `message`) where "
          "files of it could not be read, instead of them unless others differ; `replaced_by` (a "
          "run) "
          "where it was replaced since. `target`: where it was looked for; `notes` say where that "
          "is not the place that the run wrote to. `left`: the tables of the run that are not "
          "published.",
      .run = Verify,
  };
}

}  // namespace headrace
