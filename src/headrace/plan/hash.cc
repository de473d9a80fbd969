#include <algorithm>
#include <cmath>
#include <utility>

#include "headrace/plan/size.h"
#include "headrace/plan/strategy.h"
#include "headrace/plan/value_range.h"

namespace headrace {
namespace {

/// Each unit reads the whole table: more of them than workers that a job has by default cost, and
/// gain nothing.
constexpr double kMaxHashParts = 10;

std::optional<std::string> HashedColumn(const PlanInput& input) {
  const auto candidates = KeyColumns(input);
  const auto has_column = [&](const KeyColumn& candidate) {
    return input.description.FindColumn(candidate.name) != nullptr;
  };
  const auto found = std::ranges::find_if(candidates, has_column);
  return found == candidates.end() ? std::nullopt : std::optional(found->name);
}

bool IsEvaluatedAnew(RelationKind kind) {
  return kind == RelationKind::kView || kind == RelationKind::kQuery;
}

void WarnOfScans(const PlanInput& input, double parts, Cut& cut) {
  const bool is_view = IsEvaluatedAnew(input.description.kind);
  cut.warnings.push_back("hash: each of " + ReadableCount(parts) + " units " +
                         (is_view ? "evaluates it as a whole and keeps its part of the rows"
                                  : "reads the whole table and keeps its part of the rows"));
  if (!is_view) return;
  cut.warnings.emplace_back(
      "hash: rows that it does not yield alike each time, as with LIMIT or random(), are missed or "
      "doubled");
}

/// More parts than there may be would be smaller.
void WarnOfFullParts(double rows, double rows_per_unit, Cut& cut) {
  if (!IsTooFull(rows, rows_per_unit)) return;
  cut.warnings.push_back("units hold about " + ReadableRows(rows) + ", where about " +
                         ReadableCount(rows_per_unit) + " are wanted: hash makes no more than " +
                         ReadableCount(kMaxHashParts) + " parts, each of which reads everything");
}

}  // namespace

std::optional<std::string> HashMisfit(const PlanInput& input) {
  if (HashedColumn(input)) return std::nullopt;
  return "it has no key; partition.column names a column to hash";
}

Cut CutHash(const PlanInput& input) {
  const std::string name = *HashedColumn(input);
  const auto column = input.statistics.columns.find(name);
  const double null_share =
      column == input.statistics.columns.end() ? 0 : column->second.null_fraction;
  Cut cut;
  const double rows = TableRows(input, kMaxHashParts * RowsPerUnit(input), cut.warnings);
  const double null_rows = rows * std::clamp(null_share, 0.0, 1.0);
  const double parts =
      std::clamp(std::ceil((rows - null_rows) / RowsPerUnit(input)), 1.0, kMaxHashParts);
  if (parts < 2) return OneRange(input, name, rows, std::move(cut));
  for (int32_t part = 0; part < static_cast<int32_t>(parts); ++part) {
    cut.shares.push_back(
        {HashPart{.column = name, .part = part, .parts = static_cast<int32_t>(parts)},
         (rows - null_rows) / parts});
  }
  AddNullRows(input, name, null_rows, cut);
  cut.column = name;
  cut.why = "about " + ReadableRows(rows) + ", by the hash of \"" + name + "\"";
  WarnOfScans(input, static_cast<double>(cut.shares.size()), cut);
  WarnOfFullParts(cut.shares.front().rows, RowsPerUnit(input), cut);
  return cut;
}

}  // namespace headrace
