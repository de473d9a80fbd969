#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "headrace/model/split_text.h"
#include "headrace/plan/size.h"
#include "headrace/plan/strategy.h"
#include "headrace/plan/value_range.h"

namespace headrace {
namespace {

/// Whether the values may have an order in the source that is not that of numbers or times; which
/// do, only the source knows: it tells their keys.
bool MayHoldKeys(const PlanInput& input, const std::string& name) {
  const Column* column = input.description.FindColumn(name);
  return column != nullptr &&
         (column->type->id() == arrow::Type::STRING || arrow::is_decimal(column->type->id()));
}

std::optional<std::string> KeysMisfit(const PlanInput& input, const std::string& name) {
  if (!MayHoldKeys(input, name)) return "\"" + name + "\" holds no text, UUID or decimal";
  const auto found = input.statistics.columns.find(name);
  if (found != input.statistics.columns.end() && !found->second.keys.empty()) return std::nullopt;
  return UnknownValues(input, name);
}

/// Of `keys` those that cut the values into about `ranges` ranges of the same number of rows.
std::vector<KeyBound> CutKeys(const std::vector<KeyBound>& keys, double ranges) {
  std::vector<KeyBound> bounds;
  double previous = 0;
  for (size_t i = 0; i < keys.size(); ++i) {
    const double share = keys[i].share_below;
    const double next = i + 1 < keys.size() ? keys[i + 1].share_below : 1;
    const bool is_nearest = (share + next) / 2 - previous >= 1 / ranges;
    if (share <= previous || !is_nearest) continue;
    bounds.push_back(keys[i]);
    previous = share;
  }
  return bounds;
}

/// Units that hold far more than they should: many rows have one key, or the sample has too few.
void WarnOfFullKeyRanges(const std::string& column, double rows_per_unit, Cut& cut) {
  const auto* fullest = &*std::ranges::max_element(cut.shares, {}, &Share::rows);
  if (!IsTooFull(fullest->rows, rows_per_unit)) return;
  cut.warnings.push_back("units hold up to " + ReadableRows(fullest->rows) + ", where about " +
                         ReadableCount(rows_per_unit) + " are wanted: no more values of \"" +
                         column +
                         "\" were sampled between them; the fullest: " + SplitText(fullest->split));
}

}  // namespace

std::optional<std::string> KeyRangeMisfit(const PlanInput& input) {
  return KeyMisfit(input, KeysMisfit);
}

Cut CutKeyRange(const PlanInput& input) {
  const KeyColumn chosen = *FirstKeyColumn(input, KeysMisfit);
  const ColumnStatistics& column = input.statistics.columns.at(chosen.name);
  Cut cut;
  const auto known = static_cast<double>(column.keys.size());
  const double rows = TableRows(input, known, cut.warnings);
  const double rows_per_unit = RowsPerUnit(input, rows, cut.warnings);
  const double null_rows = rows * std::clamp(column.null_fraction, 0.0, 1.0);
  const double ranges = std::max(1.0, std::ceil((rows - null_rows) / rows_per_unit));
  const std::vector<KeyBound> bounds = CutKeys(column.keys, ranges);
  if (bounds.empty()) return OneRange(input, chosen.name, rows, std::move(cut));
  cut.column = chosen.name;
  cut.why = "\"" + chosen.name + "\" is " + chosen.role + "; about " + ReadableRows(rows) +
            ", bounds from " + ReadableCount(known) + " of its values in the source's own order";
  cut.shares =
      CutAt(KeyRange{.column = chosen.name, .lower = {}, .upper = {}}, bounds, rows - null_rows);
  WarnOfFullKeyRanges(chosen.name, rows_per_unit, cut);
  AddNullRows(input, chosen.name, null_rows, cut);
  WarnOfMissingIndex(chosen.name, column, cut);
  return cut;
}

std::vector<std::string> KeyRangeColumns(const PlanInput& input) {
  return KeyColumnsWith(input, MayHoldKeys);
}

}  // namespace headrace
