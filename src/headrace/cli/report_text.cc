#include "headrace/cli/report_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <compare>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "headrace/cli/error_text.h"
#include "headrace/cli/text_table.h"
#include "headrace/observe/human.h"
#include "headrace/observe/shell_word.h"
#include "headrace/observe/text_wrap.h"
#include "headrace/run/backfill.h"
#include "headrace/run/cursor_window.h"
#include "headrace/run/exit_code.h"

namespace headrace {
namespace {

/// Key of why a table could not be verified.
constexpr const char* kVerifyError = "verify_error";

struct OutcomeName {
  int code;
  std::string_view name;
};

constexpr std::array<OutcomeName, 5> kOutcomeNames = {
    {{kExitDone, "done"},
     {kExitFailed, "failed"},
     {kExitUsage, "failed"},
     {kExitVerificationFailed, "verification failed"},
     {kExitInterrupted, "interrupted"}}};

struct StateName {
  std::string_view state;
  std::string_view label;
};

/// Names of TableState, as people read them.
constexpr std::array<StateName, 4> kStateNames = {{{"committed", "committed"},
                                                   {"already_committed", "was committed"},
                                                   {"failed", "FAILED"},
                                                   {"interrupted", "interrupted"}}};

std::string Outcome(const nlohmann::json& report) {
  const int code = report.value("exit_code", kExitFailed);
  for (const OutcomeName& outcome : kOutcomeNames) {
    if (outcome.code == code) return std::string(outcome.name);
  }
  return fmt::format("exit code {}", code);
}

std::string StateLabel(const std::string& state) {
  for (const StateName& name : kStateNames) {
    if (name.state == state) return std::string(name.label);
  }
  return state;
}

std::string_view VerifiedLabel(const nlohmann::json& table) {
  if (table.contains("replaced_by")) return "replaced";
  if (!table.contains("verified")) return table.contains(kVerifyError) ? "NOT READ" : "-";
  return table.value("verified", false) ? "ok" : "DIFFERS";
}

double Number(const nlohmann::json& object, const char* key) { return object.value(key, 0.0); }
int64_t Integer(const nlohmann::json& object, const char* key) {
  return object.value(key, int64_t{0});
}

bool HasTablesLeft(const nlohmann::json& report) {
  return !report.value("left", nlohmann::json::array()).empty();
}

std::string TitleText(const nlohmann::json& report) {
  const std::string run = report.value("run", "");
  const std::string job = report.value("job", "");
  if (run.empty()) return fmt::format("Job {}: nothing to do\n", job);
  std::string title = fmt::format("Run {} of job {}: {}", run, job, Outcome(report));
  if (report.value("nothing_to_do", false)) {
    title += HasTablesLeft(report) ? ", nothing was left to do of the tables asked for"
                                   : ", nothing was left to do";
  }
  return title + "\n";
}

std::string RowsOfWindow(const nlohmann::json& window) {
  const std::string rows = "the rows with " + window.value("column", "");
  const nlohmann::json from = window.value("from", nlohmann::json());
  const std::string to = window.value("to", "");
  return from.is_string() ? rows + " from " + from.get<std::string>() + " to before " + to
                          : rows + " below " + to;
}

/// Which rows a backfill has loaded; empty for other loads.
std::string BackfillText(const nlohmann::json& row) {
  const nlohmann::json window = row.value("window", nlohmann::json());
  if (!window.is_object() || row.contains("cursor_column")) return {};
  return RowsOfWindow(window) + " are loaded; the watermark stays";
}

/// Where the next load begins; rows below it that are not there were left out by the job, or were
/// NULL.
std::string WatermarkText(const nlohmann::json& row) {
  const nlohmann::json watermark = row.value("watermark", nlohmann::json());
  if (!watermark.is_string()) return {};
  std::string text =
      "the watermark of " + row.value("cursor_column", "") + " is " + watermark.get<std::string>();
  const nlohmann::json window = row.value("window", nlohmann::json());
  if (!window.is_object()) return text;
  const bool is_empty = window.value("from", nlohmann::json()) == watermark;
  return (is_empty ? "nothing was new" : RowsOfWindow(window) + " are loaded") + "; " + text;
}

std::string TablesText(const nlohmann::json& report, size_t width) {
  TextTable table({{"TABLE"},
                   {"STATE"},
                   {"ROWS", true},
                   {"BYTES", true},
                   {"FILES", true},
                   {"UNITS", true},
                   {"VERIFIED"}});
  for (const nlohmann::json& row : report.value("tables", nlohmann::json::array())) {
    const int64_t units = Integer(row, "units");
    table.AddRow({row.value("table", ""), StateLabel(row.value("state", "")),
                  HumanCount(Integer(row, "rows")), HumanBytes(Number(row, "bytes")),
                  HumanCount(Integer(row, "files")), units == 0 ? "-" : HumanCount(units),
                  std::string(VerifiedLabel(row))});
    if (const std::string target = row.value("target", ""); !target.empty()) {
      table.AddDetail("in " + target);
    }
    if (const std::string about = row.value("about", ""); !about.empty()) table.AddDetail(about);
    if (row.contains("replaced_by")) table.AddDetail("by run " + row.value("replaced_by", ""));
    if (const int64_t nulled = Integer(row, "nulled_values"); nulled > 0) {
      table.AddDetail(HumanNumberOf(nulled, "value") + " became NULL (on_overflow: null)");
    }
    if (const std::string watermark = WatermarkText(row); !watermark.empty()) {
      table.AddDetail(watermark);
    }
    if (const std::string backfill = BackfillText(row); !backfill.empty()) {
      table.AddDetail(backfill);
    }
    if (row.contains("source_rows")) {
      table.AddDetail("the source counts " + HumanNumberOf(Integer(row, "source_rows"), "row"));
    }
    if (const int64_t excluded = Integer(row, "excluded_rows"); excluded > 0) {
      table.AddDetail(HumanNumberOf(excluded, "row") + " left out (partition.nulls: exclude)");
    }
  }
  return table.empty() ? std::string() : "\n" + table.Render(width);
}

std::string PhasesText(const nlohmann::json& phases) {
  std::string text;
  for (const std::string_view phase :
       std::array<std::string_view, 5>{"init", "validate", "extract", "load", "verify"}) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", phase,
                        HumanSeconds(Number(phases, std::string(phase).c_str())));
  }
  return text;
}

