#include "headrace/cli/interrupt_watch.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
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

/// Waits for a signal; false: the watch shall end.
bool WaitForSignal(int signal_fd, int end_fd) {
  std::array<pollfd, 2> fds = {{{signal_fd, POLLIN, 0}, {end_fd, POLLIN, 0}}};
  while (poll(fds.data(), fds.size(), -1) < 0) {
    if (errno != EINTR) return false;
  }
  if ((fds[1].revents & POLLIN) != 0) return false;
  signalfd_siginfo info{};
  return read(signal_fd, &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info));
}

/// Past every lock and buffer of the program, of which a stuck thread may hold one. Where nobody
/// reads any more nothing is written: less than PIPE_BUF does not block where poll(2) says so.
void WriteLastWords(std::string_view words) {
  pollfd stream{STDERR_FILENO, POLLOUT, 0};
  if (poll(&stream, 1, 0) != 1 || (stream.revents & POLLOUT) == 0) return;
  (void)!write(STDERR_FILENO, words.data(), words.size());
}

}  // namespace

arrow::Result<std::unique_ptr<InterruptWatch>> InterruptWatch::Start(std::function<void()> on_first,
                                                                     std::string last_words) {
  const sigset_t signals = InterruptSignals();
  if (const int error = pthread_sigmask(SIG_BLOCK, &signals, nullptr); error != 0) {
    return PermanentError(std::string("cannot block signals: ") + std::strerror(error));
  }
  const int signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
  const int end_fd = eventfd(0, EFD_CLOEXEC);
  if (signal_fd < 0 || end_fd < 0) {
    return PermanentError(std::string("cannot watch signals: ") + std::strerror(errno));
  }
  return std::unique_ptr<InterruptWatch>(
      new InterruptWatch(signal_fd, end_fd, std::move(on_first), std::move(last_words)));
}

InterruptWatch::InterruptWatch(int signal_fd, int end_fd, std::function<void()> on_first,
                               std::string last_words)
    : signal_fd_(signal_fd),
      end_fd_(end_fd),
      on_first_(std::move(on_first)),
      last_words_(std::move(last_words)),
      thread_([this] { Watch(); }) {}

InterruptWatch::~InterruptWatch() {
  const uint64_t one = 1;
  (void)!write(end_fd_, &one, sizeof(one));
  thread_.join();
  close(signal_fd_);
  close(end_fd_);
}

void InterruptWatch::Watch() {
  if (!WaitForSignal(signal_fd_, end_fd_)) return;
  on_first_();
  source_.request_stop();
  if (!WaitForSignal(signal_fd_, end_fd_)) return;
  WriteLastWords(last_words_);
  _exit(kExitInterrupted);
}

}  // namespace headrace
