#include <arrow/type.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "headrace/model/civil_time.h"
#include "headrace/model/split_text.h"
#include "headrace/plan/calendar_cut.h"
#include "headrace/plan/distribution.h"
#include "headrace/plan/size.h"
#include "headrace/plan/strategy.h"
#include "headrace/plan/value_range.h"

namespace headrace {
namespace {

bool IsDate(const PlanInput& input, const std::string& name) {
  const Column* column = input.description.FindColumn(name);
  return column != nullptr && column->type->id() == arrow::Type::DATE32;
}

/// Without a column of the job the one that is taken must be read by an index and hold every row:
/// others are for the job to choose.
std::optional<std::string> ChooseTimeColumn(const PlanInput& input) {
  const std::vector<std::string> names = DateRangeColumns(input);
  if (!input.knobs.column.empty()) {
    return names.empty() ? std::nullopt : std::optional(names.front());
  }
  for (const std::string& name : names) {
    const auto found = input.statistics.columns.find(name);
    const bool is_indexed = found != input.statistics.columns.end() && found->second.indexed;
    if (is_indexed && !ValuesMisfit(input, name)) return name;
  }
  return std::nullopt;
}

std::optional<std::string> NoColumnMisfit(const PlanInput& input) {
  if (!input.knobs.column.empty()) {
    return "\"" + input.knobs.column + "\" is no date or timestamp column";
  }
  if (input.statistics.rows == 0) return "it is empty";
  return "it has no date or timestamp column that is never NULL, has an index and whose values are "
         "known; partition.column names another one";
}

/// Longer than any step, so that bounds can be moved by one and stay in int64.
constexpr int64_t kMargin = 14 * kMicrosPerDay;

/// What of the table's `rows` lies where in time; `null_rows` of them nowhere.
TimeSpread SpreadOf(const ColumnStatistics& column, const Distribution& values, double rows,
                    double null_rows) {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min() + kMargin;
  constexpr int64_t kGreatest = std::numeric_limits<int64_t>::max() - kMargin;
  const double before = rows * std::clamp(column.share_before, 0.0, 1.0);
  const double after = rows * std::clamp(column.share_after, 0.0, 1.0);
  return {.values = values,
          .rows = std::max(rows - null_rows - before - after, 0.0),
          .rows_before = before,
          .rows_after = after,
          .first = std::clamp(values.minimum(), kLeast, kGreatest),
          .last = std::clamp(values.maximum(), kLeast, kGreatest)};
}

/// Cuts so that there are at most `most` ranges, for which it may raise `rows_per_range`.
std::vector<TimeRange> CutToAtMost(const TimeSpread& spread, bool is_date, double& rows_per_range,
                                   double most, std::vector<std::string>& warnings) {
  std::vector<TimeRange> ranges = CutByCalendar(spread, is_date, rows_per_range);
  if (static_cast<double>(ranges.size()) <= most) return ranges;
  const size_t wanted = ranges.size();
  while (static_cast<double>(ranges.size()) > most) {
    rows_per_range *= 2;
    ranges = CutByCalendar(spread, is_date, rows_per_range);
  }
  warnings.push_back("the calendar would give " + ReadableCount(static_cast<double>(wanted)) +
                     " units; they are made for about " + ReadableCount(rows_per_range) +
                     " rows each, so that there are " +
                     ReadableCount(static_cast<double>(ranges.size())));
  return ranges;
}

/// The ranges as shares. The first and the last are open: infinity, and times outside of the
/// statistics, belong to them.
std::vector<Share> SharesOf(const std::vector<TimeRange>& ranges, const std::string& column) {
  std::vector<Share> shares;
  shares.reserve(ranges.size() + 1);  // And the NULLs.
  for (size_t i = 0; i < ranges.size(); ++i) {
    DateRange range{.column = column, .lower = {}, .upper = {}};
    if (i > 0) range.lower = ranges[i].start;
    if (i + 1 < ranges.size()) range.upper = ranges[i + 1].start;
    shares.push_back({std::move(range), ranges[i].rows});
  }
  return shares;
}

/// Units that hold far more than they should, because no step of the calendar is short enough.
void WarnOfFullRanges(bool is_date, double rows_per_unit, Cut& cut) {
  double full = 0;
  const Share* fullest = nullptr;
  for (const Share& share : cut.shares) {
    if (!std::holds_alternative<DateRange>(share.split) || !IsTooFull(share.rows, rows_per_unit)) {
      continue;
    }
    ++full;
    if (fullest == nullptr || share.rows > fullest->rows) fullest = &share;
  }
  if (fullest == nullptr) return;
  cut.warnings.push_back(
      ReadableCount(full) + (full > 1 ? " units hold" : " unit holds") + " more than " +
      ReadableCount(rows_per_unit) + " rows, because no range is shorter than " +
      (is_date ? "a day" : "15 minutes") + "; the fullest, " + SplitText(fullest->split) +
      ", holds about " + ReadableCount(fullest->rows));
}

/// One value that is far from the others, as 9999-12-31, then has nearly all ranges for itself.
void WarnOfUnknownSpread(const std::string& name, const ColumnStatistics& column, Cut& cut) {
  if (!column.histogram.empty() || !column.common.empty()) return;
  cut.warnings.push_back("the server has no statistics of \"" + name +
                         "\", only its first and last value: ranges of one length may hold very "
                         "different numbers of rows until the table is analysed");
}

void WarnOfStaleHistogram(const std::string& name, const ColumnStatistics& column,
                          const Distribution& values, Cut& cut) {
  constexpr double kWorthSaying = 0.1;
  if (values.share_beyond_histogram() <= kWorthSaying) return;
  int64_t end = column.histogram.empty() ? column.common.front().value : column.histogram.back();
  for (const CommonValue& common : column.common) end = std::max(end, common.value);
  cut.warnings.push_back("stale statistics: \"" + name +
                         "\" has values outside of its histogram, which ends at " + ShortTime(end));
}

std::string WhyTimeColumn(const PlanInput& input, const std::string& name,
                          const ColumnStatistics& column, double rows,
                          const std::vector<TimeRange>& ranges) {
  const std::string role = input.knobs.column.empty()
                               ? "the first date or timestamp column with an index and without NULL"
                               : "the column that the job names";
  const std::string why = "\"" + name + "\" is " + role + "; about " + ReadableCount(rows) +
                          " rows, cut by " + StepsText(ranges) + ", ";
  const size_t known = column.histogram.size() + column.common.size();
  if (column.histogram.size() >= 2 || !column.common.empty()) {
    return why + "whose rows a histogram of " + ReadableCount(static_cast<double>(known)) +
           " values tells";
  }
  return why + "taken to be spread evenly from " + ShortTime(*column.minimum) + " to " +
         ShortTime(*column.maximum);
}

}  // namespace

std::vector<std::string> DateRangeColumns(const PlanInput& input) {
  const std::string& wanted = input.knobs.column;
  std::vector<std::string> names;
  for (const Column& column : input.description.columns) {
    const bool is_candidate = wanted.empty() ? !column.nullable : column.name == wanted;
    if (is_candidate && IsTimeType(*column.type)) names.push_back(column.name);
  }
  return names;
}

std::optional<std::string> DateRangeMisfit(const PlanInput& input) {
  if (const auto kind = UnsplittableKind(input.description.kind)) {
    return *kind + " cannot be cut by date";
  }
  const auto chosen = ChooseTimeColumn(input);
  return chosen ? ValuesMisfit(input, *chosen) : NoColumnMisfit(input);
}

Cut CutDateRange(const PlanInput& input) {
  const std::string name = *ChooseTimeColumn(input);
  const ColumnStatistics& column = input.statistics.columns.at(name);
  const bool is_date = IsDate(input, name);
  const int64_t resolution = is_date ? kMicrosPerDay : 1;
  const Distribution values = Distribution::OfTimes(column, resolution, Growth(input));
  Cut cut;
  const double span = values.span() / static_cast<double>(resolution);
  const double rows = TableRows(input, span, cut.warnings);
  double rows_per_unit = RowsPerUnit(input, rows, cut.warnings);
  const double null_rows = rows * std::clamp(column.null_fraction, 0.0, 1.0);
  if (rows <= rows_per_unit) return OneRange(input, name, rows, std::move(cut));
  const bool has_nulls = input.knobs.null_rows && IsNullable(input, name);
  const std::vector<TimeRange> ranges =
      CutToAtMost(SpreadOf(column, values, rows, null_rows), is_date, rows_per_unit,
                  kMaxUnits - (has_nulls ? 1 : 0), cut.warnings);
  cut.shares = SharesOf(ranges, name);
  WarnOfFullRanges(is_date, rows_per_unit, cut);
  WarnOfUnknownSpread(name, column, cut);
  WarnOfStaleHistogram(name, column, values, cut);
  if (ranges.size() < 2) return OneRange(input, name, rows, std::move(cut));
  if (has_nulls) cut.shares.push_back({NullRows{name}, null_rows});
  cut.column = name;
  cut.why = WhyTimeColumn(input, name, column, rows, ranges);
  WarnOfMissingIndex(name, column, cut);
  return cut;
}

}  // namespace headrace
