#include "headrace/plan/distribution.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace headrace {
namespace {

int64_t ToInt64(long double value) {
  constexpr auto kLeast = static_cast<long double>(std::numeric_limits<int64_t>::min());
  if (value <= kLeast) return std::numeric_limits<int64_t>::min();
  if (value >= -kLeast) return std::numeric_limits<int64_t>::max();
  return static_cast<int64_t>(value);
}

/// Buckets that a tail of `length` is worth beside a histogram of `buckets` over `width`: as dense
/// as the histogram, but no more than all of it, so that one value far away does not take all the
/// units.
double TailWeight(long double length, long double width, double buckets) {
  if (length <= 0) return 0;
  return width <= 0 ? 1 : std::min(buckets, static_cast<double>(length / width) * buckets);
}

}  // namespace

bool Distribution::IsKnown(const ColumnStatistics& statistics) {
  return statistics.histogram.size() >= 2 ||
         (statistics.minimum.has_value() && statistics.maximum.has_value());
}

Distribution::Distribution(const ColumnStatistics& statistics) {
  if (statistics.histogram.size() >= 2) {
    AddHistogram(statistics.histogram);
    AddTails(statistics);
  } else {
    knots_ = {{static_cast<long double>(*statistics.minimum), 0},
              {static_cast<long double>(*statistics.maximum) + 1, 1}};
  }
  minimum_ = ToInt64(knots_.front().value);
  maximum_ = ToInt64(knots_.back().value - 1);
}

void Distribution::AddHistogram(const std::vector<int64_t>& histogram) {
  for (const int64_t bound : histogram) {
    knots_.push_back({static_cast<long double>(bound), static_cast<double>(knots_.size())});
  }
  knots_.back().value += 1;  // The last bound is a value of the last bucket.
}

void Distribution::AddTails(const ColumnStatistics& statistics) {
  const Knot first = knots_.front();
  const Knot last = knots_.back();
  const auto least =
      static_cast<long double>(statistics.minimum.value_or(statistics.histogram.front()));
  const auto end =
      static_cast<long double>(statistics.maximum.value_or(statistics.histogram.back())) + 1;
  const double below = TailWeight(first.value - least, last.value - first.value, last.weight);
  const double above = TailWeight(end - last.value, last.value - first.value, last.weight);
  if (below > 0) knots_.insert(knots_.begin(), {least, -below});
  if (above > 0) knots_.push_back({end, last.weight + above});
  share_beyond_ = (below + above) / (below + above + last.weight);
}

int64_t Distribution::Quantile(double share) const {
  const double weight = std::lerp(knots_.front().weight, knots_.back().weight, share);
  auto right = std::ranges::upper_bound(knots_, weight, {}, &Knot::weight);
  right = std::clamp(right, knots_.begin() + 1, knots_.end() - 1);
  const Knot& left = *(right - 1);
  const long double part = (weight - left.weight) / (right->weight - left.weight);
  return ToInt64(std::round(left.value + part * (right->value - left.value)));
}

double Distribution::span() const {
  return static_cast<double>(knots_.back().value - knots_.front().value);
}

}  // namespace headrace
