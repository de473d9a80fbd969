#include "headrace/cli/plan_text.h"

#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>

#include "headrace/cli/rights_text.h"
#include "headrace/cli/text_table.h"
#include "headrace/model/split_text.h"
#include "headrace/observe/human.h"
#include "headrace/observe/text_wrap.h"

namespace headrace {
namespace {

/// Of the units of a table so many are shown at the beginning, and one at the end.
constexpr size_t kFirstUnits = 3;
constexpr size_t kLabelWidth = 13;
constexpr size_t kIndent = 2;

/// `label` in a column of its own, `text` wrapped beside it.
std::string Labelled(std::string_view label, std::string_view text, size_t width) {
  std::string lines = IndentedText(PlainLines(text), kIndent + kLabelWidth, width);
  return lines.replace(kIndent, label.size(), label);
}

/// Of what is no table of its own the source counts nothing: it guesses what a query may yield.
bool IsGuess(const TablePlan& plan) {
  const RelationKind kind = plan.description.kind;
  return !plan.statistics.exact && (kind == RelationKind::kView || kind == RelationKind::kQuery ||
                                    kind == RelationKind::kForeign);
}

std::string EstimateText(const TablePlan& plan) {
  const Statistics& statistics = plan.statistics;
  std::string text = statistics.exact ? HumanNumberOf(statistics.rows, "row")
                                      : HumanEstimate(statistics.rows, "row");
  if (!statistics.origin.empty()) {
    text += fmt::format(" ({}{})", IsGuess(plan) ? "the source's guess: " : "", statistics.origin);
  }
  if (statistics.bytes >= 0) {
    text += fmt::format(", {} at the source", HumanBytes(static_cast<double>(statistics.bytes)));
  }
  if (statistics.row_width > 0) {
    text += fmt::format(", {:.0f} bytes a row as Arrow", statistics.row_width);
  }
  return text;
}

std::string TypeText(const PlannedColumn& column) {
  return column.type->ToString() + (column.nullable ? "" : " not null");
}

std::string NoteText(const PlannedColumn& column) {
  std::string note = column.note;
  if (column.on_overflow != OverflowPolicy::kError) {
    note += (note.empty() ? "" : "; ") +
            fmt::format("on_overflow: {}", OverflowPolicyName(column.on_overflow));
  }
  return note;
}

std::string ColumnsText(const TablePlan& plan, size_t width) {
  TextTable table({{"COLUMN"},
                   {"SOURCE TYPE"},
                   {"OUTPUT"},
                   {.header = "TYPE", .most = kTypeWidth},
                   {"NOTE", false, true}});
  for (const PlannedColumn& column : plan.columns) {
    table.AddRow(
        {column.source_name, column.source_type, column.name, TypeText(column), NoteText(column)});
  }
  if (plan.lineage.enabled) {
    table.AddRow({"", "", "_headrace_run", "string not null", "lineage: the run"});
    table.AddRow({"", "", "_headrace_loaded_at", "timestamp[us, tz=UTC] not null",
                  "lineage: when the run began"});
  }
  return table.Render(width);
}

std::vector<std::string> UnitCells(const WorkUnit& unit) {
  return {unit.id, SplitText(unit.split), HumanCount(unit.estimated_rows),
          HumanBytes(static_cast<double>(unit.estimated_bytes))};
}

std::string UnitsText(const PlannedTable& planned, const PlanTextOptions& options) {
  const std::vector<WorkUnit>& units = planned.units;
  TextTable table({{"UNIT"}, {"TAKES"}, {"ROWS", true}, {"AS ARROW", true}});
  const bool all = options.all_units || units.size() <= kFirstUnits + 2;
  const size_t first = all ? units.size() : kFirstUnits;
  for (size_t i = 0; i < first; ++i) table.AddRow(UnitCells(units[i]));
  if (!all) {
    table.AddRow({"…",
                  fmt::format("{} more, --units shows them",
                              HumanCount(static_cast<int64_t>(units.size() - first - 1))),
                  "", ""});
    table.AddRow(UnitCells(units.back()));
  }
  return table.Render(options.width);
}

std::string StrategyText(const PlannedTable& planned) {
  const TablePlan& plan = planned.plan;
  std::string text = fmt::format("{}, {}", StrategyName(plan.strategy),
                                 HumanNumberOf(static_cast<int64_t>(planned.units.size()), "unit"));
  if (!plan.why.empty()) text += ": " + plan.why;
  return text;
}

std::string WindowText(const CursorPlan& cursor) {
  std::string text = cursor.column;
  if (cursor.last) text += " from " + *cursor.last;
  text += cursor.next ? " to before " + *cursor.next : ": none";
  text += " (" + cursor.about + ")";
  if (cursor.greatest) text += "; the greatest value known is " + *cursor.greatest;
  if (cursor.waiting && *cursor.waiting > 0) {
    text +=
        fmt::format("; {} {} at or above it for the next run",
                    HumanNumberOf(*cursor.waiting, "row"), *cursor.waiting == 1 ? "waits" : "wait");
  }
  return text;
}

std::string TableText(const PlannedTable& planned, const PlanTextOptions& options) {
  const size_t width = options.width;
  std::string text = "\n" + EscapeControls(planned.job->table.label()) + "\n";
  if (!planned.job->pattern.empty()) text += Labelled("matched by", planned.job->pattern, width);
  if (!planned.status.ok()) return text + Labelled("cannot run", planned.status.message(), width);
  const TablePlan& plan = planned.plan;
  text += Labelled("write", WriteModeName(planned.job->write), width);
  if (!plan.into.empty()) text += Labelled("into", plan.into, width);
  if (!plan.filter.where.empty()) text += Labelled("where", plan.filter.where, width);
  if (plan.table.is_query()) text += Labelled("query", plan.table.query, width);
  if (plan.cursor) text += Labelled("window", WindowText(*plan.cursor), width);
  text += Labelled("estimate", EstimateText(plan), width);
  text += Labelled("strategy", StrategyText(planned), width);
  for (const std::string& warning : plan.warnings) text += Labelled("warning", warning, width);
  text += "\n" + ColumnsText(plan, width) + "\n" + UnitsText(planned, options);
  return text;
}

std::string SnapshotText(const JobPlan& plan) {
  return plan.snapshot == SnapshotKind::kNone
             ? "none: each unit sees what is there when it is read"
             : fmt::format("{}: {}", SnapshotKindName(plan.snapshot), plan.snapshot_about);
}

std::string TotalText(const JobPlan& plan) {
  if (plan.tables.empty()) return "\nnothing to do\n";
  const auto broken = std::ranges::count_if(
      plan.tables, [](const PlannedTable& table) { return !table.status.ok(); });
  std::string text = fmt::format(
      "\n{}, {}, about {}", HumanNumberOf(static_cast<int64_t>(plan.tables.size()), "table"),
      HumanNumberOf(plan.units(), "unit"), HumanNumberOf(plan.estimated_rows(), "row"));
  if (broken > 0) text += fmt::format("; {} cannot run", HumanNumberOf(broken, "table"));
  return text + "\n";
}

}  // namespace

std::string PlanText(const JobPlan& plan, const PlanTextOptions& options) {
  std::string text = fmt::format("Plan of job {}\n", plan.job);
  text += Labelled("source", plan.source, options.width);
  if (!plan.tables.empty()) text += Labelled("snapshot", SnapshotText(plan), options.width);
  text += Labelled("destination", plan.destination, options.width);
  for (const std::string& warning : plan.warnings) {
    text += Labelled("warning", warning, options.width);
  }
  for (const std::string& note : plan.notes) text += Labelled("note", note, options.width);
  if (!plan.refused.ok()) {
    text += Labelled("cannot run", plan.refused.message(), options.width);
  }
  for (const PlannedTable& table : plan.tables) text += TableText(table, options);
  return text + TotalText(plan) + RightsText(plan.rights, false, options.width);
}

}  // namespace headrace
