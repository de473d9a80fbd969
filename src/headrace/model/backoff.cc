#include "headrace/model/backoff.h"

#include <algorithm>
#include <random>

namespace headrace {
namespace {

constexpr int kMostDoublings = 20;  // Far beyond any longest delay, and within an int.

}  // namespace

std::chrono::milliseconds BackoffDelay(int attempt, BackoffRange range) {
  const int doublings = std::clamp(attempt - 2, 0, kMostDoublings);
  const auto full = std::min(range.first * (1 << doublings), range.longest);
  std::minstd_rand random(std::random_device{}());
  const auto half = full.count() / 2;
  return std::chrono::milliseconds(half + std::uniform_int_distribution<int64_t>(0, half)(random));
}

}  // namespace headrace
