#include "headrace/source/postgres/integer_histogram.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace headrace {
namespace {

/// Bounds that are given at most; more would not make better units.
constexpr size_t kMaxBounds = 1001;

/// `share` of the rows lies between `begin` and `end`, spread evenly; a common value has no width.
struct Stretch {
  int64_t begin = 0;
  int64_t end = 0;
  double share = 0;
};

std::vector<Stretch> StretchesOf(const std::vector<int64_t>& bounds, double rest_share) {
  std::vector<Stretch> stretches;
  if (bounds.size() < 2) return stretches;
  const double share = rest_share / static_cast<double>(bounds.size() - 1);
  for (size_t i = 0; i + 1 < bounds.size(); ++i) {
    stretches.push_back({bounds[i], bounds[i + 1], share});
  }
  return stretches;
}

/// The point of `stretch` below which `part` of its rows lie. Long double holds every int64.
int64_t PointOf(const Stretch& stretch, double part) {
  const auto begin = static_cast<long double>(stretch.begin);
  const auto width = static_cast<long double>(stretch.end) - begin;
  const auto point = static_cast<int64_t>(begin + width * std::clamp(part, 0.0, 1.0));
  return std::clamp(point, stretch.begin, stretch.end);
}

template <typename Number>
std::vector<Number> ParseArray(std::string_view text) {
  std::vector<Number> numbers;
  if (text.size() < 2 || text.front() != '{') return numbers;
  const char* at = text.data() + 1;
  const char* const end = text.data() + text.size() - 1;
  while (at < end) {
    Number number = 0;
    const auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc() || (next != end && *next != ',')) return {};
    numbers.push_back(number);
    at = next + 1;
  }
  return numbers;
}

}  // namespace

std::vector<int64_t> MergeHistogram(const std::vector<CommonValue>& common,
                                    const std::vector<int64_t>& bounds, double rest_share) {
  std::vector<Stretch> stretches = StretchesOf(bounds, rest_share);
  for (const CommonValue& value : common) {
    stretches.push_back({value.value, value.value, value.share});
  }
  std::ranges::sort(stretches, {}, &Stretch::begin);
  double total = 0;
  int64_t greatest = std::numeric_limits<int64_t>::min();
  for (const Stretch& stretch : stretches) {
    total += stretch.share;
    greatest = std::max(greatest, stretch.end);
  }
  if (stretches.empty() || !(total > 0)) return {};
  const size_t steps = std::min(kMaxBounds - 1, stretches.size());
  std::vector<int64_t> merged{stretches.front().begin};
  double below = 0;
  size_t at = 0;
  for (size_t step = 1; step < steps; ++step) {
    const double wanted = total * static_cast<double>(step) / static_cast<double>(steps);
    while (at + 1 < stretches.size() && below + stretches[at].share < wanted) {
      below += stretches[at++].share;
    }
    const double share = stretches[at].share;
    const int64_t point = PointOf(stretches[at], share > 0 ? (wanted - below) / share : 0);
    merged.push_back(std::max(point, merged.back()));
  }
  merged.push_back(std::max(greatest, merged.back()));
  return merged;
}

std::vector<int64_t> ParseIntegerArray(std::string_view text) { return ParseArray<int64_t>(text); }
std::vector<double> ParseNumberArray(std::string_view text) { return ParseArray<double>(text); }

}  // namespace headrace
