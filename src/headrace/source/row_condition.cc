#include "headrace/source/row_condition.h"

#include <utility>

namespace headrace {

std::string BothHold(std::string one, const std::string& other) {
  if (one.empty() || other.empty()) return one + other;
  return std::move(one) + " AND " + other;
}

std::string LiesBetween(const std::string& column, const std::string& lower,
                        const std::string& upper) {
  if (lower.empty() && upper.empty()) return column + " IS NOT NULL";
  return BothHold(lower.empty() ? "" : column + " >= " + lower,
                  upper.empty() ? "" : column + " < " + upper);
}

}  // namespace headrace