/// Totals, where the run extracted anything.
std::string TotalsText(const nlohmann::json& report) {
  const int64_t workers = Integer(report, "workers");
  if (workers == 0) return {};
  return fmt::format(
      "\n  {}, {} in {}, {} rows/s\n  {}, {} busy, {}\n  {}\n",
      HumanNumberOf(Integer(report, "rows"), "row"), HumanBytes(Number(report, "bytes")),
      HumanSeconds(Number(report, "seconds")),
      HumanCount(static_cast<int64_t>(Number(report, "rows_per_second"))),
      HumanNumberOf(workers, "worker"), HumanPercent(Number(report, "worker_utilisation")),
      Integer(report, "retries") == 1 ? "1 retry"
                                      : HumanCount(Integer(report, "retries")) + " retries",
      PhasesText(report.value("phases", nlohmann::json::object())));
}

/// An error of a table's report, under `key`, as a Status again, for its next step.
arrow::Status ErrorOf(const nlohmann::json& table, const char* key) {
  const nlohmann::json error = table.value(key, nlohmann::json::object());
  const std::string name = error.value("class", "");
  ErrorClass error_class = ErrorClass::kPermanent;
  for (const ErrorClass known :
       {ErrorClass::kUser, ErrorClass::kTransient, ErrorClass::kPermanent, ErrorClass::kBug}) {
    if (ErrorClassName(known) == name) error_class = known;
  }
  return MakeError(error_class, error.value("message", ""), error.value("code", ""));
}

