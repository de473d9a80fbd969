#include "headrace/plan/divide.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace headrace {
namespace {

/// A unit is looked into once it has so many times the rows that it should have: what is read again
/// is little then beside what is won.
constexpr double kOutgrown = 4;

/// A part that is still too large is divided in its turn.
constexpr double kMostParts = 256;

/// A part of a unit, and the share of the unit's rows that it has.
struct Part {
  Split split;
  double share = 0;
};

template <typename Range, typename Bound>
void SetLower(Range& range, const Bound& bound) {
  range.lower = bound.value;
}
template <typename Range, typename Bound>
void SetUpper(Range& range, const Bound& bound) {
  range.upper = bound.value;
}
void SetLower(PageRange& range, const ValueBound& bound) {
  range.first = static_cast<uint32_t>(bound.value);
}
void SetUpper(PageRange& range, const ValueBound& bound) {
  range.last = static_cast<uint32_t>(bound.value);
}

/// Cuts a range at `bounds`, which ascend and lie within it.
template <typename Range, typename Bound>
std::vector<Part> CutAt(const Range& range, const std::vector<Bound>& bounds) {
  std::vector<Part> parts;
  for (size_t i = 0; i <= bounds.size(); ++i) {
    Range part = range;
    if (i > 0) SetLower(part, bounds[i - 1]);
    if (i < bounds.size()) SetUpper(part, bounds[i]);
    const double from = i > 0 ? bounds[i - 1].share_below : 0;
    const double to = i < bounds.size() ? bounds[i].share_below : 1;
    parts.push_back({std::move(part), std::max(0.0, to - from)});
  }
  return parts;
}

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

  std::vector<Part> operator()(const IdRange& range) const { return OfNumbers(range); }
  std::vector<Part> operator()(const DateRange& range) const { return OfNumbers(range); }
  std::vector<Part> operator()(const KeyRange& range) const {
    return CutAt(range, EquallySpaced(sample.keys, parts));
  }
  std::vector<Part> operator()(const PageRange& range) const {
    return CutAt(range, EquallySpaced(Within(sample.values, range.first, range.last), parts));
  }
  std::vector<Part> operator()(const WholeTable& /*split*/) const { return {}; }
  std::vector<Part> operator()(const HashPart& /*split*/) const { return {}; }
  std::vector<Part> operator()(const NullRows& /*split*/) const { return {}; }

  template <typename Range>
  std::vector<Part> OfNumbers(const Range& range) const {
    return CutAt(range, EquallySpaced(Within(sample.values, range.lower, range.upper), parts));
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

bool PaysToDivide(const UnitLoad& load) {
  const double left = load.rows - load.read_rows;
  return load.workers > 1 && left > load.read_rows && left * load.workers > load.waiting_rows;
}

bool IsDivisible(const Split& split) {
  return std::holds_alternative<IdRange>(split) || std::holds_alternative<DateRange>(split) ||
         std::holds_alternative<KeyRange>(split) || std::holds_alternative<PageRange>(split);
}

std::vector<WorkUnit> DivideUnit(const WorkUnit& unit, const UnitSample& sample, double rows) {
  const double parts = std::clamp(std::ceil(sample.rows / std::max(rows, 1.0)), 2.0, kMostParts);
  const std::vector<Part> shares = std::visit(DivideSplit{sample, parts}, unit.split);
  std::vector<WorkUnit> divided;
  if (shares.size() < 2) return divided;
  const double width = static_cast<double>(unit.estimated_bytes) /
                       std::max(1.0, static_cast<double>(unit.estimated_rows));
  for (const Part& part : shares) {
    WorkUnit child = unit;
    child.id += "." + std::to_string(divided.size());
    child.split = part.split;
    child.estimated_rows = std::llround(sample.rows * part.share);
    child.estimated_bytes = std::llround(width * sample.rows * part.share);
    divided.push_back(std::move(child));
  }
  return divided;
}

}  // namespace headrace
