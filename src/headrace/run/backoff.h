#pragma once

#include <chrono>

namespace headrace {

/// Waiting time before attempt `attempt` (2, 3, …): exponential from 100 ms to 10 s, with "equal
/// jitter" (half fixed, half random), as in "Exponential Backoff And Jitter" (AWS Architecture
/// Blog, 2015), so that workers that failed together do not return together.
std::chrono::milliseconds BackoffDelay(int attempt);

}  // namespace headrace
