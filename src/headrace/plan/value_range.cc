#include "headrace/plan/value_range.h"

#include <algorithm>

#include "headrace/plan/distribution.h"
#include "headrace/plan/size.h"

namespace headrace {
namespace {

/// Units of a table whose rows nobody could estimate: enough to keep workers busy, few enough if it
/// is small.
constexpr double kUnitsWithoutEstimate = 64;

}  // namespace

std::optional<std::string> ValuesMisfit(const PlanInput& input, const std::string& column) {
  const auto found = input.statistics.columns.find(column);
  if (found != input.statistics.columns.end() && Distribution::IsKnown(found->second)) {
    return std::nullopt;
  }
  return input.statistics.rows == 0 ? "it is empty"
                                    : "nothing is known of the values of \"" + column + "\"";
}

bool IsNullable(const PlanInput& input, const std::string& column) {
  const Column* described = input.description.FindColumn(column);
  return described != nullptr && described->nullable && column != input.description.row_identity;
}

double TableRows(const PlanInput& input, double span, std::vector<std::string>& warnings) {
  const Statistics& statistics = input.statistics;
  if (statistics.rows >= 0) return static_cast<double>(statistics.rows);
  if (statistics.bytes > 0 && statistics.row_width > 0) {
    const double rows = static_cast<double>(statistics.bytes) / statistics.row_width;
    warnings.push_back("row count unknown: about " + ReadableCount(rows) +
                       " rows, from the table's size on disk");
    return rows;
  }
  const double most = std::min(span, kUnitsWithoutEstimate * RowsPerUnit(input));
  warnings.push_back("row count and size unknown: cut as if there were " + ReadableCount(most) +
                     " rows");
  return most;
}

Cut OneRange(const PlanInput& input, const std::string& column, double rows, Cut cut) {
  Cut whole = WholeTableCut(input, "about " + ReadableCount(rows) + " rows");
  whole.warnings = std::move(cut.warnings);
  whole.why += rows > RowsPerUnit(input) ? " that \"" + column + "\" does not tell apart"
                                         : ", which one unit may hold";
  return whole;
}

void WarnOfMissingIndex(const std::string& column, const ColumnStatistics& statistics, Cut& cut) {
  if (statistics.indexed || cut.shares.size() < 2) return;
  cut.warnings.push_back("no index on \"" + column + "\": each of " +
                         ReadableCount(static_cast<double>(cut.shares.size())) +
                         " units reads the whole table");
}

}  // namespace headrace
