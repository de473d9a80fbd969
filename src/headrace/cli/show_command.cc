#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "headrace/cli/command_rows.h"
#include "headrace/cli/job_parts.h"
#include "headrace/cli/report_text.h"
#include "headrace/cli/run_history.h"
#include "headrace/cli/text_table.h"
#include "headrace/model/job_parameter.h"
#include "headrace/model/json_object.h"
#include "headrace/observe/human.h"
#include "headrace/observe/shell_word.h"
#include "headrace/observe/text_wrap.h"
#include "headrace/run/backfill.h"
#include "headrace/run/exit_code.h"

namespace headrace {
namespace {

/// Where a table of a run stands, from the journal alone.
struct TableProgress {
  JournalTable table;
  int64_t units_done = 0;
  int64_t rows = 0;

  std::string_view state() const {
    if (table.record.has_value()) return "committed";
    return table.intent.has_value() ? "commit open" : "not committed";
  }
};

arrow::Result<std::vector<TableProgress>> TablesOf(Journal& journal, const std::string& run) {
  ARROW_ASSIGN_OR_RAISE(const std::vector<JournalTable> tables, journal.Tables(run));
  std::vector<TableProgress> progress;
  for (const JournalTable& table : tables) {
    TableProgress entry{.table = table};
    ARROW_ASSIGN_OR_RAISE(const std::vector<Receipt> receipts,
                          journal.Receipts(run, table.directory, table.epoch));
    for (const Receipt& receipt : receipts) {
      entry.units_done += static_cast<int64_t>(receipt.units.size());
      entry.rows += receipt.rows;
    }
    // One that was found in the lake has no receipts here.
    if (table.record.has_value()) entry.rows = table.record->intent.rows;
    progress.push_back(std::move(entry));
  }
  return progress;
}

/// The range of a backfill is known to who has asked for it; the journal has its digest.
JobWords WordsFor(const JournalRun& run, JobWords words) {
  if (IsBackfill(run)) words.range = " --from … --to …";
  for (const JobParameter& parameter : run.parameters.value_or(JobParameters())) {
    const auto key = SetKeyOf(parameter);
    if (!key) continue;
    const std::string begins = std::string(*key) + "=";
    const bool is_said = std::ranges::any_of(
        words.set, [&](const std::string& set) { return set.starts_with(begins); });
    if (!is_said) words = words.WithUnknownSet(*key);
  }
  return words;
}

/// What can be done about an unfinished run.
std::string NextText(const RunStanding& standing, const JobWords& job, size_t width) {
  const JournalRun& run = standing.run;
  if (!run.unfinished()) return {};
  if (standing.at_work.has_value()) {
    return "\n" +
           IndentedText("next: wait for " + *standing.at_work + " to end, or stop it", 2, width);
  }
  std::string text =
      "\n" + IndentedText(
                 "next: continue it, or give it up. Tables that are committed stay, an open commit "
                 "is finished first, and the others are read anew from their start:",
                 2, width);
  text += "    headrace run" + EscapeControls(job.AsSameRun()) + " --resume\n";
  return text + "    " + EscapeControls(job.AbandonCommand(run.run)) + "\n";
}

/// A run without a report is at work now, or its process was killed.
std::string UnreportedText(const RunStanding& standing, const std::vector<TableProgress>& tables,
                           const JobWords& job, size_t width) {
  const JournalRun& run = standing.run;
  std::string text = fmt::format("Run {} of job {}: {}, started {} UTC\n", run.run, run.job,
                                 standing.StateText(), HumanTime(run.started_at));
  TextTable table({{"TABLE"}, {"STATE"}, {"EPOCH", true}, {"UNITS READ", true}, {"ROWS", true}});
  for (const TableProgress& entry : tables) {
    table.AddRow({entry.table.label, std::string(entry.state()), HumanCount(entry.table.epoch),
                  fmt::format("{}/{}", HumanCount(entry.units_done), HumanCount(entry.table.units)),
                  HumanCount(entry.rows)});
  }
  if (!table.empty()) text += "\n" + table.Render(width);
  return text + NextText(standing, job, width);
}

/// Of a run whose report is not the last word on its tables: what became of it.
std::string AfterwardsText(const JournalRun& run, size_t width) {
  std::string text;
  if (run.state == RunState::kAbandoned) {
    text =
        "abandoned: what it published stays, and nothing is left to do for it. A plain run loads "
        "every table of the job again";
  } else if (!run.successor.empty()) {
    text = "superseded: run " + run.successor +
           " has taken over what was left of it, `headrace show " + ShellWord(run.successor) + "`";
  }
  return text.empty() ? text : "\n" + IndentedText(text, 2, width);
}

/// What the run printed, without advice that nobody can follow any more.
std::string ReportedText(const JournalRun& run, const nlohmann::json& report, const JobWords& job,
                         size_t width) {
  const bool is_over = run.state == RunState::kAbandoned || run.state == RunState::kSuperseded;
  return ReportText(report, width, job, is_over ? NextStepsShown::kNone : NextStepsShown::kAll);
}

/// Commits that were decided and will never be made: why their tables are loaded anew.
std::string VoidIntentsText(const std::vector<VoidIntent>& intents, size_t width) {
  std::string text;
  for (const VoidIntent& entry : intents) {
    text += "\n" + IndentedText(fmt::format("given up: the commit of {}, epoch {}, at {} UTC",
                                            EscapeControls(entry.intent.label), entry.intent.epoch,
                                            HumanTime(entry.voided_at)),
                                2, width);
    text += IndentedText(PlainLines(entry.reason), 4, width);
  }
  return text;
}

nlohmann::ordered_json VoidIntentsJson(const std::vector<VoidIntent>& intents) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const VoidIntent& entry : intents) {
    json.push_back({{"table", entry.intent.label},
                    {"epoch", entry.intent.epoch},
                    {"rows", entry.intent.rows},
                    {"reason", entry.reason},
                    {"voided_at", entry.voided_at}});
  }
  return json;
}

