#include "headrace/plan/size.h"

#include <algorithm>
#include <cmath>

namespace headrace {

double RowWidth(const Statistics& statistics) {
  if (statistics.row_width > 0) return statistics.row_width;
  if (statistics.rows <= 0 || statistics.bytes <= 0) return 0;
  return static_cast<double>(statistics.bytes) / static_cast<double>(statistics.rows);
}

double RowsPerUnit(const PlanInput& input) {
  const double width = RowWidth(input.statistics);
  const auto target_rows = static_cast<double>(input.knobs.target_rows);
  const double rows =
      width <= 0 ? target_rows
                 : std::min(target_rows, static_cast<double>(input.knobs.target_bytes) / width);
  return std::max(1.0, rows);
}

double RowsPerUnit(const PlanInput& input, double rows, std::vector<std::string>& warnings) {
  const double wanted = RowsPerUnit(input);
  if (rows / wanted <= kMaxUnits) return wanted;
  const double raised = rows / kMaxUnits;
  warnings.push_back("units of " + ReadableRows(wanted) + " would be " +
                     ReadableCount(rows / wanted) + " units; they hold about " +
                     ReadableRows(raised) + " each, so that there are " + ReadableCount(kMaxUnits));
  return raised;
}

bool IsTooFull(double rows, double rows_per_unit) {
  constexpr double kFarMore = 2;
  return rows > kFarMore * rows_per_unit;
}

bool IsRowCountKnown(const Relation& leaf) {
  return leaf.rows > 0 || (leaf.rows == 0 && leaf.pages == 0);
}

double KnownRows(const Description& description) {
  double rows = 0;
  for (const Relation& leaf : description.leaves) rows += IsRowCountKnown(leaf) ? leaf.rows : 0;
  return rows;
}

double Growth(const PlanInput& input) {
  const bool all_known = std::ranges::all_of(input.description.leaves, IsRowCountKnown);
  const double known = KnownRows(input.description);
  return all_known && known > 0 ? std::max(1.0, static_cast<double>(input.statistics.rows) / known)
                                : 1;
}

double GrowthSince(const PlanInput& input, const ColumnStatistics& column) {
  return column.sampled_because.empty() ? Growth(input) : 1;
}

std::string ReadableCount(double count) {
  const std::string digits = std::to_string(std::llround(count));
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string ReadableRows(double rows) {
  return ReadableCount(rows) + (std::llround(rows) == 1 ? " row" : " rows");
}

}  // namespace headrace
