#pragma once

#include <optional>
#include <string>
#include <vector>

#include "headrace/plan/strategy.h"

/// What strategies that cut a table by the values of a column share.
namespace headrace {

/// Why the values of a column of the right type cannot be cut; nothing if they can.
std::optional<std::string> ValuesMisfit(const PlanInput& input, const std::string& column);

/// Whether rows may be in no range of `column`, because it is NULL there.
bool IsNullable(const PlanInput& input, const std::string& column);

/// The rows of the table, guessed where the source could not estimate them. `span`: how many
/// different values the column may have.
double TableRows(const PlanInput& input, double span, std::vector<std::string>& warnings);

/// A table that no bound cuts is one unit, its NULLs included. Keeps the warnings of `cut`.
Cut OneRange(const PlanInput& input, const std::string& column, double rows, Cut cut);

/// Says what ranges of a column without an index cost.
void WarnOfMissingIndex(const std::string& column, const ColumnStatistics& statistics, Cut& cut);

}  // namespace headrace
