#pragma once

#include <chrono>
#include <stop_token>

namespace headrace {

/// Waits, or returns false at once when `stop` is stopped.
bool WaitFor(std::chrono::milliseconds delay, const std::stop_token& stop);

}  // namespace headrace
