#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "headrace/model/error.h"

namespace headrace {

/// Turns SIGINT and SIGTERM into a stop token: the first asks everything to end at once but
/// cleanly, the second ends the process on the spot with kExitInterrupted. Signals are blocked and
/// read from a signalfd(2) by a thread of its own, so nothing ever runs inside a signal handler.
/// Made before any other thread, which inherit the blocked signals. One per process.
class InterruptWatch {
 public:
  /// `on_first` is called by the watching thread before the stop token is stopped. `last_words` are
  /// written to standard error as they are at the second signal, unless that would block.
  static arrow::Result<std::unique_ptr<InterruptWatch>> Start(std::function<void()> on_first,
                                                              std::string last_words);

  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;
  ~InterruptWatch();

  std::stop_token token() const { return source_.get_token(); }

 private:
  InterruptWatch(int signal_fd, int end_fd, std::function<void()> on_first, std::string last_words);
  void Watch();

  const int signal_fd_;
  const int end_fd_;  ///< An eventfd(2): readable once the watch shall end.
  const std::function<void()> on_first_;
  const std::string last_words_;
  std::stop_source source_;
  std::jthread thread_;
};

}  // namespace headrace
