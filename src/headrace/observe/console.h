#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>

namespace headrace {

/// What the stream behind a Console can do.
struct ConsoleTraits {
  bool terminal = false;  ///< Lines can be redrawn: a terminal, and TERM is not `dumb`.
  bool color = false;     ///< A terminal, and NO_COLOR is not set (https://no-color.org).
  bool unicode = false;   ///< The locale says UTF-8: blocks and arrows may be drawn.
};

/// Asks the descriptor and the environment (TERM, NO_COLOR, LC_ALL, LC_CTYPE, LANG).
ConsoleTraits DetectConsole(int fd);

/// Columns of the terminal behind `fd`, or `otherwise`.
size_t ConsoleWidth(int fd, size_t otherwise);

/// A stream of lines with, on a terminal, one status line below them that is drawn over and over.
/// Every change is one write(2) of up to PIPE_BUF bytes, so that lines stay whole. Errors of the
/// stream (a closed pipe) are ignored: a run does not end because nobody reads its log.
/// Thread-safe. Does not own the descriptor.
class Console {
 public:
  Console(int fd, ConsoleTraits traits);
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;
  ~Console();

  const ConsoleTraits& traits() const { return traits_; }
  size_t width() const { return ConsoleWidth(fd_, 80); }

  /// Writes `line` and a line feed above the status line.
  void WriteLine(std::string_view line);

  /// Draws the status line anew; empty: removes it. Does nothing where the stream is no terminal.
  /// `status` fits the width.
  void SetStatus(std::string status);

  /// From now on nobody waits for the stream: what it does not take at once stays unsaid. Who waits
  /// for it now goes on.
  void StopWaiting() const;

  /// As WriteLine, for one who must not wait: false, and nothing written, where others hold the
  /// console for longer than a moment. After StopWaiting only.
  bool TryWriteLine(std::string_view line);

 private:
  /// The caller holds mutex_, as for the two below.
  void WriteAboveStatus(std::string_view line) const;
  void Write(std::string_view bytes) const;
  bool WaitUntilWritable() const;

  const int fd_;
  const ConsoleTraits traits_;
  const int stop_fd_;  ///< An eventfd(2): readable once nobody waits for the stream any more.
  std::timed_mutex mutex_;
  std::string status_;  // protected by mutex_
};

}  // namespace headrace
