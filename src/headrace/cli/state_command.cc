#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "headrace/cli/command_rows.h"
#include "headrace/cli/job_parts.h"
#include "headrace/cli/observation.h"
#include "headrace/cli/run_history.h"
#include "headrace/cli/text_table.h"
#include "headrace/model/error_json.h"
#include "headrace/model/json_object.h"
#include "headrace/observe/human.h"
#include "headrace/run/coordinator.h"
#include "headrace/run/cursor_state.h"
#include "headrace/run/exit_code.h"

namespace headrace {
namespace {

nlohmann::ordered_json CursorJson(const TableCursor& cursor) {
  nlohmann::ordered_json json = {{"table", cursor.table},
                                 {"cursor", cursor.column},
                                 {"watermark", nullptr},
                                 {"run", nullptr},
                                 {"committed_at", nullptr}};
  if (!cursor.record.ok()) json["error"] = ErrorJson(cursor.record.status());
  if (!cursor.record.ok() || !cursor.record->has_value()) return json;
  const CommitRecord& record = **cursor.record;
  const CommitIntent& intent = record.intent;
  if (intent.watermark) json["watermark"] = *intent.watermark;
  if (intent.cursor_timezone) json["cursor_timezone"] = *intent.cursor_timezone;
  json["run"] = intent.run;
  json["committed_at"] = record.committed_at;
  return json;
}

std::string CursorsText(const std::vector<TableCursor>& cursors, size_t width) {
  if (cursors.empty()) return "no table of this job is in 'mode: transactional'\n";
  TextTable table({{"TABLE"}, {"CURSOR"}, {"WATERMARK"}, {"BY RUN"}, {"AT (UTC)"}});
  for (const TableCursor& cursor : cursors) {
    if (!cursor.record.ok()) {
      table.AddRow({cursor.table, cursor.column, "not known", "-", "-"});
      table.AddDetail(cursor.record.status().message());
      continue;
    }
    if (!cursor.record->has_value()) {
      table.AddRow({cursor.table, cursor.column, "none", "-", "-"});
      continue;
    }
    const CommitRecord& record = **cursor.record;
    const CommitIntent& intent = record.intent;
    const bool is_local = intent.watermark && intent.cursor_timezone;
    table.AddRow(
        {cursor.table, cursor.column,
         intent.watermark.value_or("none") + (is_local ? " (" + *intent.cursor_timezone + ")" : ""),
         intent.run, HumanTime(record.committed_at)});
  }
  return table.Render(width);
}

/// One table whose watermark is not known does not hide the others.
arrow::Result<int> ShowCursors(CommandContext& context, const JobParts& parts) {
  const std::vector<TableCursor> cursors =
      ListCursors(parts.job, *parts.source, *parts.destination, context.stop);
  if (context.line.json) {
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (const TableCursor& cursor : cursors) json.push_back(CursorJson(cursor));
    context.out << DumpJson(json, kJsonIndent) << '\n';
  } else {
    context.out << CursorsText(cursors, context.width);
  }
  const auto is_known = [](const TableCursor& cursor) { return cursor.record.ok(); };
  return std::ranges::all_of(cursors, is_known) ? kExitDone : kExitFailed;
}

arrow::Result<int> ChangeCursor(CommandContext& context, const JobParts& parts,
                                Observation& observation,
                                const std::optional<std::string>& watermark) {
  const std::string& table = context.line.more.front();
  ARROW_ASSIGN_OR_RAISE(const JobLock lock, JobLock::Acquire(parts.job.state, parts.job.name));
  ARROW_ASSIGN_OR_RAISE(const auto journal, Journal::Open(parts.job.state));
  const RunParts run_parts{parts.job, *parts.source,          *parts.destination,    *parts.engine,
                           *journal,  observation.observer(), observation.progress()};
  ARROW_ASSIGN_OR_RAISE(const CommitRecord record,
                        SetWatermark(run_parts, table, watermark, context.stop));
  const TableCursor cursor{record.intent.label, *record.intent.cursor_column, record};
  if (context.line.json) {
    context.out << DumpJson(CursorJson(cursor), kJsonIndent) << '\n';
  } else {
    context.out << PlainLines("the next run of " + cursor.table + " begins " +
                              (watermark
                                   ? "with \"" + cursor.column + "\" at " + *record.intent.watermark
                                   : "as the first one did: at load.initial, or with all "
                                     "rows"))
                << '\n';
  }
  return kExitDone;
}

/// An action, and the words behind it.
struct StateAction {
  std::string_view name;
  size_t words;
  std::string_view usage;
};

constexpr std::array kStateActions = {StateAction{"show", 0, "headrace state show"},
                                      StateAction{"set", 2, "headrace state set TABLE VALUE"},
                                      StateAction{"reset", 1, "headrace state reset TABLE"}};

arrow::Result<const StateAction*> FindAction(const CommandLine& line) {
  const std::string name = line.argument.value_or("show");
  const auto* const action = std::ranges::find(kStateActions, name, &StateAction::name);
  if (action == kStateActions.end()) {
    return UserError("`headrace state` can show, set or reset, not \"" + name + "\"");
  }
  if (line.more.size() == action->words) return action;
  return UserError("expected `" + std::string(action->usage) + "`");
}

arrow::Result<int> State(CommandContext& context) {
  ARROW_ASSIGN_OR_RAISE(const StateAction* action, FindAction(context.line));
  ARROW_ASSIGN_OR_RAISE(Job job, LoadJob(context.line, context.line.job, context.stop));
  Observation observation(context, job.logging);
  ARROW_ASSIGN_OR_RAISE(const JobParts parts, MakeJobParts(std::move(job), context.stop));
  if (action->name == "show") return ShowCursors(context, parts);
  std::optional<std::string> watermark;
  if (action->name == "set") watermark = context.line.more.back();
  return ChangeCursor(context, parts, observation, watermark);
}

}  // namespace

Command StateCommand() {
  return {
      .name = "state",
      .summary = "Show, set or reset the watermarks of incremental loads",
      .description =
          "A table in 'mode: transactional' is loaded up to its watermark, which lies with its "
          "data "
          "in the commit record of the last run. `set` makes the next run begin at another value, "
          "`reset` as the first run did; both write a commit record of their own, without rows, "
          "and "
          "change no data: rows that are loaded a second time are there twice.",
      .argument = {"ACTION", "show, set or reset; default: show"},
      .more_arguments = {{"TABLE", "of set and reset: the table, as the job names it"},
                         {"VALUE", "of set: a value of its cursor, e.g. 2024-01-31T09:15:00Z"}},
      .options = {"job", "set", "json", "log-level", "log-format", "quiet"},
      .examples = {{"headrace state show", "of the job.yaml of this folder"},
                   {"headrace state set public.events 2024-01-31 --job shop/job.yaml",
                    "load everything since that day, again"},
                   {"headrace state reset public.events", "begin anew"}},
      .exits = {{kExitDone, "shown or written"},
                {kExitFailed,
                 "the destination or the source cannot be reached, or a watermark is not known"},
                {kExitUsage,
                 "there is no such table or value, a run is unfinished, or another process is "
                 "running the job"},
                {kExitInterrupted, "interrupted while it waited for the job file or the lake"}},
      .json =
          "of show a list, else one: `table`, `cursor`, `watermark` (or null), `run` and "
          "`committed_at` of the record that it is from (or null); `cursor_timezone` where the "
          "record says which zone a watermark without one is in; `error` where it is not known.",
      .unprinted = "what was done stays done, and `headrace state` shows it",
      .run = State,
  };
}

}  // namespace headrace
