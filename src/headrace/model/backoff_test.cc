#include "headrace/model/backoff.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace headrace {
namespace {

using std::chrono::milliseconds;

TEST(Backoff, DelaysDoubleWithinTheirRange) {
  const BackoffRange range{.first = milliseconds(100), .longest = milliseconds(1500)};
  milliseconds full = range.first;
  for (int attempt = 2; attempt < 40; ++attempt) {
    for (int i = 0; i < 20; ++i) {
      EXPECT_GE(BackoffDelay(attempt, range), full / 2) << attempt;
      EXPECT_LE(BackoffDelay(attempt, range), full) << attempt;
    }
    full = std::min(full * 2, range.longest);
  }
}

}  // namespace
}  // namespace headrace