bool HasPublishedTable(const nlohmann::json& report) {
  const nlohmann::json tables = report.value("tables", nlohmann::json::array());
  return std::ranges::any_of(tables, [](const nlohmann::json& table) {
    return table.value("state", "").ends_with("committed");
  });
}

constexpr const char* kTableError = "error";

/// What can be done about a failed table.
struct NextSteps {
  enum class Commands { kNone, kOfChange, kOfWatermark, kOfAbandoning };

  std::string sentence;
  Commands commands = Commands::kNone;  ///< What stands below the sentence.

  auto operator<=>(const NextSteps&) const = default;
};

/// Lines of commands; they are not wrapped.
std::string CommandLines(const std::vector<std::string>& commands) {
  std::string text;
  for (const std::string& command : commands) text += "      " + EscapeControls(command) + "\n";
  return text;
}

std::string AbandonCommand(const nlohmann::json& report, const JobWords& job) {
  return job.AbandonCommand(report.value("run", ""));
}

/// ` --only TABLE …` of the tables that the run has not published, and whose commit `abandon` does
/// not finish; empty: there is none.
std::string OnlyLeft(const nlohmann::json& report) {
  const nlohmann::json undecided = report.value("undecided", nlohmann::json::array());
  std::string only;
  for (const nlohmann::json& table : report.value("left", nlohmann::json::array())) {
    if (std::ranges::find(undecided, table) != undecided.end()) continue;
    only += " --only " + ShellWord(table.get<std::string>());
  }
  return only;
}

/// What loads the rest behind an `abandon`, if there is any. Without --only it would load what is
/// published, or was not asked for, once more where that is appended.
std::vector<std::string> RunOfRest(const nlohmann::json& report, const JobWords& job) {
  const std::string only = OnlyLeft(report);
  if (only.empty()) return {};
  return {"headrace run" + job.AsSameRun() + only};
}

/// How what is left of a run is loaded with another job.
std::string CommandsOfChange(const nlohmann::json& report, const JobWords& job) {
  std::vector<std::string> commands = {AbandonCommand(report, job)};
  std::ranges::copy(RunOfRest(report, job), std::back_inserter(commands));
  return CommandLines(commands);
}

/// How tables go on whose watermark somebody has to say.
std::string CommandsOfWatermark(const nlohmann::json& report, const JobWords& job) {
  std::vector<std::string> commands;
  // A backfill of which nothing is published was refused, and is not kept.
  const bool is_kept = job.range.empty() || HasPublishedTable(report);
  if (is_kept) commands.push_back(AbandonCommand(report, job));
  for (const nlohmann::json& table : report.value("tables", nlohmann::json::array())) {
    if (!NeedsWatermark(ErrorOf(table, kTableError))) continue;
    commands.push_back("headrace state set " + ShellWord(table.value("table", "")) + " VALUE" +
                       job.AsOption());
  }
  std::ranges::copy(RunOfRest(report, job), std::back_inserter(commands));
  return CommandLines(commands);
}

std::string CommandsText(NextSteps::Commands commands, const nlohmann::json& report,
                         const JobWords& job) {
  switch (commands) {
    case NextSteps::Commands::kNone:
      return {};
    case NextSteps::Commands::kOfChange:
      return CommandsOfChange(report, job);
    case NextSteps::Commands::kOfWatermark:
      return CommandsOfWatermark(report, job);
    case NextSteps::Commands::kOfAbandoning:
      return CommandLines({AbandonCommand(report, job)});
  }
  return {};
}

/// A run that has published a table goes on with the same job only; `otherwise` says when it can.
NextSteps NextStepsOfChange(std::string_view otherwise) {
  return {.sentence = std::string(otherwise) +
                      ": only what is left is loaded. Where the job must change, change it and "
                      "load what is left, by the names that it has then, and nothing twice:",
          .commands = NextSteps::Commands::kOfChange};
}

