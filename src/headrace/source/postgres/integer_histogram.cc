#include "headrace/source/postgres/integer_histogram.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

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

long double WidthOf(const Stretch& stretch) {
  return static_cast<long double>(stretch.end) - static_cast<long double>(stretch.begin);
}

/// Adds `stretch`, in pieces that end where one of `common` (ascending) lies.
void AddPieces(Stretch stretch, const std::vector<CommonValue>& common,
               std::vector<Stretch>& stretches) {
  auto next = std::ranges::upper_bound(common, stretch.begin, {}, &CommonValue::value);
  for (; next != common.end() && next->value < stretch.end; ++next) {
    const Stretch rest{next->value, stretch.end, 0};
    const auto part = static_cast<double>(WidthOf(rest) / WidthOf(stretch));
    stretches.push_back({stretch.begin, next->value, stretch.share * (1 - part)});
    stretch = {rest.begin, rest.end, stretch.share * part};
  }
  stretches.push_back(stretch);
}

std::vector<Stretch> StretchesOf(std::vector<CommonValue> common,
                                 const std::vector<int64_t>& bounds, double rest_share) {
  std::ranges::sort(common, {}, &CommonValue::value);
  std::vector<Stretch> stretches;
  for (const CommonValue& value : common) {
    stretches.push_back({value.value, value.value, value.share});
  }
  for (size_t i = 0; i + 1 < bounds.size(); ++i) {
    const double share = rest_share / static_cast<double>(bounds.size() - 1);
    AddPieces({bounds[i], bounds[i + 1], share}, common, stretches);
  }
  std::ranges::sort(stretches, [](const Stretch& one, const Stretch& other) {
    return std::pair(one.begin, one.end) < std::pair(other.begin, other.end);
  });
  return stretches;
}

/// The point of `stretch` below which `part` of its rows lie. Long double holds every int64.
int64_t PointOf(const Stretch& stretch, double part) {
  const auto begin = static_cast<long double>(stretch.begin);
  const auto point = static_cast<int64_t>(begin + WidthOf(stretch) * std::clamp(part, 0.0, 1.0));
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
  const std::vector<Stretch> stretches = StretchesOf(common, bounds, rest_share);
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
