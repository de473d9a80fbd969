#include "headrace/cli/interrupt_watch.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "headrace/run/exit_code.h"

namespace headrace {
namespace {

sigset_t InterruptSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

using Clock = std::chrono::steady_clock;

enum class Awaited {
  kSignal,  ///< Sent by a process.
  kTyped,   ///< Sent by the kernel: somebody has typed Ctrl-C at the terminal.
  kEnd,     ///< The watch shall end.
  kTime,    ///< The time is up.
};

constexpr int kForever = -1;

int MillisecondsUntil(Clock::time_point until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
  return static_cast<int>(
      std::clamp<std::chrono::milliseconds::rep>(left, 0, std::numeric_limits<int>::max()));
}

/// Waits for a signal until `until`; without, for as long as it takes.
Awaited WaitForSignal(int signal_fd, int end_fd, std::optional<Clock::time_point> until = {}) {
  std::array<pollfd, 2> fds = {{{signal_fd, POLLIN, 0}, {end_fd, POLLIN, 0}}};
  int ready = -1;
  while (ready < 0) {
    ready = poll(fds.data(), fds.size(), until.has_value() ? MillisecondsUntil(*until) : kForever);
    if (ready < 0 && errno != EINTR) return Awaited::kEnd;
  }
  if (ready == 0) return Awaited::kTime;
  if ((fds[1].revents & POLLIN) != 0) return Awaited::kEnd;
  signalfd_siginfo info{};
  const bool whole = read(signal_fd, &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info));
  if (!whole) return Awaited::kEnd;
  return info.ssi_code == SI_KERNEL ? Awaited::kTyped : Awaited::kSignal;
}

bool IsInterrupt(Awaited awaited) {
  return awaited == Awaited::kSignal || awaited == Awaited::kTyped;
}

/// Past every lock and buffer of the program, of which a stuck thread may hold one. Where nobody
/// reads any more nothing is written: less than PIPE_BUF does not block where poll(2) says so.
void WriteLastWords(std::string_view words) {
  pollfd stream{STDERR_FILENO, POLLOUT, 0};
  if (poll(&stream, 1, 0) != 1 || (stream.revents & POLLOUT) == 0) return;
  (void)!write(STDERR_FILENO, words.data(), words.size());
}

}  // namespace

arrow::Result<std::unique_ptr<InterruptWatch>> InterruptWatch::Start(
    InterruptReactions reactions, std::chrono::milliseconds echo) {
  const sigset_t signals = InterruptSignals();
  if (const int error = pthread_sigmask(SIG_BLOCK, &signals, nullptr); error != 0) {
    return PermanentError(std::string("cannot block signals: ") + std::strerror(error));
  }
  FileDescriptor seen(signalfd(-1, &signals, SFD_CLOEXEC));
  FileDescriptor end(eventfd(0, EFD_CLOEXEC));
  if (!seen.valid() || !end.valid()) {
    return PermanentError(std::string("cannot watch signals: ") + std::strerror(errno));
  }
  try {
    return std::unique_ptr<InterruptWatch>(
        new InterruptWatch(std::move(seen), std::move(end), std::move(reactions), echo));
  } catch (const std::system_error& error) {
    return TransientError("cannot start a thread: " + error.code().message() +
                              " (raise the limit on processes, ulimit -u, or end others)",
                          "EAGAIN");
  }
}

InterruptWatch::InterruptWatch(FileDescriptor signals, FileDescriptor end,
                               InterruptReactions reactions, std::chrono::milliseconds echo)
    : signals_(std::move(signals)),
      end_(std::move(end)),
      reactions_(std::move(reactions)),
      echo_(echo),
      thread_([this] { Watch(); }) {}

InterruptWatch::~InterruptWatch() {
  const uint64_t one = 1;
  (void)!write(end_.get(), &one, sizeof(one));
  thread_.join();
}

void InterruptWatch::Watch() {
  if (!IsInterrupt(WaitForSignal(signals_.get(), end_.get()))) return;
  source_.request_stop();
  reactions_.on_first();
  const Clock::time_point until = Clock::now() + echo_;
  Awaited awaited = Awaited::kSignal;
  while (awaited == Awaited::kSignal) awaited = WaitForSignal(signals_.get(), end_.get(), until);
  if (awaited == Awaited::kTime) {
    reactions_.on_waiting();
    awaited = WaitForSignal(signals_.get(), end_.get());
  }
  if (!IsInterrupt(awaited)) return;
  WriteLastWords(reactions_.last_words());
  _exit(kExitInterrupted);
}

}  // namespace headrace