NextSteps NextStepsOfTable(const arrow::Status& error, bool any_published) {
  if (CodeOf(error) == kBackfillRangeCode) {
    if (!any_published) return {"choose another range"};
    return {.sentence = "choose another range for it, once what is left of this run is given up:",
            .commands = NextSteps::Commands::kOfAbandoning};
  }
  if (NeedsWatermark(error)) {
    return {.sentence =
                "give this run up, say where the load begins (`state reset TABLE`: as with "
                "a new table), then run again:",
            .commands = NextSteps::Commands::kOfWatermark};
  }
  const ErrorClass error_class = ClassOf(error);
  // Permanent: a value that does not fit, say, where on_overflow would be a change of the job.
  const bool may_be_the_job =
      error_class == ErrorClass::kUser || error_class == ErrorClass::kPermanent;
  if (may_be_the_job && any_published) {
    return NextStepsOfChange(error_class == ErrorClass::kUser
                                 ? "where the rights or the source were wrong, run again"
                                 : NextStep(error));
  }
  if (error_class == ErrorClass::kBug) return {std::string(NextStep(error))};
  std::string step(NextStep(error));
  if (step.empty()) step = "change the job or the rights, then run again";
  return {step + ": only what is left is loaded"};
}

/// Tables that failed for the same reason.
struct Failure {
  std::string tables;
  arrow::Status error;
};

/// Of `tables` those that have an error under `key`, in the order of their first tables. Thousands
/// may fail, each for a reason of its own.
std::vector<Failure> FailuresOf(const nlohmann::json& tables, const char* key) {
  std::vector<Failure> failures;
  std::map<std::string, size_t> by_message;
  for (const nlohmann::json& table : tables) {
    if (!table.contains(key)) continue;
    const arrow::Status error = ErrorOf(table, key);
    const std::string name = EscapeControls(table.value("table", ""));
    const auto [same, is_new] = by_message.emplace(error.message(), failures.size());
    if (is_new) {
      failures.push_back({name, error});
    } else {
      failures[same->second].tables += ", " + name;
    }
  }
  return failures;
}

std::string FailedTablesText(const nlohmann::json& report, size_t width, const JobWords& job,
                             NextStepsShown next) {
  nlohmann::json tables = nlohmann::json::array();
  for (const nlohmann::json& table : report.value("tables", nlohmann::json::array())) {
    if (table.value("state", "") == "failed") tables.push_back(table);
  }
  const std::vector<Failure> failures = FailuresOf(tables, kTableError);
  const bool any_published = HasPublishedTable(report);
  std::vector<NextSteps> steps;
  std::map<NextSteps, size_t> last;
  for (const Failure& failure : failures) {
    steps.push_back(NextStepsOfTable(failure.error, any_published));
    last[steps.back()] = steps.size() - 1;
  }
  std::string text;
  for (size_t i = 0; i < failures.size(); ++i) {
    text += "\n" + IndentedText("failed: " + failures[i].tables, 2, width);
    text += IndentedText(PlainLines(failures[i].error.message()), 4, width);
    // Steps that several failures share stand behind the last of them.
    if (last[steps[i]] != i || next == NextStepsShown::kNone) continue;
    text += IndentedText("next: " + steps[i].sentence, 4, width);
    text += CommandsText(steps[i].commands, report, job);
  }
  return text;
}

/// Nothing is known of them: they are neither damaged nor as they were written.
std::string UnreadTablesText(const nlohmann::json& report, size_t width, NextStepsShown next) {
  std::string text;
  for (const Failure& failure :
       FailuresOf(report.value("tables", nlohmann::json::array()), kVerifyError)) {
    text += "\n" + IndentedText("could not be verified: " + failure.tables, 2, width);
    text += IndentedText(PlainLines(failure.error.message()), 4, width);
  }
  if (text.empty() || next == NextStepsShown::kNone) return text;
  return text + IndentedText(
                    "next: once the files can be read, run the same command again: it "
                    "verifies them",
                    4, width);
}

