#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "headrace/plan/distribution.h"
#include "headrace/plan/size.h"
#include "headrace/plan/strategy.h"
#include "headrace/plan/value_range.h"

namespace headrace {
namespace {

/// uint64 is left out: bounds are int64.
bool HoldsIntegers(const PlanInput& input, const std::string& name) {
  if (name == input.description.row_identity) return true;
  const Column* column = input.description.FindColumn(name);
  return column != nullptr && arrow::is_integer(column->type->id()) &&
         column->type->id() != arrow::Type::UINT64;
}

std::optional<std::string> IntegerMisfit(const PlanInput& input, const std::string& name) {
  if (!HoldsIntegers(input, name)) return "\"" + name + "\" is no integer column";
  return ValuesMisfit(input, name);
}

/// A lower bound of a range, and the share of the rows below it.
struct IdBound {
  int64_t value = 0;
  double share_below = 0;
};

/// Ascending, distinct bounds that cut the values into about `ranges` ranges of the same number of
/// rows; many equal values give fewer.
std::vector<IdBound> CutValues(const Distribution& values, int64_t ranges) {
  std::vector<IdBound> bounds;
  bounds.reserve(static_cast<size_t>(ranges));
  int64_t previous = values.minimum();
  for (int64_t i = 1; i < ranges; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(ranges);
    const int64_t value = values.Quantile(share);
    if (value <= previous || value > values.maximum()) continue;
    bounds.push_back({value, share});
    previous = value;
  }
  return bounds;
}

std::string WhyColumn(const KeyColumn& candidate, const ColumnStatistics& column, double rows) {
  const std::string why = "\"" + candidate.name + "\" is " + candidate.role +
                          " and an integer; about " + ReadableRows(rows) + ", ";
  if (column.histogram.size() >= 2) {
    return why + "bounds from " + HistogramText(column, column.histogram.size());
  }
  return why + "bounds spread evenly from " + std::to_string(*column.minimum) + " to " +
         std::to_string(*column.maximum);
}

void WarnOfColumn(const PlanInput& input, const std::string& name, const ColumnStatistics& column,
                  const Distribution& values, Cut& cut) {
  constexpr double kWorthSaying = 0.1;
  if (values.share_beyond_histogram() > kWorthSaying) {
    cut.warnings.push_back("stale statistics: \"" + name +
                           "\" has values outside of its histogram, which ends at " +
                           std::to_string(column.histogram.back()));
  }
  if (name != input.description.row_identity) WarnOfMissingIndex(name, column, cut);
}

}  // namespace

std::optional<std::string> IdRangeMisfit(const PlanInput& input) {
  return KeyMisfit(input, IntegerMisfit);
}

Cut CutIdRange(const PlanInput& input) {
  const KeyColumn chosen = *FirstKeyColumn(input, IntegerMisfit);
  const ColumnStatistics& column = input.statistics.columns.at(chosen.name);
  const Distribution values(column);
  Cut cut;
  const double rows = TableRows(input, values.span(), cut.warnings);
  const double rows_per_unit = RowsPerUnit(input, rows, cut.warnings);
  const double null_rows = rows * std::clamp(column.null_fraction, 0.0, 1.0);
  const auto ranges = static_cast<int64_t>(std::ceil((rows - null_rows) / rows_per_unit));
  const std::vector<IdBound> bounds = CutValues(values, ranges);
  if (bounds.empty()) return OneRange(input, chosen.name, rows, std::move(cut));
  cut.column = chosen.name;
  cut.why = WhyColumn(chosen, column, rows);
  cut.shares =
      CutAt(IdRange{.column = chosen.name, .lower = {}, .upper = {}}, bounds, rows - null_rows);
  AddNullRows(input, chosen.name, null_rows, cut);
  WarnOfColumn(input, chosen.name, column, values, cut);
  return cut;
}

std::vector<std::string> IdRangeColumns(const PlanInput& input) {
  return KeyColumnsWith(input, HoldsIntegers);
}

}  // namespace headrace
