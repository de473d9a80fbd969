#include "headrace/source/row_condition.h"

#include <utility>

namespace headrace {

std::string BothHold(std::string one, const std::string& other) {
  if (one.empty() || other.empty()) return one + other;
  return std::move(one) + " AND " + other;
}

std::string LiesBetween(const std::string& column, const std::string& lower,
                        const std::string& upper, const RangeOperators& operators) {
  if (lower.empty() && upper.empty()) return column + " IS NOT NULL";
  const auto compared = [&](std::string_view with, const std::string& end) {
    return end.empty() ? "" : column + " " + std::string(with) + " " + end;
  };
  return BothHold(compared(operators.at_least, lower), compared(operators.below, upper));
}

}  // namespace headrace
