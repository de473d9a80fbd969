#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <utility>

#include "headrace/model/civil_time.h"
#include "headrace/model/split_text.h"
#include "headrace/model/utf8.h"
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

/// Numbers count seconds, milliseconds or microseconds since 1970; which, their size tells: each
/// stands for times from March 1973 to 5138. Smaller ones count something else.
constexpr double kLeastEpoch = 1e8;
struct EpochLimit {
  TimeEncoding encoding;
  double below;
  std::string_view text;
};

constexpr std::array<EpochLimit, 3> kEpochLimits = {
    {{TimeEncoding::kSeconds, 1e11, "seconds"},
     {TimeEncoding::kMillis, 1e14, "milliseconds"},
     {TimeEncoding::kMicros, 1e17, "microseconds"}}};

bool IsIntegerColumn(const PlanInput& input, const std::string& name) {
  const Column* column = input.description.FindColumn(name);
  return column != nullptr && arrow::is_integer(column->type->id()) &&
         column->type->id() != arrow::Type::UINT64;
}

/// What the numbers of a column count; null where they are no times, or unknown.
const EpochLimit* EpochOf(const ColumnStatistics& column) {
  if (!Distribution::IsKnown(column)) return nullptr;
  const Distribution values(column);
  const auto middle = static_cast<double>(values.Quantile(0.5));
  if (middle < kLeastEpoch) return nullptr;
  const auto fits = [&](const EpochLimit& limit) { return middle < limit.below; };
  const auto* found = std::ranges::find_if(kEpochLimits, fits);
  return found == kEpochLimits.end() ? nullptr : &*found;
}

/// The statistics of numbers as those of the times that they stand for; what int64 does not hold is
/// its end.
ColumnStatistics AsTimes(ColumnStatistics column, TimeEncoding encoding) {
  const auto scale = [micros = MicrosPerNumber(encoding)](int64_t value) {
    constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
    const int64_t most = kMost / micros;
    return std::clamp(value, -most, most) * micros;
  };
  if (column.minimum) column.minimum = scale(*column.minimum);
  if (column.maximum) column.maximum = scale(*column.maximum);
  for (int64_t& bound : column.histogram) bound = scale(bound);
  for (CommonValue& common : column.common) common.value = scale(common.value);
  column.time_encoding = encoding;
  return column;
}

/// The statistics of a column that fits, as times.
ColumnStatistics TimesOf(const PlanInput& input, const std::string& name) {
  const ColumnStatistics& column = input.statistics.columns.at(name);
  return IsIntegerColumn(input, name) ? AsTimes(column, EpochOf(column)->encoding) : column;
}

/// Why numbers are no times; nothing for other columns.
std::optional<std::string> EpochMisfit(const PlanInput& input, const std::string& name) {
  if (!IsIntegerColumn(input, name)) return std::nullopt;
  if (EpochOf(input.statistics.columns.at(name)) != nullptr) return std::nullopt;
  return "the numbers of \"" + name + "\" are no seconds, milliseconds or microseconds since 1970";
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
    return "\"" + input.knobs.column + "\" is no date, timestamp or integer column";
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
                     " units; they are made for about " + ReadableRows(rows_per_range) +
                     " each, so that there are " +
                     ReadableCount(static_cast<double>(ranges.size())));
  return ranges;
}

/// The ranges as shares. The first and the last are open: infinity, and times outside of the
/// statistics, belong to them.
std::vector<Share> SharesOf(const std::vector<TimeRange>& ranges, const std::string& column,
                            TimeEncoding encoding) {
  std::vector<Share> shares;
  shares.reserve(ranges.size() + 1);  // And the NULLs.
  for (size_t i = 0; i < ranges.size(); ++i) {
    DateRange range{.column = column, .lower = {}, .upper = {}, .encoding = encoding};
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
      ReadableRows(rows_per_unit) + ", because no range is shorter than " +
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
  const EpochLimit* epoch =
      std::ranges::find(kEpochLimits, column.time_encoding, &EpochLimit::encoding);
  const std::string counts =
      epoch == kEpochLimits.end() ? "" : ", read as " + std::string(epoch->text) + " since 1970";
  const std::string why = "\"" + name + "\" is " + role + counts + "; about " + ReadableRows(rows) +
                          ", cut by " + StepsText(ranges) + ", ";
  const size_t known = column.histogram.size() + column.common.size();
  if (column.histogram.size() >= 2 || !column.common.empty()) {
    return why + "whose rows are told by " + HistogramText(column, known);
  }
  return why + "taken to be spread evenly from " + ShortTime(*column.minimum) + " to " +
         ShortTime(*column.maximum);
}

}  // namespace

std::vector<std::string> DateRangeColumns(const PlanInput& input) {
  const std::string& wanted = input.knobs.column;
  std::vector<std::string> names;
  for (const Column& column : input.description.columns) {
    const bool is_wanted = column.name == wanted;
    // Units have the name in their JSON.
    const bool is_candidate =
        is_wanted || (wanted.empty() && !column.nullable && IsUtf8(column.name));
    const bool holds_times =
        IsTimeType(*column.type) || (is_wanted && IsIntegerColumn(input, wanted));
    if (is_candidate && holds_times) names.push_back(column.name);
  }
  return names;
}

std::optional<std::string> DateRangeMisfit(const PlanInput& input) {
  if (const auto kind = UnsplittableKind(input.description.kind)) {
    return *kind + " cannot be cut by date";
  }
  const auto chosen = ChooseTimeColumn(input);
  if (!chosen) return NoColumnMisfit(input);
  const auto misfit = ValuesMisfit(input, *chosen);
  return misfit ? misfit : EpochMisfit(input, *chosen);
}

Cut CutDateRange(const PlanInput& input) {
  const std::string name = *ChooseTimeColumn(input);
  const ColumnStatistics column = TimesOf(input, name);
  const bool is_date = IsDate(input, name);
  const int64_t resolution = is_date ? kMicrosPerDay : 1;
  const Distribution values = Distribution::OfTimes(column, resolution, GrowthSince(input, column));
  Cut cut;
  const double span = values.span() / static_cast<double>(resolution);
  const double rows = TableRows(input, span, cut.warnings);
  double rows_per_unit = RowsPerUnit(input, rows, cut.warnings);
  const double null_rows = rows * std::clamp(column.null_fraction, 0.0, 1.0);
  if (rows <= rows_per_unit) return OneRange(input, name, rows, std::move(cut));
  const bool has_nulls = NeedsNullRows(input, name);
  const std::vector<TimeRange> ranges =
      CutToAtMost(SpreadOf(column, values, rows, null_rows), is_date, rows_per_unit,
                  kMaxUnits - (has_nulls ? 1 : 0), cut.warnings);
  cut.shares = SharesOf(ranges, name, column.time_encoding);
  WarnOfFullRanges(is_date, rows_per_unit, cut);
  WarnOfUnknownSpread(name, column, cut);
  WarnOfStaleHistogram(name, column, values, cut);
  if (ranges.size() < 2) return OneRange(input, name, rows, std::move(cut));
  AddNullRows(input, name, null_rows, cut);
  cut.column = name;
  cut.why = WhyTimeColumn(input, name, column, rows, ranges);
  WarnOfMissingIndex(name, column, cut);
  return cut;
}

}  // namespace headrace
