#pragma once

#include <chrono>
#include <stop_token>

namespace headrace {

/// Time as the local engine sees it. Tests put their own in its place. Thread-safe.
class EngineClock {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  virtual ~EngineClock() = default;

  virtual TimePoint Now() const;

  /// Waits, or returns false at once when `stop` is stopped.
  virtual bool WaitFor(std::chrono::milliseconds delay, const std::stop_token& stop) const;
};

}  // namespace headrace
