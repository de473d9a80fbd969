#include "headrace/run/table_cut.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "headrace/model/watermark.h"
#include "headrace/plan/planner.h"
#include "headrace/plan/window.h"
#include "headrace/run/cursor_window.h"
#include "headrace/run/cursor_zone.h"
#include "headrace/run/moving_where.h"
#include "headrace/run/unwanted_nulls.h"

namespace headrace {
namespace {

std::vector<std::string> SourceNames(const std::vector<PlannedColumn>& columns) {
  std::vector<std::string> names;
  names.reserve(columns.size());
  for (const PlannedColumn& column : columns) names.push_back(column.source_name);
  return names;
}

/// `plan`: of the table, as far as it is known.
PlanKnobs KnobsOf(const TableJob& job, const TablePlan& plan) {
  // Without a snapshot a row may get a NULL after they were counted: it is one that nobody forbade.
  const bool counted_for_good = plan.snapshot != SnapshotKind::kNone;
  const Column* unwanted = UnwantedNulls(job, plan.description);
  const bool left_out = !plan.filter.not_null.empty() || plan.filter.window.has_value();
  const bool no_nulls = unwanted != nullptr && (counted_for_good || left_out);
  return {.strategy = job.partition.strategy,
          .column = job.partition.column.value_or(""),
          .target_rows = job.partition.target_rows,
          .target_bytes = job.partition.target_bytes,
          .strict = job.partition.strict,
          .filtered = !job.where.empty(),
          .windowed = plan.filter.window.has_value(),
          .unwanted_nulls = no_nulls ? unwanted->name : ""};
}

/// Without a snapshot an UPDATE moves rows between pages that are read and pages that are not; a
/// range of a key keeps its rows. Pages are then left to those who ask for them by name.
constexpr std::string_view kMovingRows =
    "without a snapshot a row that an UPDATE moves to another page while the run reads is missed "
    "or doubled";

bool AvoidsPages(const TableJob& job, const TablePlan& plan) {
  return plan.snapshot == SnapshotKind::kNone && job.partition.strategy != Strategy::kPages;
}

Capabilities WithoutPages(Capabilities capabilities) {
  std::erase(capabilities.strategies, Strategy::kPages);
  return capabilities;
}

/// As a page, so a range of values, unless nobody updates its column: integers are taken for keys.
constexpr std::string_view kMovingValues =
    "without a snapshot a row whose value of it an UPDATE changes while the run reads is missed or "
    "doubled";

constexpr std::array kByValues = {Strategy::kDateRange, Strategy::kKeyRange, Strategy::kHash};

void SayWhatRangesRisk(const Capabilities& capabilities, Partitioning& partitioning) {
  if (partitioning.strategy == Strategy::kPages) {
    partitioning.warnings.push_back("partition.strategy: pages: " + std::string(kMovingRows));
  } else if (std::ranges::find(kByValues, partitioning.strategy) != kByValues.end()) {
    partitioning.warnings.push_back("\"" + partitioning.column +
                                    "\": " + std::string(kMovingValues));
  } else if (std::ranges::find(capabilities.strategies, Strategy::kPages) !=
             capabilities.strategies.end()) {
    partitioning.why += "; not by pages: " + std::string(kMovingRows);
  }
}

/// Each session, and each unit of SQLite, asks the source for the time anew.
void WarnOfMovingWhere(const TableJob& job, Partitioning& partitioning) {
  const std::string word = MovingWord(job.where);
  if (word.empty() || partitioning.units.size() < 2) return;
  partitioning.warnings.push_back(
      "where: `" + word +
      "` is another value for each worker, or each unit, so that they may not " +
      "agree on which rows are meant; write the value into the job, e.g. by ${NAME}");
}

/// Units carry the bounds that they need. What these were found by, megabytes of keys of each
/// table, would else stay until the last table of the job is done, and memory is not to grow with
/// their number. A session still asks which columns have an index.
void DropWhatUnitsWereCutBy(Statistics& statistics) {
  std::erase_if(statistics.columns, [](const auto& column) { return !column.second.indexed; });
  for (auto& [name, column] : statistics.columns) column = ColumnStatistics{.indexed = true};
}

/// The cursor is what the table is cut by, where the job leaves that open.
bool MayCutByCursor(const TableJob& job) {
  const bool open = job.partition.strategy == Strategy::kAuto;
  return job.load.is_transactional() &&
         (job.partition.column == job.load.cursor || (open && !job.partition.column.has_value()));
}

/// Where the values of a time end, beside where the window does; that of an integer ends with them.
void KeepGreatest(TablePlan& plan) {
  const Column* described = plan.description.FindColumn(plan.cursor->column);
  const ColumnStatistics* known = IndexedCursor(plan);
  if (!IsTimeType(*described->type) || known == nullptr || !known->maximum) return;
  plan.cursor->greatest = WatermarkText(*described->type, *known->maximum);
}

/// Knows the window's own rows, where an index finds them. Without one each unit would read the
/// whole table to find its part of the window: it is cut as if all were wanted.
void NarrowToWindow(const TableJob& job, PlanKnobs& knobs, TablePlan& plan) {
  if (IndexedCursor(plan) == nullptr) {
    if (!job.partition.column.has_value()) knobs.column.clear();
    plan.warnings.push_back("no index leads with the cursor \"" + plan.cursor->column +
                            "\": each run reads the whole table to find the new rows");
    return;
  }
  // The job has not named the column, and need not hear that nothing is to be cut. Of a window
  // without rows it is the column that leads to them.
  const bool is_empty = plan.statistics.rows == 0;
  if (is_empty && !job.partition.column.has_value()) knobs.column.clear();
  plan.statistics =
      StatisticsInWindow(plan.description, std::move(plan.statistics), *plan.filter.window);
  knobs.windowed = false;
}

/// Nothing can be new: there is nothing to read.
void PlanNoUnits(TablePlan& plan) {
  plan.statistics = {.rows = 0, .bytes = 0, .exact = true, .origin = "empty window"};
  plan.strategy = Strategy::kNone;
  plan.why = "nothing can be new: the window of the cursor is empty";
}

}  // namespace

arrow::Result<std::vector<WorkUnit>> CutTable(const TableJob& job, const Capabilities& offered,
                                              Snapshot& snapshot, std::stop_token stop,
                                              TablePlan& plan) {
  if (HasEmptyWindow(plan)) {
    PlanNoUnits(plan);
    return std::vector<WorkUnit>{};
  }
  PlanKnobs knobs = KnobsOf(job, plan);
  const bool by_cursor = MayCutByCursor(job);
  if (by_cursor) knobs.column = plan.cursor->column;
  const Capabilities capabilities = AvoidsPages(job, plan) ? WithoutPages(offered) : offered;
  const std::vector<std::string> columns = SourceNames(plan.columns);
  const std::vector<std::string> split = SplitColumns(plan.description, capabilities, knobs);
  ARROW_ASSIGN_OR_RAISE(
      plan.statistics,
      snapshot.Estimate(plan.description, {.columns = columns, .split_columns = split},
                        std::move(stop)));
  if (plan.cursor) {
    WarnOfZone(job, plan);
    KeepGreatest(plan);
  }
  if (by_cursor) NarrowToWindow(job, knobs, plan);
  ARROW_ASSIGN_OR_RAISE(Partitioning partitioning,
                        PlanUnits(plan.description, plan.statistics, capabilities, knobs, plan.id));
  DropWhatUnitsWereCutBy(plan.statistics);
  if (plan.snapshot == SnapshotKind::kNone) SayWhatRangesRisk(offered, partitioning);
  WarnOfMovingWhere(job, partitioning);
  plan.strategy = partitioning.strategy;
  plan.split_column = std::move(partitioning.column);
  plan.why = std::move(partitioning.why);
  plan.warnings.insert(plan.warnings.end(), partitioning.warnings.begin(),
                       partitioning.warnings.end());
  return std::move(partitioning.units);
}

}  // namespace headrace
