#pragma once

#include <cstdint>
#include <vector>

#include "headrace/model/statistics.h"

namespace headrace {

/// Where the values of an integer column lie, as its statistics tell: piecewise linear through the
/// histogram, extended to the least and greatest value where those lie outside of it. Times count
/// as their microseconds. An estimate; nothing rests on it but the size of units.
class Distribution {
 public:
  /// Statistics without a histogram, minimum and maximum tell nothing: IsKnown first.
  static bool IsKnown(const ColumnStatistics& statistics);

  /// Of integers.
  explicit Distribution(const ColumnStatistics& statistics);

  /// Of times, which have gaps: a bucket of the histogram that is far wider than its neighbours has
  /// its rows at its ends, as dense as beside it, and none in between; common values lie where they
  /// lie. A time farther from all of them than they are from each other is one that somebody made
  /// up
  /// (`9999-12-31`), unless the table has grown. `resolution`: the microseconds that one value
  /// stands for, a day for dates. `growth`: how many times the rows are those that the statistics
  /// counted.
  static Distribution OfTimes(const ColumnStatistics& statistics, int64_t resolution,
                              double growth);

  /// About the integer that has the share `share` (0 to 1) of the rows below it.
  int64_t Quantile(double share) const;

  /// About the share of the rows that lies below `value`: 0 to 1, never falling.
  double ShareBelow(int64_t value) const;

  /// The least and the greatest value that the statistics know.
  int64_t minimum() const { return minimum_; }
  int64_t maximum() const { return maximum_; }

  /// How many integers lie between the least and the greatest value, both included.
  double span() const;

  /// The share of rows that lies outside of the histogram and of the common values, as far as
  /// minimum and maximum tell.
  double share_beyond_histogram() const { return share_beyond_; }

 private:
  /// `weight` rows (in buckets of the histogram) lie below `value`. Values reach from -2^63 to
  /// 2^63: more than int64 holds, and exactly what the 64 bits of a long double's mantissa do.
  struct Knot {
    long double value = 0;
    double weight = 0;
  };

  explicit Distribution(int64_t resolution);

  void AddValues(const ColumnStatistics& statistics);
  void AddHistogram(const std::vector<int64_t>& histogram);
  void ShowGaps();
  void AddGap(const Knot& left, const Knot& right, long double before, long double after);
  void AddCommon(const ColumnStatistics& statistics);
  void ScaleWeights(const ColumnStatistics& statistics);
  void AddTails(const ColumnStatistics& statistics, double most);

  void SetEnds();

  double WeightBelow(long double value) const;

  const long double resolution_;
  std::vector<Knot> knots_;  // By ascending weight; at least two.
  int64_t minimum_ = 0;
  int64_t maximum_ = 0;
  double share_beyond_ = 0;
};

}  // namespace headrace
