#include "headrace/engine/local/engine_clock.h"

#include "headrace/model/wait_for.h"

namespace headrace {

EngineClock::TimePoint EngineClock::Now() const { return std::chrono::steady_clock::now(); }

bool EngineClock::WaitFor(std::chrono::milliseconds delay, const std::stop_token& stop) const {
  return headrace::WaitFor(delay, stop);
}

}  // namespace headrace
