#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "headrace/model/error.h"

namespace headrace::sqlite {

/// A set of integers in a b-tree, which can be sought but not counted.
class OrderedIntegers {
 public:
  virtual ~OrderedIntegers() = default;

  /// The first `count` members that are at least `lower`, ascending; fewer at the end.
  virtual arrow::Result<std::vector<int64_t>> From(int64_t lower, int count) = 0;

  /// The greatest member; nullopt: the set is empty.
  virtual arrow::Result<std::optional<int64_t>> Last() = 0;
};

/// How the members of a set are spread.
struct IntegerSpread {
  std::optional<int64_t> minimum;
  std::optional<int64_t> maximum;
  double members = 0;  ///< Estimated.
  std::vector<int64_t>
      histogram;  ///< Equi-depth bounds from minimum to maximum: see ColumnStatistics::histogram.
};

/// Estimates the spread with at most `probes` seeks of a few members each. Gaps of any size get
/// next to no bounds: the range is cut into cells, and the cell that seems to hold most members,
/// judged by how dense its first ones lie, is halved again and again.
arrow::Result<IntegerSpread> ProbeSpread(OrderedIntegers& integers, int probes = 1'024);

}  // namespace headrace::sqlite
