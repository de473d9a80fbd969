#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>
#include <set>

#include "headrace/cli/command_rows.h"
#include "headrace/cli/job_parts.h"
#include "headrace/cli/observation.h"
#include "headrace/model/json_object.h"
#include "headrace/observe/human.h"
#include "headrace/run/coordinator.h"
#include "headrace/run/exit_code.h"

namespace headrace {
namespace {

std::string CleanText(const CleanResult& result) {
  std::string text =
      fmt::format("removed {}, {}\n", HumanNumberOf(result.removed_directories, "folder"),
                  HumanBytes(static_cast<double>(result.removed_bytes)));
  for (const std::string& kept : result.kept) text += "kept: " + EscapeControls(kept) + "\n";
  return text;
}

arrow::Result<int> Clean(CommandContext& context) {
  ARROW_ASSIGN_OR_RAISE(Job job, LoadJob(context.line, context.line.job, context.stop));
  Observation observation(context, job.logging);
  ARROW_ASSIGN_OR_RAISE(JobParts parts, MakeJobParts(std::move(job), context.stop));
  ARROW_ASSIGN_OR_RAISE(const JobLock lock, JobLock::Acquire(parts.job.state, parts.job.name));
  ARROW_ASSIGN_OR_RAISE(const auto journal, Journal::Open(parts.job.state));
  Coordinator coordinator({parts.job, *parts.source, *parts.destination, *parts.engine, *journal,
                           observation.observer(), observation.progress()});
  ARROW_ASSIGN_OR_RAISE(const CleanResult result, coordinator.Clean());
  if (context.line.json) {
    const nlohmann::ordered_json json = {{"removed_directories", result.removed_directories},
                                         {"removed_bytes", result.removed_bytes},
                                         {"kept", result.kept}};
    context.out << DumpJson(json, kJsonIndent) << '\n';
  } else {
    context.out << CleanText(result);
  }
  return kExitDone;
}

}  // namespace

Command CleanCommand() {
  return {
      .name = "clean",
      .summary = "Remove what ended runs left behind in staging",
      .description =
          "Removes the staging of runs that are done, abandoned or superseded, and tables that "
          "were replaced "
          "longer ago than the destination's `grace`. Unfinished runs of this job and all open "
          "commits keep theirs, and what headrace did not make stays. Every run does the same when "
          "it starts.",
      .argument = {},
      .options = {"job", "set", "json", "log-level", "log-format", "quiet"},
      .examples = {{"headrace clean", "at the destination of the job.yaml of this folder"},
                   {"headrace clean --job shop/job.yaml", "at that of another job"}},
      .exits = {{kExitDone, "nothing is left that could be removed"},
                {kExitFailed, "something cannot be removed"},
                {kExitUsage,
                 "the job or the command line is wrong, or another process is running the job"},
                {kExitInterrupted, "interrupted while it waited for the job file or the lake"}},
      .json =
          "`removed_directories`, `removed_bytes` and `kept`, the sentences of what stays and why.",
      .unprinted = "what was removed stays removed",
      .run = Clean,
  };
}

}  // namespace headrace
