#include "headrace/observe/console.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace headrace {
namespace {

/// To the line's start, and erase it (ECMA-48 EL).
constexpr std::string_view kEraseLine = "\r\x1b[K";

/// More than a write takes that need not wait.
constexpr std::chrono::milliseconds kMoment{500};

std::string_view Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

/// The first of the variables that is set decides, as in setlocale(3).
bool LocaleIsUtf8() {
  for (const char* name : std::array{"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string_view value = Environment(name);
    if (value.empty()) continue;
    return value.find("UTF-8") != std::string_view::npos ||
           value.find("utf8") != std::string_view::npos;
  }
  return false;
}

}  // namespace

ConsoleTraits DetectConsole(int fd) {
  ConsoleTraits traits;
  const std::string_view term = Environment("TERM");
  traits.terminal = isatty(fd) == 1 && !term.empty() && term != "dumb";
  traits.color = traits.terminal && Environment("NO_COLOR").empty();
  traits.unicode = LocaleIsUtf8();
  return traits;
}

size_t ConsoleWidth(int fd, size_t otherwise) {
  winsize size{};
  return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : otherwise;
}

Console::Console(int fd, ConsoleTraits traits)
    : fd_(fd), traits_(traits), stop_fd_(eventfd(0, EFD_CLOEXEC)) {}

Console::~Console() {
  SetStatus({});
  close(stop_fd_);
}

void Console::WriteLine(std::string_view line) {
  const std::scoped_lock lock(mutex_);
  WriteAboveStatus(line);
}

void Console::StopWaiting() const {
  const uint64_t one = 1;
  (void)!write(stop_fd_, &one, sizeof(one));
}

bool Console::TryWriteLine(std::string_view line) {
  const std::unique_lock lock(mutex_, std::chrono::system_clock::now() + kMoment);
  if (!lock.owns_lock()) return false;
  WriteAboveStatus(line);
  return true;
}

void Console::WriteAboveStatus(std::string_view line) const {
  std::string bytes;
  if (!status_.empty()) bytes += kEraseLine;
  bytes += line;
  bytes += '\n';
  bytes += status_;
  Write(bytes);
}

void Console::SetStatus(std::string status) {
  if (!traits_.terminal) return;
  const std::scoped_lock lock(mutex_);
  if (status == status_) return;
  Write(std::string(kEraseLine) + status);
  status_ = std::move(status);
}

/// False: it would have to be waited for, which nobody does any more.
bool Console::WaitUntilWritable() const {
  std::array<pollfd, 2> fds = {{{fd_, POLLOUT, 0}, {stop_fd_, POLLIN, 0}}};
  while (poll(fds.data(), fds.size(), -1) < 0) {
    if (errno != EINTR) return false;
  }
  return fds[0].revents != 0;
}

/// A pipe that poll(2) calls writable takes PIPE_BUF bytes without waiting.
void Console::Write(std::string_view bytes) const {
  while (!bytes.empty()) {
    if (!WaitUntilWritable()) return;
    const ssize_t written = write(fd_, bytes.data(), std::min<size_t>(bytes.size(), PIPE_BUF));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace headrace
