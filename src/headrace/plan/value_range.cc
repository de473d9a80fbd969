#include "headrace/plan/value_range.h"

#include <algorithm>

#include "headrace/model/utf8.h"
#include "headrace/plan/distribution.h"
#include "headrace/plan/size.h"

namespace headrace {
namespace {

/// Units of a table whose rows nobody could estimate: enough to keep workers busy, few enough if it
/// is small.
constexpr double kUnitsWithoutEstimate = 64;

}  // namespace

std::vector<KeyColumn> KeyColumns(const PlanInput& input) {
  if (!input.knobs.column.empty()) return {{input.knobs.column, "the column that the job names"}};
  const Description& description = input.description;
  std::vector<KeyColumn> candidates;
  const auto add_keys = [&](bool primary, bool single, const std::string& role) {
    for (const Key& key : description.keys) {
      if (key.columns.empty() || key.primary != primary || (key.columns.size() == 1) != single) {
        continue;
      }
      // Units have the name in their JSON.
      if (IsUtf8(key.columns.front())) candidates.push_back({key.columns.front(), role});
    }
  };
  add_keys(true, true, "the primary key");
  if (!description.row_identity.empty()) {
    candidates.push_back({description.row_identity, "the order of the rows on disk"});
  }
  add_keys(false, true, "a unique key");
  add_keys(true, false, "the first column of the primary key");
  add_keys(false, false, "the first column of a unique key");
  return candidates;
}

std::optional<KeyColumn> FirstKeyColumn(const PlanInput& input, ColumnMisfit misfit) {
  for (KeyColumn& candidate : KeyColumns(input)) {
    if (!misfit(input, candidate.name)) return std::move(candidate);
  }
  return std::nullopt;
}

std::optional<std::string> KeyMisfit(const PlanInput& input, ColumnMisfit misfit) {
  if (const auto kind = UnsplittableKind(input.description.kind)) return *kind + " has no key";
  const std::vector<KeyColumn> candidates = KeyColumns(input);
  if (candidates.empty()) return "it has no key";
  return FirstKeyColumn(input, misfit) ? std::nullopt : misfit(input, candidates.front().name);
}

std::vector<std::string> KeyColumnsWith(const PlanInput& input,
                                        bool (*has_type)(const PlanInput& input,
                                                         const std::string& column)) {
  std::vector<std::string> names;
  for (KeyColumn& candidate : KeyColumns(input)) {
    const bool is_new = std::ranges::find(names, candidate.name) == names.end();
    if (is_new && has_type(input, candidate.name)) names.push_back(std::move(candidate.name));
  }
  return names;
}

std::string UnknownValues(const PlanInput& input, const std::string& column) {
  if (input.statistics.rows == 0) return "it is empty";
  const auto found = input.statistics.columns.find(column);
  const bool has_reason =
      found != input.statistics.columns.end() && !found->second.unknown_because.empty();
  return "nothing is known of the values of \"" + column + "\"" +
         (has_reason ? ": " + found->second.unknown_because : "");
}

std::optional<std::string> ValuesMisfit(const PlanInput& input, const std::string& column) {
  const auto found = input.statistics.columns.find(column);
  if (found != input.statistics.columns.end() && Distribution::IsKnown(found->second)) {
    return std::nullopt;
  }
  return UnknownValues(input, column);
}

std::string HistogramText(const ColumnStatistics& column, size_t values) {
  const std::string of_values = " of " + ReadableCount(static_cast<double>(values)) + " values";
  return column.sampled_because.empty()
             ? "a histogram" + of_values
             : "a sample" + of_values + " (" + column.sampled_because + ")";
}

bool NeedsNullRows(const PlanInput& input, const std::string& column) {
  const Column* described = input.description.FindColumn(column);
  return described != nullptr && described->nullable && column != input.description.row_identity &&
         column != input.knobs.unwanted_nulls;
}

void AddNullRows(const PlanInput& input, const std::string& column, double rows, Cut& cut) {
  if (NeedsNullRows(input, column)) cut.shares.push_back({NullRows{column}, rows});
}

double TableRows(const PlanInput& input, double span, std::vector<std::string>& warnings) {
  const Statistics& statistics = input.statistics;
  if (statistics.rows >= 0) return static_cast<double>(statistics.rows);
  if (statistics.bytes > 0 && statistics.row_width > 0) {
    const double rows = static_cast<double>(statistics.bytes) / statistics.row_width;
    warnings.push_back("row count unknown: about " + ReadableRows(rows) +
                       ", from the table's size on disk");
    return rows;
  }
  const double most = std::min(span, kUnitsWithoutEstimate * RowsPerUnit(input));
  warnings.push_back("row count and size unknown: cut as if there were " + ReadableRows(most));
  return most;
}

Cut OneRange(const PlanInput& input, const std::string& column, double rows, Cut cut) {
  Cut whole = WholeTableCut(input, "about " + ReadableRows(rows));
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
