#include "headrace/plan/divide.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "headrace/plan/value_range.h"

namespace headrace {
namespace {

/// A unit is looked into once it has so many times the rows that it should have: what is read again
/// is little then beside what is won.
constexpr double kOutgrown = 4;

/// A part that is still too large is divided in its turn.
constexpr double kMostParts = 256;

/// The places between the ends of a range of numbers, whatever else the sample has.
std::vector<ValueBound> Within(const std::vector<ValueBound>& values, std::optional<int64_t> lower,
                               std::optional<int64_t> upper) {
  std::vector<ValueBound> within;
  for (const ValueBound& bound : values) {
    const bool above = !lower || bound.value > *lower;
    const bool below = !upper || bound.value < *upper;
    const bool ascends = within.empty() || bound.value > within.back().value;
    if (above && below && ascends) within.push_back(bound);
  }
  return within;
}

/// Those of `bounds` that cut the rows into up to `parts` shares, as equal as can be.
template <typename Bound>
std::vector<Bound> EquallySpaced(const std::vector<Bound>& bounds, double parts) {
  std::vector<Bound> chosen;
  double next = 1;  // in shares of 1 / parts
  for (const Bound& bound : bounds) {
    if (bound.share_below * parts < next) continue;
    chosen.push_back(bound);
    next = std::floor(bound.share_below * parts) + 1;
  }
  return chosen;
}

/// The parts of a split by the sample; of one that cannot be divided none.
struct DivideSplit {
  const UnitSample& sample;
  double parts;

  std::vector<Share> operator()(const IdRange& range) const { return OfNumbers(range); }
  std::vector<Share> operator()(const DateRange& range) const { return OfNumbers(range); }
  std::vector<Share> operator()(const KeyRange& range) const {
    return CutAt(range, EquallySpaced(sample.keys, parts), sample.rows);
  }
  std::vector<Share> operator()(const PageRange& range) const {
    return CutAt(range, EquallySpaced(Within(sample.values, range.first, range.last), parts),
                 sample.rows);
  }
  std::vector<Share> operator()(const WholeTable& /*split*/) const { return {}; }
  std::vector<Share> operator()(const HashPart& /*split*/) const { return {}; }
  std::vector<Share> operator()(const NullRows& /*split*/) const { return {}; }

  template <typename Range>
  std::vector<Share> OfNumbers(const Range& range) const {
    return CutAt(range, EquallySpaced(Within(sample.values, range.lower, range.upper), parts),
                 sample.rows);
  }
};

bool IsFarMore(double read, double estimated, double target) {
  return read > kOutgrown * std::max(estimated, target);
}

}  // namespace

bool HasOutgrown(const WorkUnit& unit, const UnitTarget& target, int64_t read_rows,
                 int64_t read_bytes) {
  const auto number = [](int64_t value) { return static_cast<double>(value); };
  return IsFarMore(number(read_rows), number(unit.estimated_rows), number(target.rows)) ||
         IsFarMore(number(read_bytes), number(unit.estimated_bytes), number(target.bytes));
}

bool PaysToLook(const UnitLoad& load) {
  return load.workers > 1 && load.waiting_rows <= load.read_rows * load.workers;
}

bool PaysToDivide(const UnitLoad& load, double rows) {
  const double left = rows - load.read_rows;
  return load.workers > 1 && left > load.read_rows && left * load.workers > load.waiting_rows;
}

bool IsDivisible(const Split& split) {
  return std::holds_alternative<IdRange>(split) || std::holds_alternative<DateRange>(split) ||
         std::holds_alternative<KeyRange>(split) || std::holds_alternative<PageRange>(split);
}

std::vector<WorkUnit> DivideUnit(const WorkUnit& unit, const UnitSample& sample, double rows) {
  const double parts = std::clamp(std::ceil(sample.rows / std::max(rows, 1.0)), 2.0, kMostParts);
  const std::vector<Share> shares = std::visit(DivideSplit{sample, parts}, unit.split);
  std::vector<WorkUnit> divided;
  if (shares.size() < 2) return divided;
  const double width = static_cast<double>(unit.estimated_bytes) /
                       std::max(1.0, static_cast<double>(unit.estimated_rows));
  for (const Share& part : shares) {
    const double rows_of_part = std::max(0.0, part.rows);
    WorkUnit child = unit;
    child.id += "." + std::to_string(divided.size());
    child.split = part.split;
    child.estimated_rows = std::llround(rows_of_part);
    child.estimated_bytes = std::llround(width * rows_of_part);
    divided.push_back(std::move(child));
  }
  return divided;
}

}  // namespace headrace