nlohmann::ordered_json ShowJson(const RunStanding& standing,
                                const std::vector<TableProgress>& tables,
                                const std::vector<VoidIntent>& void_intents) {
  nlohmann::ordered_json json = RunJson(standing);
  json["tables"] = nlohmann::ordered_json::array();
  for (const TableProgress& entry : tables) {
    nlohmann::ordered_json table = {{"table", entry.table.label},
                                    {"state", entry.state()},
                                    {"epoch", entry.table.epoch},
                                    {"units", entry.table.units},
                                    {"units_done", entry.units_done},
                                    {"rows", entry.rows},
                                    {"commit", nullptr}};
    if (entry.table.record.has_value()) table["commit"] = ToJson(*entry.table.record);
    json["tables"].push_back(std::move(table));
  }
  json["void_commits"] = VoidIntentsJson(void_intents);
  return json;
}

arrow::Result<int> Show(CommandContext& context) {
  ARROW_ASSIGN_OR_RAISE(const RunScope scope, FindRunScope(context.line, context.stop));
  ARROW_ASSIGN_OR_RAISE(const auto journal, OpenJournalToRead(scope.state));
  ARROW_ASSIGN_OR_RAISE(
      const JournalRun found,
      FindRun(*journal, context.line.argument.value_or("latest"), scope.job, scope.options));
  ARROW_ASSIGN_OR_RAISE(const RunStanding standing, StandingOf(scope.state, *journal, found));
  const JournalRun& run = standing.run;
  ARROW_ASSIGN_OR_RAISE(const std::vector<TableProgress> tables, TablesOf(*journal, run.run));
  ARROW_ASSIGN_OR_RAISE(const std::vector<VoidIntent> void_intents, journal->VoidIntents(run.run));
  if (context.line.json) {
    context.out << DumpJson(ShowJson(standing, tables, void_intents), kJsonIndent) << '\n';
    return kExitDone;
  }
  const nlohmann::json report = StoredReport(run);
  const bool current = !report.empty() && run.state != RunState::kRunning;
  const JobWords words = WordsFor(run, scope.words);
  context.out << (current ? ReportedText(run, report, words, context.width)
                          : UnreportedText(standing, tables, words, context.width))
              << VoidIntentsText(void_intents, context.width) << AfterwardsText(run, context.width);
  return kExitDone;
}

}  // namespace

Command ShowCommand() {
  return {
      .name = "show",
      .summary = "Show one run: its report, or how far it came",
      .description =
          "Reads the journal, without connecting to anything. A run that has ended shows the "
          "report that it printed; one that was interrupted or killed, or is at work, shows how "
          "far it came. When it is continued, the tables that it has committed stay and the others "
          "are read anew: the snapshot that their units were read under ended with its process. "
          "Commits that were given up, because another run or job came first, say, follow with "
          "their reason. A state folder that may not be written is read as it is.",
      .argument = {"RUN", "a run id of `headrace runs`, or `latest`; default: latest"},
      .options = {"job", "state", "set", "json"},
      .examples = {{"headrace show", "the last run of the job.yaml of this folder"},
                   {"headrace show --state /var/lib/headrace", "the last run of any job there"},
                   {"headrace show 20250131T081500-4f2a9c --job shop/job.yaml",
                    "a run of another job"},
                   {"headrace show latest --json | jq .report.rows", "one figure of it"}},
      .exits = {{kExitDone, "shown"},
                {kExitFailed, "the journal cannot be read"},
                {kExitUsage, "there is no such run, or the command line is wrong"},
                {kExitInterrupted, "interrupted while it waited for the job file"}},
      .json =
          "the run as in `headrace runs --json`, and for each of `tables`: `table`, `state` "
          "(`committed`, `commit open`, `not committed`), `epoch`, `units`, `units_done` (read in "
          "that epoch; of a table that is not committed when its process ends they are void), "
          "`rows`, `commit` (the commit record of docs/format/commit.md, or null); and "
          "`void_commits`, those that were decided and given up: `table`, `epoch`, `rows` (that it "
          "would have published), `reason` (a sentence), `voided_at`.",
      .run = Show,
  };
}

}  // namespace headrace
