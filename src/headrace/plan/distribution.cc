#include "headrace/plan/distribution.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "headrace/model/civil_time.h"

namespace headrace {
namespace {

int64_t ToInt64(long double value) {
  constexpr auto kLeast = static_cast<long double>(std::numeric_limits<int64_t>::min());
  if (value <= kLeast) return std::numeric_limits<int64_t>::min();
  if (value >= -kLeast) return std::numeric_limits<int64_t>::max();
  return static_cast<int64_t>(value);
}

/// Of all rows beside common values, as if there were so many buckets: PostgreSQL's default.
constexpr double kWholeWeight = 100;

/// Buckets that a tail of `length` is worth beside a histogram of `buckets` over `width`: as dense
/// as the histogram. One that is longer has no more than all of it, so that one value far away does
/// not take all the units, and no more than `most` of it.
double TailWeight(long double length, long double width, double buckets, double most) {
  if (length <= 0) return 0;
  if (width <= 0) return 1;
  if (length <= width) return static_cast<double>(length / width) * buckets;
  return std::min(most, 1.0) * buckets;
}

}  // namespace

bool Distribution::IsKnown(const ColumnStatistics& statistics) {
  return statistics.histogram.size() >= 2 ||
         (statistics.minimum.has_value() && statistics.maximum.has_value());
}

Distribution::Distribution(int64_t resolution)
    : resolution_(static_cast<long double>(resolution)) {}

Distribution::Distribution(const ColumnStatistics& statistics) : Distribution(1) {
  AddValues(statistics);
  // Rows that were looked at now have not grown since: what is beyond them are a few.
  const double most = statistics.sampled_because.empty() ? 1 : 0;
  if (statistics.histogram.size() >= 2) AddTails(statistics, most);
  SetEnds();
}

Distribution Distribution::OfTimes(const ColumnStatistics& statistics, int64_t resolution,
                                   double growth) {
  Distribution times(resolution);
  const bool has_histogram = statistics.histogram.size() >= 2;
  if (has_histogram || statistics.common.empty()) times.AddValues(statistics);
  if (has_histogram) times.ShowGaps();
  if (!statistics.common.empty()) times.AddCommon(statistics);
  if (has_histogram || !statistics.common.empty()) times.AddTails(statistics, growth - 1);
  times.SetEnds();
  return times;
}

void Distribution::AddValues(const ColumnStatistics& statistics) {
  if (statistics.histogram.size() >= 2) {
    AddHistogram(statistics.histogram);
  } else {
    knots_ = {{static_cast<long double>(*statistics.minimum), 0},
              {static_cast<long double>(*statistics.maximum) + resolution_, 1}};
  }
}

void Distribution::SetEnds() {
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
  constexpr long double kDay = kMicrosPerDay;
  const double middle = std::midpoint(left.weight, right.weight);
  // Gaps mostly begin and end with a day.
  const long double day_end = (std::floor(left.value / kDay) + 1) * kDay;
  const long double day_start = std::floor(right.value / kDay) * kDay;
  knots_.push_back({std::min(left.value + std::max(before / 2, resolution_), day_end), middle});
  // The bound itself is one of the values, for which its whole resolution stands.
  knots_.push_back(
      {std::max(right.value - std::max(after / 2 - resolution_, 0.0L), day_start), middle});
}

void Distribution::AddCommon(const ColumnStatistics& statistics) {
  std::vector<CommonValue> common = statistics.common;
  std::ranges::sort(common, {}, &CommonValue::value);
  ScaleWeights(statistics);
  std::vector<Knot> knots;
  double added = 0;
  const auto add = [&](const CommonValue& value, double below) {
    knots.push_back({static_cast<long double>(value.value), below + added});
    added += value.share * kWholeWeight;
    knots.push_back({static_cast<long double>(value.value), below + added});
  };
  auto next = common.begin();
  for (const Knot& knot : knots_) {
    for (; next != common.end() && static_cast<long double>(next->value) <= knot.value; ++next) {
      add(*next, WeightBelow(static_cast<long double>(next->value)));
    }
    knots.push_back({knot.value, knot.weight + added});
  }
  const double all = knots_.empty() ? 0 : knots_.back().weight;
  for (; next != common.end(); ++next) add(*next, all);
  const long double end = static_cast<long double>(common.back().value) + resolution_;
  if (knots.back().value < end) knots.push_back({end, all + added});
  knots_ = std::move(knots);
}

/// Beside common values the histogram has the share of the rows that they and NULL leave.
void Distribution::ScaleWeights(const ColumnStatistics& statistics) {
  double rest = 1 - statistics.null_fraction - statistics.share_before - statistics.share_after;
  for (const CommonValue& value : statistics.common) rest -= value.share;
  if (knots_.empty()) return;
  const double factor = std::max(rest, 0.0) * kWholeWeight / knots_.back().weight;
  for (Knot& knot : knots_) knot.weight *= factor;
}

void Distribution::AddTails(const ColumnStatistics& statistics, double most) {
  const Knot first = knots_.front();
  const Knot last = knots_.back();
  const long double least =
      statistics.minimum ? static_cast<long double>(*statistics.minimum) : first.value;
  const long double end =
      statistics.maximum ? static_cast<long double>(*statistics.maximum) + resolution_ : last.value;
  const double below = TailWeight(first.value - least, last.value - first.value, last.weight, most);
  const double above = TailWeight(end - last.value, last.value - first.value, last.weight, most);
  if (below > 0) knots_.insert(knots_.begin(), {least, -below});
  if (above > 0) knots_.push_back({end, last.weight + above});
  share_beyond_ = below + above > 0 ? (below + above) / (below + above + last.weight) : 0;
}

int64_t Distribution::Quantile(double share) const {
  const double weight = std::lerp(knots_.front().weight, knots_.back().weight, share);
  auto right = std::ranges::upper_bound(knots_, weight, {}, &Knot::weight);
  right = std::clamp(right, knots_.begin() + 1, knots_.end() - 1);
  const Knot& left = *(right - 1);
  if (right->weight <= left.weight) return ToInt64(right->value);  // Behind a last common value.
  const long double part = (weight - left.weight) / (right->weight - left.weight);
  return ToInt64(std::round(left.value + part * (right->value - left.value)));
}

double Distribution::ShareBelow(int64_t value) const {
  const double least = knots_.front().weight;
  const double all = knots_.back().weight - least;
  return all > 0 ? (WeightBelow(static_cast<long double>(value)) - least) / all : 0;
}

double Distribution::WeightBelow(long double value) const {
  const auto right = std::ranges::lower_bound(knots_, value, {}, &Knot::value);
  if (right == knots_.begin()) return right->weight;
  if (right == knots_.end()) return knots_.back().weight;
  const Knot& left = *(right - 1);
  const auto part = static_cast<double>((value - left.value) / (right->value - left.value));
  return std::lerp(left.weight, right->weight, part);
}

double Distribution::span() const {
  return static_cast<double>(knots_.back().value - knots_.front().value);
}

}  // namespace headrace
