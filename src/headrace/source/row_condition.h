#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace headrace {

/// Conditions of the rows of a work unit, in the SQL that all sources share. An empty condition
/// holds for every row.

/// Both hold. Neither may have an OR outside of brackets.
std::string BothHold(std::string one, const std::string& other);

/// The literal that `write` makes of an end of a range; empty: the end is open.
template <typename Value, typename Write>
std::string LiteralOf(const std::optional<Value>& end, Write write) {
  return end ? write(*end) : std::string();
}

/// How a source spells the comparisons with the ends of a range.
struct RangeOperators {
  std::string_view at_least = ">=";
  std::string_view below = "<";
};

/// `column` lies at `lower` or above, and below `upper`; an empty literal: this end is open. Both
/// open: every row but those whose column is NULL, which no range holds.
std::string LiesBetween(const std::string& column, const std::string& lower,
                        const std::string& upper, const RangeOperators& operators = {});

}  // namespace headrace
