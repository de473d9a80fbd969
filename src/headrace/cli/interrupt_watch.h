#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "headrace/client/store/file_descriptor.h"
#include "headrace/model/error.h"

namespace headrace {

/// What the watching thread calls. None of them may wait for anything: while one does, no signal is
/// seen.
struct InterruptReactions {
  std::function<void()> on_first;    ///< At the first signal, once the stop token is stopped.
  std::function<void()> on_waiting;  ///< The process still ends; from now on a signal ends it.
  /// At the signal that does: written to standard error as they are, unless that would block.
  std::function<std::string()> last_words;
};

/// Signals that processes send within this time after the first are echoes of it: timeout(1)
/// signals its child and then the group that the child is part of, a script hands on what its
/// terminal sent to both. One that is typed at the terminal is none: the kernel sends it once.
inline constexpr std::chrono::milliseconds kSignalEcho{1000};

/// Turns SIGINT and SIGTERM into a stop token: the first asks everything to end at once but
/// cleanly, the next that is no echo of it ends the process on the spot with kExitInterrupted.
/// Signals are blocked and read from a signalfd(2) by a thread of its own, so nothing ever runs
/// inside a signal handler. Made before any other thread, which inherit the blocked signals. One
/// per process.
class InterruptWatch {
 public:
  /// Class transient where the system has no room for another thread.
  static arrow::Result<std::unique_ptr<InterruptWatch>> Start(
      InterruptReactions reactions, std::chrono::milliseconds echo = kSignalEcho);

  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;
  ~InterruptWatch();

  std::stop_token token() const { return source_.get_token(); }

 private:
  InterruptWatch(FileDescriptor signals, FileDescriptor end, InterruptReactions reactions,
                 std::chrono::milliseconds echo);
  void Watch();

  const FileDescriptor signals_;
  const FileDescriptor end_;  ///< An eventfd(2): readable once the watch shall end.
  const InterruptReactions reactions_;
  const std::chrono::milliseconds echo_;
  std::stop_source source_;
  std::jthread thread_;
};

}  // namespace headrace
