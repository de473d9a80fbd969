#include "headrace/run/backoff.h"

#include <algorithm>
#include <random>

namespace headrace {
namespace {

constexpr std::chrono::milliseconds kFirstDelay{100};
constexpr std::chrono::milliseconds kLongestDelay{10'000};
constexpr int kLastDoubling = 7;

}  // namespace

std::chrono::milliseconds BackoffDelay(int attempt) {
  const int doublings = std::clamp(attempt - 2, 0, kLastDoubling);
  const auto full = std::min(kFirstDelay * (1 << doublings), kLongestDelay);
  std::minstd_rand random(std::random_device{}());
  const auto half = full.count() / 2;
  return std::chrono::milliseconds(half + std::uniform_int_distribution<int64_t>(0, half)(random));
}

}  // namespace headrace
