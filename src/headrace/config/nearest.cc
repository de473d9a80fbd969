#include "headrace/config/nearest.h"

#include <algorithm>
#include <vector>

namespace headrace {
namespace {

constexpr size_t kLongestCompared =
    64;  // No key is longer; keeps the distance cheap whatever a file holds.

char Folded(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
  return c == '-' ? '_' : c;
}

}  // namespace

int EditDistance(std::string_view a, std::string_view b) {
  // Three rows of the table: two above, one above, this.
  std::vector<int> before(b.size() + 1);
  std::vector<int> above(b.size() + 1);
  std::vector<int> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) above[j] = static_cast<int>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = static_cast<int>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const bool same = Folded(a[i - 1]) == Folded(b[j - 1]);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && Folded(a[i - 1]) == Folded(b[j - 2]) &&
                           Folded(a[i - 2]) == Folded(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, above);
    std::swap(above, row);
  }
  return above[b.size()];
}

std::string_view Nearest(std::string_view text, std::span<const std::string_view> candidates) {
  std::string_view nearest;
  if (text.size() > kLongestCompared) return nearest;
  int least = std::max(1, static_cast<int>(text.size() + 1) / 3) + 1;
  for (const std::string_view candidate : candidates) {
    const int distance = EditDistance(text, candidate);
    if (distance >= least) continue;
    least = distance;
    nearest = candidate;
  }
  return nearest;
}

}  // namespace headrace
