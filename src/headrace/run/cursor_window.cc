#include "headrace/run/cursor_window.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "headrace/model/civil_time.h"
#include "headrace/model/watermark.h"
#include "headrace/model/xxh3.h"
#include "headrace/model/zone_name.h"
#include "headrace/observe/shell_word.h"
#include "headrace/run/backfill.h"
#include "headrace/run/cursor_value.h"

namespace headrace {
namespace {

/// How rows came into the table whose end is no watermark of this job.
std::string OriginOf(const CommitIntent& last) {
  if (last.cursor_column) {
    return " with the cursor \"" + *last.cursor_column + "\"" +
           (last.watermark ? " up to " + *last.watermark : "");
  }
  return last.window ? ", a backfill" : " without a cursor";
}

arrow::Status HasOtherRows(const TableJob& job, const CommitRecord& last) {
  const std::string label = job.table.label();
  return UserError(
      "it is there already, by run " + last.intent.run + " of job " + last.intent.job +
          OriginOf(last.intent) +
          ": where its rows end is not known, and loading them again would double them" +
          (job.load.initial ? " (load.initial speaks of a table that is not there yet)" : "") +
          ". `headrace state set " + ShellWord(label) +
          " VALUE`, with the --job and --set of this call, says where this job begins, `state "
          "reset` that it begins as with a new table, "
          "where "
          "its rows are others; or load into another place",
      std::string(kNoWatermarkCode));
}

/// Where the run begins; none: with the first row.
arrow::Result<std::optional<int64_t>> LowerOf(const TableJob& job, const Column& column,
                                              const TableHistory& history) {
  if (const CommitIntent* last = history.last_window()) return WatermarkOf(column, *last);
  if (!history.last_cursor && history.last) return HasOtherRows(job, *history.last);
  if (job.load.initial) {
    return NameValue(column, ParseCursorValue(*column.type, *job.load.initial), "load.initial");
  }
  return std::nullopt;
}

/// A watermark without zone is of the zone that its window was made in: in another one the window
/// would jump, by hours. Records of before zones were kept, and those of `headrace state`, have
/// none.
arrow::Status CheckSameZone(const TableJob& job, const Column& column, const TableHistory& history,
                            const CursorBound& bound) {
  const CommitIntent* last = history.last_window();
  const std::string zone = last == nullptr ? "" : last->cursor_timezone.value_or("");
  if (zone.empty() || AreOneZone(zone, bound.timezone)) return arrow::Status::OK();
  const std::string label = job.table.label();
  const std::string now =
      bound.timezone.empty() ? " has a zone of its own" : " is read in " + bound.timezone;
  return UserError(
      "table " + label + ": the watermark " + *last->watermark + " of run " + last->run +
          " is in the time zone " + zone + ", and \"" + column.name + "\"" + now +
          " now: rows would be lost, or loaded twice. " +
          (IsZoneName(zone) ? "`cursor_timezone: " + zone + "` in the job keeps it"
                            : "The role needs that zone again") +
          "; to change it, `headrace state set " + ShellWord(label) +
          " VALUE`, with the --job and --set of this call, says where to go on in the new one",
      std::string(kOtherZoneCode));
}

/// How the clock or a sequence of the source came to be behind the watermark, and what helps.
std::string_view WhyBehind(const Column& column) {
  return IsTimeType(*column.type)
             ? ": the clock of the source was set back, or the watermark ahead. `headrace state "
               "set` says where to go on; what is written until the clock has come there is not "
               "loaded by itself"
             : ": its sequence was begun anew, as by TRUNCATE … RESTART IDENTITY. `headrace state "
               "reset` or `state set` says where to begin";
}

/// A first watermark in the future would look like a clock that was set back from then on, and one
/// above the next number like a sequence that was begun anew.
arrow::Status CheckInitial(const TableJob& job, const Column& column, const TableHistory& history,
                           const std::optional<int64_t>& lower, const CursorBound& bound) {
  const bool is_first = history.last_window() == nullptr;
  if (!is_first || !lower || !bound.now || *lower <= *bound.now) return arrow::Status::OK();
  const std::string now = WatermarkText(*column.type, *bound.now);
  return UserError("table " + job.table.label() + ": load.initial, " +
                   WatermarkText(*column.type, *lower) + ", lies " +
                   (IsTimeType(*column.type)
                        ? "in the future; it is " + now + " at the source"
                        : "above what the sequence of \"" + column.name + "\" gives next, " + now +
                              ": rows that are written until it has come there would never be "
                              "loaded; begin at " +
                              now + " or below"));
}

/// What is written now lies in no window to come.
arrow::Status CheckNow(const TableJob& job, const Column& column, const TableHistory& history,
                       const CursorBound& bound, TablePlan& plan) {
  if (!history.last_cursor_before || !bound.now) return arrow::Status::OK();
  const CommitIntent& before = history.last_cursor_before->intent;
  if (!before.watermark) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(const int64_t watermark, WatermarkOf(column, before));
  if (*bound.now >= watermark) return arrow::Status::OK();
  const std::string text = "rows that are written now, with \"" + column.name + "\" from " +
                           WatermarkText(*column.type, *bound.now) +
                           " on, lie behind the watermark " + *before.watermark + " of run " +
                           before.run + " and are never loaded";
  if (job.load.late_rows == LateRows::kWarn) {
    plan.warnings.push_back(text);
    return arrow::Status::OK();
  }
  return UserError("table " + job.table.label() + ": " + text + std::string(WhyBehind(column)) +
                       "; late_rows: warn loads all the same",
                   std::string(kBehindWatermarkCode));
}

/// A full load beside the incremental ones knows nothing of the watermark.
void WarnOfOtherRows(const TableHistory& history, const Column& column, TablePlan& plan) {
  const CommitIntent* cursor = history.last_window();
  if (cursor == nullptr || !history.last) return;
  const CommitIntent& last = history.last->intent;
  if (last.cursor_column || last.window || last.rows == 0) return;
  plan.warnings.push_back("run " + last.run + " of job " + last.job +
                          " has appended rows without the cursor since run " + cursor->run +
                          ": those with \"" + column.name + "\" from " + *cursor->watermark +
                          " on are loaded once more");
}

/// What another `where` left out below the watermark is in no window to come. Said until a run has
/// committed with the one that is there now.
void WarnOfOtherWhere(const TableJob& job, const TableHistory& history, TablePlan& plan) {
  const CommitIntent* last = history.last_window();
  if (last == nullptr || !last->where_digest || *last->where_digest == WhereDigest(job)) return;
  plan.warnings.push_back(
      "its `where` has changed since the watermark " + *last->watermark + " of run " + last->run +
      ": rows below that which only the new one selects are not loaded. `headrace state set " +
      ShellWord(job.table.label()) +
      " VALUE`, with the --job and --set of this call, or `state reset` loads them, and all others "
      "from there on once more");
}

/// The window behind that of the last run.
arrow::Status PlanNextWindow(const TableJob& job, const Column& column, const TableHistory& history,
                             CursorBound bound, TablePlan& plan) {
  auto lower = LowerOf(job, column, history);
  if (!lower.ok()) return WithContext(lower.status(), "table " + job.table.label());
  ARROW_RETURN_NOT_OK(CheckInitial(job, column, history, *lower, bound));
  ARROW_RETURN_NOT_OK(CheckNow(job, column, history, bound, plan));
  WarnOfOtherRows(history, column, plan);
  WarnOfOtherWhere(job, history, plan);
  // A table without a value leaves no watermark: the next window is a first one too. None is the
  // least.
  const bool is_first = history.last_window() == nullptr;
  const std::optional<int64_t> upper =
      is_first && !bound.upper ? std::nullopt : std::max(bound.upper, *lower);
  plan.cursor = {.column = column.name,
                 .last = CursorText(column, *lower),
                 .next = CursorText(column, upper),
                 .about = std::move(bound.about),
                 .now = bound.now,
                 .newest = bound.newest,
                 .waiting = {},
                 .timezone = std::move(bound.timezone),
                 .is_first = is_first};
  // Without a value nothing is in the window, also of what came since the bound was found.
  plan.filter.window = upper ? CursorSplit(*column.type, column.name, *lower, upper)
                             : CursorSplit(*column.type, column.name, 0, 0);
  return arrow::Status::OK();
}

}  // namespace

bool NeedsWatermark(const arrow::Status& error) {
  constexpr std::array kCodes = {kBehindWatermarkCode, kNoWatermarkCode, kOtherZoneCode};
  return std::ranges::find(kCodes, CodeOf(error)) != kCodes.end();
}

std::optional<CursorRequest> CursorRequestOf(const TableJob& table) {
  if (!table.load.is_transactional()) return std::nullopt;
  return CursorRequest{.column = table.load.cursor,
                       .timezone = table.load.cursor_timezone,
                       .settle = std::chrono::milliseconds(table.load.settle_ms),
                       .late_rows_allowed = table.load.late_rows == LateRows::kWarn};
}

arrow::Status PlanWindow(const TableJob& job, const TableHistory& history, Snapshot& snapshot,
                         TablePlan& plan, std::stop_token stop) {
  if (!job.load.is_transactional()) return arrow::Status::OK();
  auto bound = snapshot.FindCursorBound({job.table, job.where, CursorRequestOf(job)},
                                        plan.description, std::move(stop));
  if (!bound.ok()) return WithContext(bound.status(), "table " + job.table.label());
  const Column* column = plan.description.FindColumn(job.load.cursor);
  if (column == nullptr) return BugError("a bound of the cursor, which is no column");
  ARROW_RETURN_NOT_OK(CheckSameZone(job, *column, history, *bound));
  plan.warnings.insert(plan.warnings.end(), bound->warnings.begin(), bound->warnings.end());
  if (job.load.backfill) return PlanBackfill(job, *column, history, *bound, plan);
  return PlanNextWindow(job, *column, history, *std::move(bound), plan);
}

std::string WhereDigest(const TableJob& table) { return Xxh3Hex128(table.where); }

const ColumnStatistics* IndexedCursor(const TablePlan& plan) {
  const auto found = plan.statistics.columns.find(plan.cursor->column);
  const bool indexed = found != plan.statistics.columns.end() && found->second.indexed;
  return indexed ? &found->second : nullptr;
}

bool HasEmptyWindow(const TablePlan& plan) {
  if (!plan.cursor) return false;
  return !plan.cursor->next.has_value() || plan.cursor->last == plan.cursor->next;
}

}  // namespace headrace