std::string FailuresText(const nlohmann::json& report, size_t width, const JobWords& job,
                         NextStepsShown next) {
  std::string text =
      FailedTablesText(report, width, job, next) + UnreadTablesText(report, width, next);
  for (const nlohmann::json& table : report.value("tables", nlohmann::json::array())) {
    for (const nlohmann::json& problem : table.value("problems", nlohmann::json::array())) {
      text += "\n" + IndentedText("differs: " + EscapeControls(table.value("table", "")), 2, width);
      text += IndentedText(PlainLines(problem.get<std::string>()), 4, width);
    }
  }
  if (report.value("exit_code", 0) == kExitVerificationFailed) {
    text += IndentedText(
        "next: published files were changed or damaged: restore them. Where there is no copy, a "
        "table that is replaced is loaded again by --only; of one that is appended or incremental "
        "the run's folder goes first, and then its rows are loaded again, those of a window by a "
        "backfill (--from, --to)",
        4, width);
  }
  return text;
}

/// Tables of the run that there is nothing to compare of.
std::string LeftText(const nlohmann::json& report, size_t width) {
  if (!HasTablesLeft(report)) return {};
  std::vector<std::string> tables;
  for (const nlohmann::json& table : report["left"]) {
    tables.push_back(EscapeControls(table.get<std::string>()));
  }
  return "\n" + IndentedText(fmt::format("not published: {}", fmt::join(tables, ", ")), 2, width);
}

std::string VerificationOutcome(const nlohmann::json& report) {
  const nlohmann::json tables = report.value("tables", nlohmann::json::array());
  const auto any_has = [&](const char* key) {
    return std::ranges::any_of(tables,
                               [key](const nlohmann::json& table) { return table.contains(key); });
  };
  if (report.value("interrupted", false)) return "interrupted before all was compared";
  const bool replaced = any_has("replaced_by");
  const bool differs = std::ranges::any_of(
      tables, [](const nlohmann::json& table) { return !table.value("verified", true); });
  if (any_has(kVerifyError)) {
    return differs ? "not everything is as it was written, and not everything could be read"
                   : "not everything could be read";
  }
  if (report.value("exit_code", kExitFailed) != kExitDone) {
    return "not everything is as it was written";
  }
  if (!any_has("verified")) {
    return replaced ? "nothing is left to compare, its tables were replaced since"
                    : "nothing was compared";
  }
  const std::string agrees =
      report.value("values_compared", false)
          ? "is as it was written"
          : "has the rows that were written (values were not compared: --level checksum)";
  if (replaced) return "what is still there " + agrees;
  return HasTablesLeft(report)
             ? "what is published " + agrees + ", but not every table is published"
             : "everything " + agrees;
}

std::string_view InterruptionText(const nlohmann::json& report) {
  return report.value("interrupted", false)
             ? "\n  next: run the same command again: it continues this run\n"
             : "";
}

std::string NotesText(const nlohmann::json& report, size_t width) {
  std::string text;
  for (const nlohmann::json& note : report.value("notes", nlohmann::json::array())) {
    text += IndentedText("note: " + EscapeControls(note.get<std::string>()), 2, width);
  }
  return text.empty() ? text : "\n" + text;
}

/// Tables of the run that it says nothing else of.
std::string LeftOutText(const nlohmann::json& report, size_t width) {
  return report.value("nothing_to_do", false) ? LeftText(report, width) : std::string();
}

}  // namespace

std::string ReportText(const nlohmann::json& report, size_t width, const JobWords& job,
                       NextStepsShown next) {
  const bool shows_next = next == NextStepsShown::kAll;
  return TitleText(report) + TablesText(report, width) + TotalsText(report) +
         NotesText(report, width) + LeftOutText(report, width) +
         FailuresText(report, width, job, next) +
         std::string(shows_next ? InterruptionText(report) : "");
}

std::string VerificationText(const nlohmann::json& report, size_t width) {
  return fmt::format("Run {} of job {}: {}\n", report.value("run", ""), report.value("job", ""),
                     VerificationOutcome(report)) +
         TablesText(report, width) + NotesText(report, width) + LeftText(report, width) +
         FailuresText(report, width, {}, NextStepsShown::kAll);
}

}  // namespace headrace
