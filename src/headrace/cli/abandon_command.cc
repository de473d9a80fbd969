#include <nlohmann/json.hpp>
#include <ostream>

#include "headrace/cli/command_rows.h"
#include "headrace/cli/job_parts.h"
#include "headrace/cli/observation.h"
#include "headrace/model/json_object.h"
#include "headrace/observe/human.h"
#include "headrace/run/coordinator.h"
#include "headrace/run/exit_code.h"

namespace headrace {
namespace {

arrow::Result<int> Abandon(CommandContext& context) {
  ARROW_ASSIGN_OR_RAISE(Job job, LoadJob(context.line, context.line.job, context.stop));
  Observation observation(context, job.logging);
  ARROW_ASSIGN_OR_RAISE(JobParts parts, MakeJobParts(std::move(job), context.stop));
  ARROW_ASSIGN_OR_RAISE(const auto journal, OpenExistingJournal(parts.job.state));
  ARROW_ASSIGN_OR_RAISE(const JournalRun run, FindRun(*journal, *context.line.argument,
                                                      parts.job.name, parts.job.words.AsOption()));
  ARROW_ASSIGN_OR_RAISE(const JobLock lock, JobLock::Acquire(parts.job.state, run.job));
  const OnDoubt on_doubt = context.line.give_up_commit ? OnDoubt::kGiveUp : OnDoubt::kStop;
  Coordinator coordinator({parts.job, *parts.source, *parts.destination, *parts.engine, *journal,
                           observation.observer(), observation.progress()});
  ARROW_ASSIGN_OR_RAISE(const std::vector<std::string> done,
                        coordinator.Abandon(run.run, on_doubt));
  if (context.line.json) {
    const nlohmann::ordered_json json = {{"run", run.run}, {"done", done}};
    context.out << DumpJson(json, kJsonIndent) << '\n';
  } else {
    for (const std::string& sentence : done) context.out << PlainLines(sentence) << '\n';
  }
  return kExitDone;
}

}  // namespace

Command AbandonCommand() {
  return {
      .name = "abandon",
      .summary = "Give up an unfinished run, so that the next one starts anew",
      .description =
          "A commit that was begun is finished first: no table is ever left half published, and "
          "what is published stays. What the run had read of other tables is given up, and "
          "removed. A commit of which nothing can be said, because table and staging are both "
          "gone, keeps the run open. Mount what is not mounted; if it is gone for good, look what "
          "is in the table, then use `--give-up-commit`: the journal notes the commit as void, "
          "though its rows may have been published, and the next run loads them anew.",
      .argument = {"RUN", "a run id of `headrace runs`", true},
      .options = {"give-up-commit", "job", "set", "json", "log-level", "log-format", "quiet"},
      .examples = {{"headrace abandon 20250131T081500-4f2a9c", "of the job.yaml of this folder"},
                   {"headrace abandon 20250131T081500-4f2a9c --job shop/job.yaml",
                    "of another job"},
                   {"headrace abandon 20250131T081500-4f2a9c --give-up-commit",
                    "the lake was removed by hand"}},
      .exits = {{kExitDone, "given up"},
                {kExitFailed,
                 "an open commit cannot be finished: try again once the destination can be "
                 "reached, or use --give-up-commit"},
                {kExitUsage,
                 "there is no such run, it is not unfinished, or another process is running it"},
                {kExitInterrupted, "interrupted while it waited for the job file or the lake"}},
      .json = "`run` and `done`, the sentences of what was done.",
      .unprinted = "what was done stays done",
      .run = Abandon,
  };
}

}  // namespace headrace
