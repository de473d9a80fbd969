#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>
#include <vector>

#include "headrace/cli/command_rows.h"
#include "headrace/cli/error_text.h"
#include "headrace/cli/plan_command.h"
#include "headrace/cli/rights_text.h"
#include "headrace/model/error_json.h"
#include "headrace/model/json_object.h"
#include "headrace/observe/human.h"
#include "headrace/observe/text_wrap.h"
#include "headrace/run/cursor_window.h"
#include "headrace/run/exit_code.h"
#include "headrace/run/listed_job.h"
#include "headrace/run/table_selection.h"

namespace headrace {
namespace {

/// One thing that was tried.
struct CheckLine {
  std::string what;
  arrow::Status status;
  std::string found;  ///< Where it went well.
  bool is_table = false;
  std::vector<std::string> warnings = {};
};

std::string Found(const PlannedTable& table) {
  if (!table.status.ok()) return {};
  const std::string_view strategy =
      table.plan.strategy == Strategy::kNone ? "not split" : StrategyName(table.plan.strategy);
  return fmt::format("{}, {}, {}: {}",
                     HumanNumberOf(static_cast<int64_t>(table.plan.columns.size()), "column"),
                     HumanEstimate(table.plan.statistics.rows, "row"),
                     HumanNumberOf(static_cast<int64_t>(table.units.size()), "unit"), strategy);
}

/// What the role lacks is told of all tables together.
MissingRights CheckTables(const CommandContext& context, JobParts& parts, Observation& observation,
                          std::vector<CheckLine>& lines) {
  const auto plan = MakePlan(context, parts, observation);
  if (!plan.ok()) {
    lines.push_back({"source", plan.status(), {}});
    return {};
  }
  lines.push_back({.what = "source",
                   .status = arrow::Status::OK(),
                   .found = plan->source + ", " + plan->snapshot_about,
                   .warnings = plan->warnings});
  for (const PlannedTable& table : plan->tables) {
    lines.push_back({"table " + table.job->table.label(), table.status, Found(table), true,
                     table.status.ok() ? table.plan.warnings : std::vector<std::string>()});
  }
  return plan->rights;
}

CheckLine CheckDestination(Destination& destination) {
  CheckLine line{
      .what = "destination", .status = destination.Check(), .found = destination.endpoint()};
  if (!line.status.ok()) return line;
  auto shortcomings = destination.Shortcomings();
  if (shortcomings.ok()) line.warnings = std::move(*shortcomings);
  return line;
}

/// What to do about a failed line. Of what may pass, an address that is wrong does not: where the
/// source was reached it is none.
std::string_view NextStepOfLine(const CheckLine& line) {
  const arrow::Status& status = line.status;
  if (CodeOf(status) == kInterruptedCode) return NextStep(status);
  switch (ClassOf(status)) {
    case ErrorClass::kUser:
      if (CodeOf(status) == kOtherZoneCode) {
        return "keep the zone, or say by `headrace state set` where to go on, then check again";
      }
      return NeedsWatermark(status)
                 ? "say by `headrace state set` where the load begins, then check again"
                 : "change the job or the rights, then check again";
    case ErrorClass::kTransient:
      return line.is_table
                 ? "this may pass: check again"
                 : "this may pass; if it does not, see that the address is right and the server up";
    case ErrorClass::kPermanent:
      return "this does not pass by itself: remove the cause, then check again";
    case ErrorClass::kBug:
      break;
  }
  return NextStep(status);
}

/// Each next step once, however many lines it is for.
std::string NextStepsText(const std::vector<CheckLine>& lines, size_t width) {
  std::vector<std::string_view> steps;
  for (const CheckLine& line : lines) {
    if (line.status.ok()) continue;
    const std::string_view step = NextStepOfLine(line);
    if (std::ranges::find(steps, step) == steps.end()) steps.push_back(step);
  }
  std::string text;
  for (const std::string_view step : steps) {
    text += (text.empty() ? "\n" : "") + IndentedText(fmt::format("next: {}", step), 2, width);
  }
  return text;
}

std::string LinesText(const std::vector<CheckLine>& lines, size_t width) {
  size_t label = 0;
  for (const CheckLine& line : lines) {
    label = std::max(label, DisplayWidth(EscapeControls(line.what)));
  }
  std::string text;
  for (const CheckLine& line : lines) {
    const std::string what = EscapeControls(line.what);
    const std::string head = fmt::format("{}  {}{}  ", line.status.ok() ? "ok    " : "FAILED", what,
                                         std::string(label - DisplayWidth(what), ' '));
    std::string body = IndentedText(
        PlainLines(line.status.ok() ? line.found : line.status.message()), label + 10, width);
    text += body.replace(0, label + 10, head);
    for (const std::string& warning : line.warnings) {
      text += IndentedText("warning: " + PlainLines(warning), label + 10, width);
    }
  }
  return text + NextStepsText(lines, width);
}

nlohmann::ordered_json LinesJson(const std::vector<CheckLine>& lines, const MissingRights& rights,
                                 int code) {
  nlohmann::ordered_json json = {{"exit_code", code},
                                 {"grants", rights.needed},
                                 {"helpful_grants", rights.helpful},
                                 {"checks", nlohmann::ordered_json::array()}};
  for (const CheckLine& line : lines) {
    nlohmann::ordered_json entry = {{"check", line.what}, {"ok", line.status.ok()}};
    if (line.status.ok()) {
      entry["found"] = line.found;
    } else {
      entry["error"] = ErrorJson(line.status);
    }
    if (!line.warnings.empty()) entry["warnings"] = line.warnings;
    json["checks"].push_back(std::move(entry));
  }
  return json;
}

/// As the run would answer: what fails beside the tables stops them all.
int ExitCodeOfLines(const std::vector<CheckLine>& lines) {
  std::vector<arrow::Status> statuses;
  for (const CheckLine& line : lines) statuses.push_back(line.status);
  const bool any_table_is_good = std::ranges::any_of(
      lines, [](const CheckLine& line) { return line.is_table && line.status.ok(); });
  const bool all_stand = std::ranges::all_of(
      lines, [](const CheckLine& line) { return line.is_table || line.status.ok(); });
  return ExitCodeOfTables(statuses, any_table_is_good && all_stand);
}

std::string SizeOf(const Job& job) {
  std::string text = HumanNumberOf(static_cast<int64_t>(job.tables.size()), "table");
  if (job.patterns.empty()) return text;
  const std::string patterns =
      HumanNumberOf(static_cast<int64_t>(job.patterns.size()), "pattern") + " of names";
  return job.tables.empty() ? patterns : text + " and " + patterns;
}

/// Finds the tables of the job's patterns, a line for each; false where the source cannot be asked.
arrow::Result<bool> CheckPatterns(const CommandContext& context, JobParts& parts,
                                  std::vector<CheckLine>& lines) {
  if (parts.job.patterns.empty()) return true;
  const auto list = ListTablesNow(parts.job, *parts.source, context.stop);
  if (!list.ok()) {
    lines.push_back({"source", list.status(), {}});
    return false;
  }
  parts.job = WithTables(parts.job, list->matched);
  const std::vector<std::string>& only = context.line.only;
  const arrow::Status selected = SelectTables(parts.job, only).status();
  if (!selected.ok()) return list->fault().ok() ? selected : list->fault();
  for (const PatternTables& pattern : list->patterns) {
    if (!only.empty() && !pattern.status.ok()) continue;
    lines.push_back({"tables " + pattern.pattern, pattern.status, pattern.about});
  }
  return true;
}

arrow::Result<int> Check(CommandContext& context) {
  ARROW_ASSIGN_OR_RAISE(Job job, LoadJob(context.line, context.line.argument, context.stop));
  if (job.patterns.empty()) ARROW_RETURN_NOT_OK(SelectTables(job, context.line.only));
  Observation observation(context, job.logging);
  std::vector<CheckLine> lines = {
      {"job", arrow::Status::OK(), fmt::format("{}, {}", job.file.string(), SizeOf(job))}};
  ARROW_ASSIGN_OR_RAISE(JobParts parts, MakeJobParts(std::move(job), context.stop));
  lines.push_back({"state", CheckState(parts.job.state), parts.job.state.string()});
  ARROW_ASSIGN_OR_RAISE(const bool tables_are_known, CheckPatterns(context, parts, lines));
  MissingRights rights;
  if (tables_are_known) rights = CheckTables(context, parts, observation, lines);
  lines.push_back(CheckDestination(*parts.destination));
  const int code = ExitCodeOfLines(lines);
  context.out << (context.line.json
                      ? DumpJson(LinesJson(lines, rights, code), kJsonIndent) + "\n"
                      : LinesText(lines, context.width) + RightsText(rights, true, context.width));
  return code;
}

}  // namespace

Command CheckCommand() {
  return {
      .name = "check",
      .summary = "Try everything that a run needs: job, connection, rights, types, destination",
      .description =
          "Reads the job, looks whether the state folder can be written, connects, takes a "
          "snapshot, describes and plans each table, has the source look at the SQL that reads it, "
          "asks whether what the destination holds of it can be appended to or replaced, and tries "
          "the destination. Where the role lacks rights, the statements that grant them stand at "
          "the "
          "end. No row is copied, and nothing stays at the destination. Everything is "
          "tried, so that all that is wrong shows at once.",
      .argument = {"JOB", "the job file; default: job.yaml of this folder"},
      .options = {"only", "set", "json", "log-level", "log-format", "quiet"},
      .examples = {{"headrace check job.yaml", "one line for each thing that was tried"},
                   {"headrace check job.yaml --set source.host=db2",
                    "would it work against another server?"}},
      .exits = {{kExitDone, "everything can be done"},
                {kExitFailed,
                 "the source or the destination cannot be reached or used, or some tables can be "
                 "loaded and others cannot: as `run` would answer"},
                {kExitUsage,
                 "the job, the command line or the rights are wrong, and no table can be loaded"},
                {kExitInterrupted, "interrupted"}},
      .json =
          "`exit_code`, `grants` (statements that give the role the rights that it lacks, without "
          "semicolons), `helpful_grants` (that spare it waiting and warnings), and `checks`, each "
          "with `check`, `ok`, and `found` (a sentence) or `error` "
          "(`class`, `code`, `message`), and where there are any `warnings` (sentences, as plan "
          "has them).",
      .run = Check,
  };
}

}  // namespace headrace
