#include "headrace/run/backfill.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "headrace/model/watermark.h"
#include "headrace/model/xxh3.h"
#include "headrace/model/zone_name.h"
#include "headrace/observe/shell_word.h"
#include "headrace/run/cursor_value.h"
#include "headrace/run/table_selection.h"

namespace headrace {
namespace {

/// Of the digest of a job that is run as a backfill.
constexpr std::string_view kDigestPrefix = "backfill-";

/// Values of a cursor in [from, to); no `from`: all below.
struct Range {
  std::optional<int64_t> from;
  int64_t to = 0;
};

/// No row has its cursor in both.
bool AreApart(const Range& a, const Range& b) {
  const auto ends_before = [](const Range& one, const Range& other) {
    return other.from && one.to <= *other.from;
  };
  return ends_before(a, b) || ends_before(b, a);
}

std::string RangeText(const Column& column, const Range& range) {
  const std::string to = "to before " + WatermarkText(*column.type, range.to);
  return "\"" + column.name + "\" " +
         (range.from ? "from " + WatermarkText(*column.type, *range.from) + " " : "") + to;
}

/// What a person has written behind `option`.
arrow::Result<std::optional<int64_t>> ParseEnd(const Column& column,
                                               const std::optional<std::string>& text,
                                               const std::string& option) {
  if (!text) return std::nullopt;
  return NameValue(column, ParseCursorValue(*column.type, *text), option);
}

/// Where a backfill ends at the latest, and why.
struct Latest {
  int64_t value = 0;
  std::string why;
};

/// The least watermark of the jobs that load the table by this cursor: above it rows are loaded by
/// the next run of that job.
arrow::Result<std::optional<Latest>> LeastWatermark(const Column& column,
                                                    const TableHistory& history) {
  std::map<std::string, const CommitIntent*> last_of;  // by job
  for (const CommitRecord& record : history.all) {
    if (record.intent.cursor_column == column.name) last_of[record.intent.job] = &record.intent;
  }
  std::optional<Latest> least;
  for (const auto& [job, intent] : last_of) {
    if (!intent->watermark) {
      return UserError("the last run of job " + job +
                       " with this cursor has left no watermark (run " + intent->run +
                       "): the next one begins with the first row, and would load these rows once "
                       "more; `headrace state set` says where it begins");
    }
    ARROW_ASSIGN_OR_RAISE(const int64_t watermark, WatermarkOf(column, *intent));
    if (least && least->value <= watermark) continue;
    least = Latest{watermark, "which is the watermark of job " + job +
                                  ": its next run loads what is above it"};
  }
  return least;
}

/// None: the column has no value yet.
arrow::Result<std::optional<Latest>> LatestEnd(const Column& column, const TableHistory& history,
                                               const CursorBound& bound) {
  ARROW_ASSIGN_OR_RAISE(auto least, LeastWatermark(column, history));
  // A standby may show less than a job on its primary has loaded.
  if (!bound.upper || (least && least->value <= *bound.upper)) return least;
  return Latest{*bound.upper, "for rows above it may still be committed"};
}

arrow::Result<Range> RangeOf(const BackfillRange& wanted, const Column& column,
                             const TableHistory& history, const CursorBound& bound) {
  // No range is loaded twice: what would come into this one later would never be.
  if (bound.not_yet_known) {
    return TransientError("which rows are still to come is not known: " + bound.about +
                          "; a backfill is possible once it is");
  }
  ARROW_ASSIGN_OR_RAISE(const auto from, ParseEnd(column, wanted.from, "--from"));
  ARROW_ASSIGN_OR_RAISE(const auto to, ParseEnd(column, wanted.to, "--to"));
  ARROW_ASSIGN_OR_RAISE(const auto latest, LatestEnd(column, history, bound));
  if (!to && (history.last_window() == nullptr || !latest)) {
    return UserError("--to is missing: no run has left a watermark that it could end at");
  }
  const Range range{from, to ? *to : latest->value};
  if (from && *from >= range.to) {
    return UserError("no row is in " + RangeText(column, range) + ": --from must be lower than " +
                         (to ? "--to" : "the watermark"),
                     std::string(kBackfillRangeCode));
  }
  if (!latest || range.to <= latest->value) return range;
  return UserError(
      "--to must be " + WatermarkText(*column.type, latest->value) + " or lower, " + latest->why,
      std::string(kBackfillRangeCode));
}

/// The rows of the cursor that the run of `intent` has loaded; none: it cannot be told.
arrow::Result<std::optional<Range>> LoadedBy(const CommitIntent& intent, const Column& column,
                                             const CursorBound& bound) {
  const std::string zone = intent.cursor_timezone.value_or("");
  if (!zone.empty() && !AreOneZone(zone, bound.timezone)) return std::nullopt;
  if (!intent.window || intent.window->column != column.name) {
    if (intent.cursor_column != column.name || !intent.watermark) return std::nullopt;
    // Of before windows were recorded: it may have begun anywhere.
    ARROW_ASSIGN_OR_RAISE(const int64_t to, WatermarkOf(column, intent));
    return Range{{}, to};
  }
  const auto parse = [&](const std::string& text) {
    return NameValue(column, ParseWatermark(*column.type, text), "the window of run " + intent.run);
  };
  Range range;
  if (intent.window->from) {
    ARROW_ASSIGN_OR_RAISE(range.from, parse(*intent.window->from));
  }
  ARROW_ASSIGN_OR_RAISE(range.to, parse(intent.window->to));
  return range;
}

/// Each row is to be there once.
arrow::Status CheckNotLoaded(const Column& column, const Range& range, const TableHistory& history,
                             const CursorBound& bound, TablePlan& plan) {
  std::string unknown;
  for (const CommitRecord& record : history.all) {
    const CommitIntent& intent = record.intent;
    if (intent.rows == 0) continue;
    ARROW_ASSIGN_OR_RAISE(const auto loaded, LoadedBy(intent, column, bound));
    if (!loaded) {
      unknown = intent.run;
    } else if (!AreApart(range, *loaded)) {
      return UserError("run " + intent.run + " of job " + intent.job + " has loaded " +
                           RangeText(column, *loaded) + ": rows of " + RangeText(column, range) +
                           " would be there twice. Choose --from and --to beside it, or load into "
                           "another place, as by --set destination.path=…",
                       std::string(kBackfillRangeCode));
    }
  }
  if (unknown.empty()) return arrow::Status::OK();
  plan.warnings.push_back("which rows run " + unknown +
                          " has loaded is not known: those that this backfill loads too are there "
                          "twice");
  return arrow::Status::OK();
}

std::string About(const TableHistory& history) {
  const CommitIntent* last = history.last_window();
  return "a backfill: " + (last == nullptr ? "no run has left a watermark yet"
                                           : "the watermark stays at " + *last->watermark);
}

}  // namespace

arrow::Status SetBackfill(const BackfillRange& range, const std::vector<std::string>& only,
                          Job& job) {
  job.backfill = range;
  job.words.range = (range.from ? " --from " + ShellWord(*range.from) : "") +
                    (range.to ? " --to " + ShellWord(*range.to) : "");
  job.text_digest =
      std::string(kDigestPrefix) +
      Xxh3Hex128(job.text_digest + "\n" + range.from.value_or("") + "\n" + range.to.value_or(""));
  return job.patterns.empty() ? GiveBackfill(only, job) : arrow::Status::OK();
}

arrow::Status GiveBackfill(const std::vector<std::string>& only, Job& job) {
  if (!job.backfill) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(const auto tables, SelectTables(job, only));
  for (TableJob& table : job.tables) {
    if (std::ranges::find(tables, &table) == tables.end()) continue;
    if (!table.load.is_transactional()) {
      return UserError("--from and --to are of the cursor, and table " + table.table.label() +
                       " is not in 'mode: transactional'; --only names those that are");
    }
    table.load.backfill = job.backfill;
  }
  return arrow::Status::OK();
}

bool IsBackfill(const JournalRun& run) { return run.text_digest.starts_with(kDigestPrefix); }

arrow::Status PlanBackfill(const TableJob& job, const Column& column, const TableHistory& history,
                           const CursorBound& bound, TablePlan& plan) {
  const std::string label = "table " + job.table.label();
  const auto range = RangeOf(*job.load.backfill, column, history, bound);
  if (!range.ok()) return WithContext(range.status(), label);
  const arrow::Status apart = CheckNotLoaded(column, *range, history, bound, plan);
  if (!apart.ok()) return WithContext(apart, label);
  plan.cursor = {.column = column.name,
                 .last = CursorText(column, range->from),
                 .next = CursorText(column, range->to),
                 .about = About(history),
                 .now = bound.now,
                 .newest = bound.newest,
                 .waiting = {},
                 .timezone = bound.timezone,
                 .is_backfill = true};
  plan.filter.window = CursorSplit(*column.type, column.name, range->from, range->to);
  return arrow::Status::OK();
}

}  // namespace headrace
