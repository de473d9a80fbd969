#pragma once

#include <arrow/type_fwd.h>

#include <optional>
#include <string>
#include <vector>

#include "headrace/model/capabilities.h"
#include "headrace/model/description.h"
#include "headrace/model/statistics.h"
#include "headrace/model/work_unit.h"
#include "headrace/plan/planner.h"

/// What PlanUnits and the strategies share; each strategy is one file and one row of the table in
/// planner.cc.
namespace headrace {

/// What a strategy looks at. Lives as long as the call of PlanUnits.
struct PlanInput {
  const Description& description;
  const Statistics& statistics;
  const PlanKnobs& knobs;
};

/// A future unit: which rows, and about how many.
struct Share {
  Split split;
  double rows = 0;
};

/// What a strategy makes of a table.
struct Cut {
  std::string column;  ///< That it is cut by; empty: none.
  std::string why;
  std::vector<std::string> warnings;
  std::vector<Share> shares;  ///< In the order of the units.
};

/// One way to cut a table.
struct StrategyRule {
  Strategy strategy;
  /// Why the table cannot be cut this way; nothing if it can.
  std::optional<std::string> (*misfit)(const PlanInput& input);
  /// Cuts a table that fits.
  Cut (*cut)(const PlanInput& input);
  /// Columns whose values it could cut by if they were known, the best one first; null where it
  /// looks at no values.
  std::vector<std::string> (*columns)(const PlanInput& input) = nullptr;
};

// pages.cc: page ranges of each leaf.
std::optional<std::string> PagesMisfit(const PlanInput& input);
Cut CutPages(const PlanInput& input);

// id_range.cc: ranges of an integer column.
std::optional<std::string> IdRangeMisfit(const PlanInput& input);
Cut CutIdRange(const PlanInput& input);
std::vector<std::string> IdRangeColumns(const PlanInput& input);

// date_range.cc: calendar ranges of a date or timestamp column.
std::optional<std::string> DateRangeMisfit(const PlanInput& input);
Cut CutDateRange(const PlanInput& input);
std::vector<std::string> DateRangeColumns(const PlanInput& input);

// key_range.cc: ranges of a text, UUID or decimal column, in the source's own order.
std::optional<std::string> KeyRangeMisfit(const PlanInput& input);
Cut CutKeyRange(const PlanInput& input);
std::vector<std::string> KeyRangeColumns(const PlanInput& input);

// hash.cc: parts of the rows by the hash of a column.
std::optional<std::string> HashMisfit(const PlanInput& input);
Cut CutHash(const PlanInput& input);

// whole.cc: one unit.
Cut WholeTableCut(const PlanInput& input, std::string why);

/// "a view", "a query" … for relations that cannot be split because of what they are; nothing for
/// tables.
std::optional<std::string> UnsplittableKind(RelationKind kind);

}  // namespace headrace
