#include "headrace/plan/window.h"

#include <arrow/type.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <variant>

#include "headrace/model/civil_time.h"
#include "headrace/plan/distribution.h"
#include "headrace/plan/planner.h"
#include "headrace/plan/size.h"
#include "headrace/plan/strategy.h"

namespace headrace {
namespace {

struct Bounds {
  std::string column;
  std::optional<int64_t> lower;
  std::optional<int64_t> upper;
};

Bounds BoundsOf(const Split& window) {
  if (const auto* range = std::get_if<IdRange>(&window)) {
    return {range->column, range->lower, range->upper};
  }
  const auto& range = std::get<DateRange>(window);
  return {range.column, range.lower, range.upper};
}

Distribution DistributionOf(const Description& description, const Statistics& statistics,
                            const Bounds& bounds) {
  const ColumnStatistics& column = statistics.columns.at(bounds.column);
  const Column* described = description.FindColumn(bounds.column);
  if (described == nullptr || !IsTimeType(*described->type)) return Distribution(column);
  const int64_t resolution = described->type->id() == arrow::Type::DATE32 ? kMicrosPerDay : 1;
  const PlanKnobs knobs;
  return Distribution::OfTimes(column, resolution,
                               GrowthSince({description, statistics, knobs}, column));
}

/// Bounds of equal depth between the shares `from` and `to` of all rows.
std::vector<int64_t> HistogramBetween(const Distribution& values, double from, double to,
                                      int64_t minimum, int64_t maximum) {
  constexpr int kBuckets = 100;
  std::vector<int64_t> histogram;
  for (int i = 0; i <= kBuckets; ++i) {
    const double share = from + (to - from) * i / kBuckets;
    const int64_t bound = std::clamp(values.Quantile(share), minimum, maximum);
    if (histogram.empty() || bound > histogram.back()) histogram.push_back(bound);
  }
  return histogram;
}

}  // namespace

Statistics StatisticsInWindow(const Description& description, Statistics statistics,
                              const Split& window) {
  const Bounds bounds = BoundsOf(window);
  const auto found = statistics.columns.find(bounds.column);
  if (found == statistics.columns.end() || !Distribution::IsKnown(found->second)) return statistics;
  const Distribution values = DistributionOf(description, statistics, bounds);
  const double from = bounds.lower ? values.ShareBelow(*bounds.lower) : 0;
  const double to = bounds.upper ? values.ShareBelow(*bounds.upper) : 1;
  ColumnStatistics& column = found->second;
  const double share_before = bounds.lower ? 0 : column.share_before;
  const double outside = column.null_fraction + column.share_before + column.share_after;
  const double share =
      std::clamp((to - from) * std::max(1 - outside, 0.0) + share_before, 0.0, 1.0);

  const int64_t minimum = std::max(values.minimum(), bounds.lower.value_or(values.minimum()));
  const int64_t last = bounds.upper ? *bounds.upper - 1 : values.maximum();
  const int64_t maximum = std::max(minimum, std::min(values.maximum(), last));
  const bool has_histogram = !column.histogram.empty() || !column.common.empty();
  column.histogram = has_histogram && to > from
                         ? HistogramBetween(values, from, to, minimum, maximum)
                         : std::vector<int64_t>();
  column.common.clear();
  statistics.leaf_rows.clear();  // Where the rows of a window lie is not known.
  column.minimum = minimum;
  column.maximum = maximum;
  column.null_fraction = 0;
  column.share_after = 0;
  column.share_before = share > 0 ? share_before / share : 0;
  statistics.exact = false;
  if (statistics.rows > 0) {
    statistics.rows = std::llround(static_cast<double>(statistics.rows) * share);
  }
  if (statistics.bytes > 0) {
    statistics.bytes = std::llround(static_cast<double>(statistics.bytes) * share);
  }
  return statistics;
}

}  // namespace headrace
