#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "headrace/plan/strategy.h"

/// What strategies that cut a table by the values of a column share.
namespace headrace {

/// A column that may split the table.
struct KeyColumn {
  std::string name;
  std::string role;  ///< For people: "the primary key".
};

/// The column of the job, else the columns that lead a key and the row identity, the best one
/// first, whatever their types. Keys of one column come first, the row identity before unique keys
/// that are not primary: its ranges lie together on disk. A key whose name is not UTF-8 is
/// none: no unit can name it.
std::vector<KeyColumn> KeyColumns(const PlanInput& input);

/// Why a column cannot be cut in some way; nothing if it can.
using ColumnMisfit = std::optional<std::string> (*)(const PlanInput& input,
                                                    const std::string& column);

/// The first of KeyColumns that `misfit` has nothing against.
std::optional<KeyColumn> FirstKeyColumn(const PlanInput& input, ColumnMisfit misfit);

/// Why none of KeyColumns will do; nothing if one does.
std::optional<std::string> KeyMisfit(const PlanInput& input, ColumnMisfit misfit);

/// The names of KeyColumns that `has_type` likes, each once.
std::vector<std::string> KeyColumnsWith(const PlanInput& input,
                                        bool (*has_type)(const PlanInput& input,
                                                         const std::string& column));

/// What is said of a column of which too little is known.
std::string UnknownValues(const PlanInput& input, const std::string& column);

/// Why the values of a column of the right type cannot be cut; nothing if they can.
std::optional<std::string> ValuesMisfit(const PlanInput& input, const std::string& column);

/// What tells how the values of a column lie, for people: so many values of its histogram, and
/// where those are from.
std::string HistogramText(const ColumnStatistics& column, size_t values);

/// Whether a unit must hold the rows that are in no range of `column`, because it is NULL there.
bool NeedsNullRows(const PlanInput& input, const std::string& column);

/// Adds that unit, where it must be.
void AddNullRows(const PlanInput& input, const std::string& column, double rows, Cut& cut);

template <typename Range, typename Bound>
void SetLower(Range& range, const Bound& bound) {
  range.lower = bound.value;
}
template <typename Range, typename Bound>
void SetUpper(Range& range, const Bound& bound) {
  range.upper = bound.value;
}
inline void SetLower(PageRange& range, const ValueBound& bound) {
  range.first = static_cast<uint32_t>(bound.value);
}
inline void SetUpper(PageRange& range, const ValueBound& bound) {
  range.last = static_cast<uint32_t>(bound.value);
}

/// The parts of `range` between `bounds` (`value`, `share_below`), which ascend and lie within it.
/// The first and the last end as `range` does: of one that is open, values that no statistics knew
/// belong to them. `rows`: of all together.
template <typename Range, typename Bound>
std::vector<Share> CutAt(const Range& range, const std::vector<Bound>& bounds, double rows) {
  std::vector<Share> shares;
  shares.reserve(bounds.size() + 2);  // And the NULLs.
  for (size_t i = 0; i <= bounds.size(); ++i) {
    Range part = range;
    if (i > 0) SetLower(part, bounds[i - 1]);
    if (i < bounds.size()) SetUpper(part, bounds[i]);
    const double below = i > 0 ? bounds[i - 1].share_below : 0;
    const double up_to = i < bounds.size() ? bounds[i].share_below : 1;
    shares.push_back({std::move(part), rows * (up_to - below)});
  }
  return shares;
}

/// The rows of the table, guessed where the source could not estimate them. `span`: how many
/// different values the column may have.
double TableRows(const PlanInput& input, double span, std::vector<std::string>& warnings);

/// A table that no bound cuts is one unit, its NULLs included. Keeps the warnings of `cut`.
Cut OneRange(const PlanInput& input, const std::string& column, double rows, Cut cut);

/// Says what ranges of a column without an index cost.
void WarnOfMissingIndex(const std::string& column, const ColumnStatistics& statistics, Cut& cut);

}  // namespace headrace
