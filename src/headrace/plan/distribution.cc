#include "headrace/plan/distribution.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

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

Distribution::Distribution(const ColumnStatistics& statistics)
    : Distribution(statistics, 1, false) {}

Distribution Distribution::OfTimes(const ColumnStatistics& statistics, int64_t resolution) {
  return {statistics, resolution, true};
}

Distribution::Distribution(const ColumnStatistics& statistics, int64_t resolution, bool has_gaps)
    : resolution_(static_cast<long double>(resolution)) {
  if (statistics.histogram.size() >= 2) {
    AddHistogram(statistics.histogram);
    if (has_gaps) ShowGaps();
    AddTails(statistics);
  } else {
    knots_ = {{static_cast<long double>(*statistics.minimum), 0},
              {static_cast<long double>(*statistics.maximum) + resolution_, 1}};
  }
  minimum_ = ToInt64(knots_.front().value);
  maximum_ = ToInt64(knots_.back().value - resolution_);
}

void Distribution::AddHistogram(const std::vector<int64_t>& histogram) {
  for (const int64_t bound : histogram) {
    knots_.push_back({static_cast<long double>(bound), static_cast<double>(knots_.size())});
  }
  knots_.back().value += resolution_;  // The last bound is a value of the last bucket.
}

void Distribution::ShowGaps() {
  constexpr long double kFarWider = 4;
  const std::vector<Knot> buckets = std::move(knots_);
  const auto width = [&](size_t i) { return buckets[i].value - buckets[i - 1].value; };
  const size_t last = buckets.size() - 1;
  knots_ = {buckets.front()};
  for (size_t i = 1; i <= last; ++i) {
    // The first and the last bucket have one neighbour; a single one has none and is no gap.
    const long double before = width(i > 1 ? i - 1 : std::min(i + 1, last));
    const long double after = width(i < last ? i + 1 : std::max<size_t>(i - 1, 1));
    if (width(i) > kFarWider * std::max({before, after, resolution_})) {
      AddGap(buckets[i - 1], buckets[i], before, after);
    }
    knots_.push_back(buckets[i]);
  }
}

void Distribution::AddGap(const Knot& left, const Knot& right, long double before,
                          long double after) {
  const double middle = std::midpoint(left.weight, right.weight);
  knots_.push_back({left.value + std::max(before, resolution_) / 2, middle});
  // The bound itself is one of the values, for which its whole resolution stands.
  knots_.push_back({right.value - std::max(after / 2 - resolution_, 0.0L), middle});
}

void Distribution::AddTails(const ColumnStatistics& statistics) {
  const Knot first = knots_.front();
  const Knot last = knots_.back();
  const auto least =
      static_cast<long double>(statistics.minimum.value_or(statistics.histogram.front()));
  const auto end =
      static_cast<long double>(statistics.maximum.value_or(statistics.histogram.back())) +
      resolution_;
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

double Distribution::ShareBelow(int64_t value) const {
  const auto at = static_cast<long double>(value);
  const auto right = std::ranges::lower_bound(knots_, at, {}, &Knot::value);
  if (right == knots_.begin()) return 0;
  if (right == knots_.end()) return 1;
  const Knot& left = *(right - 1);
  const auto part = static_cast<double>((at - left.value) / (right->value - left.value));
  const double weight = std::lerp(left.weight, right->weight, part);
  return (weight - knots_.front().weight) / (knots_.back().weight - knots_.front().weight);
}

double Distribution::span() const {
  return static_cast<double>(knots_.back().value - knots_.front().value);
}

}  // namespace headrace
