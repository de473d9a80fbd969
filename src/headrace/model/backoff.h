#pragma once

#include <chrono>

namespace headrace {

/// Where the waiting times between attempts begin and end.
struct BackoffRange {
  std::chrono::milliseconds first{100};
  std::chrono::milliseconds longest{10'000};
};

/// Waiting time before attempt `attempt` (2, 3, …): exponential within `range`, with "equal jitter"
/// (half fixed, half random), as in "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015),
/// so that workers that failed together do not return together.
std::chrono::milliseconds BackoffDelay(int attempt, BackoffRange range = {});

}  // namespace headrace
