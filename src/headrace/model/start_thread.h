#pragma once

#include <system_error>
#include <thread>
#include <utility>

namespace headrace {

/// A thread that does `work`; one that is not joinable, and nothing done, where the system has no
/// room for another thread.
template <typename Work>
std::jthread StartThread(Work work) {
  try {
    return std::jthread(std::move(work));
  } catch (const std::system_error&) {
    return {};
  }
}

}  // namespace headrace
