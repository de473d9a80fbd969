#include "headrace/observe/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

namespace headrace {
namespace {

/// To the line's start, and erase it (ECMA-48 EL).
constexpr std::string_view kEraseLine = "\r\x1b[K";

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

void Console::WriteLine(std::string_view line) {
  const std::scoped_lock lock(mutex_);
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

void Console::Write(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t written = write(fd_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace headrace
