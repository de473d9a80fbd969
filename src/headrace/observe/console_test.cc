#include "headrace/observe/console.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <climits>
#include <string>
#include <thread>

#include "headrace/observe/progress_display.h"

namespace headrace {
namespace {

/// A pipe that stands for the stream behind a console.
class PipeStream {
 public:
  PipeStream() { EXPECT_EQ(pipe(ends_.data()), 0); }
  PipeStream(const PipeStream&) = delete;
  PipeStream& operator=(const PipeStream&) = delete;
  ~PipeStream() {
    close(ends_[0]);
    if (ends_[1] >= 0) close(ends_[1]);
  }

  int fd() const { return ends_[1]; }
  int read_fd() const { return ends_[0]; }

  /// Everything written so far; nothing can be written afterwards.
  std::string Finish() {
    close(ends_[1]);
    ends_[1] = -1;
    std::string text;
    std::array<char, 4096> chunk{};
    for (ssize_t got = 0; (got = read(ends_[0], chunk.data(), chunk.size())) > 0;) {
      text.append(chunk.data(), static_cast<size_t>(got));
    }
    return text;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

constexpr ConsoleTraits kTerminal = {.terminal = true};

TEST(Console, PutsLinesAboveTheStatusLine) {
  PipeStream stream;
  {
    Console console(stream.fd(), kTerminal);
    console.SetStatus("10%");
    console.WriteLine("hello");
    console.SetStatus("20%");
  }
  EXPECT_EQ(stream.Finish(), "\r\x1b[K10%\r\x1b[Khello\n10%\r\x1b[K20%\r\x1b[K");
}

TEST(Console, HasNoStatusLineInAFile) {
  PipeStream stream;
  {
    Console console(stream.fd(), {});
    console.SetStatus("10%");
    console.WriteLine("hello");
  }
  EXPECT_EQ(stream.Finish(), "hello\n");
}

TEST(Console, DoesNotRedrawWhatIsThere) {
  PipeStream stream;
  {
    Console console(stream.fd(), kTerminal);
    console.SetStatus("10%");
    console.SetStatus("10%");
  }
  EXPECT_EQ(stream.Finish(), "\r\x1b[K10%\r\x1b[K");
}

/// A pipe that nobody reads and that takes no more.
class FullStream : public PipeStream {
 public:
  FullStream() {
    fcntl(fd(), F_SETFL, O_NONBLOCK);
    const std::string much(PIPE_BUF, 'x');
    while (write(fd(), much.data(), much.size()) > 0) {
    }
    fcntl(fd(), F_SETFL, 0);
  }
};

TEST(Console, WhoeverWaitsForAReaderGoesOnOnceNobodyShall) {
  const FullStream stream;
  Console console(stream.fd(), {});
  std::atomic<bool> begun = false;
  std::jthread writer([&] {
    begun = true;
    begun.notify_all();
    console.WriteLine("hello");
  });
  begun.wait(false);
  console.StopWaiting();
  writer.join();
  console.WriteLine("nor does this one wait");
  EXPECT_TRUE(console.TryWriteLine("nor this one"));
}

TEST(Console, StillSaysWhatTheStreamTakesAtOnce) {
  PipeStream stream;
  {
    Console console(stream.fd(), kTerminal);
    console.SetStatus("10%");
    console.StopWaiting();
    EXPECT_TRUE(console.TryWriteLine("hello"));
    console.WriteLine("bye");
  }
  EXPECT_EQ(stream.Finish(), "\r\x1b[K10%\r\x1b[Khello\n10%\r\x1b[Kbye\n10%\r\x1b[K");
}

TEST(Console, ALineLongerThanAPipeIsWrittenWhole) {
  PipeStream stream;
  const std::string line(size_t{1} << 20, 'x');
  const std::jthread writer([&] { Console(stream.fd(), {}).WriteLine(line); });
  std::string read_back;
  std::array<char, 4096> chunk{};
  while (read_back.size() < line.size() + 1) {
    const ssize_t got = read(stream.read_fd(), chunk.data(), chunk.size());
    ASSERT_GT(got, 0);
    read_back.append(chunk.data(), static_cast<size_t>(got));
  }
  EXPECT_EQ(read_back, line + "\n");
}

TEST(DetectConsole, TakesAPipeForNoTerminal) {
  const PipeStream stream;
  EXPECT_FALSE(DetectConsole(stream.fd()).terminal);
  EXPECT_FALSE(DetectConsole(stream.fd()).color);
  EXPECT_EQ(ConsoleWidth(stream.fd(), 77), 77);
}

TEST(ProgressBar, LeavesNothingBehind) {
  PipeStream stream;
  {
    Console console(stream.fd(), kTerminal);
    ProgressBar bar(console);
    bar.Show({.phase = "plan"});
  }
  EXPECT_EQ(stream.Finish(), "\r\x1b[Kplanning\r\x1b[K");
}

class CountingSink : public EventSink {
 public:
  void Handle(const Event& event) override { events.push_back(event); }
  std::vector<Event> events;
};

TEST(LoggedProgress, CarriesFieldsOnlyForMachines) {
  Observer observer;
  const auto sink = std::make_shared<CountingSink>();
  observer.AddSink(sink);
  const ProgressReading reading{.run = "r1", .phase = "extract", .rows = 5, .units_total = 2};
  LoggedProgress(observer, false).Show(reading);
  LoggedProgress(observer, true).Show(reading);
  LoggedProgress(observer, true).Show({.phase = "plan"});
  ASSERT_EQ(sink->events.size(), 2) << "nothing is said before there are units";
  EXPECT_EQ(sink->events[0].name, "progress");
  EXPECT_TRUE(sink->events[0].fields.empty());
  const Fields& fields = sink->events[1].fields;
  EXPECT_EQ(fields[0], (Fields::value_type{"run", "r1"}));
  EXPECT_EQ(fields[3], (Fields::value_type{"rows", int64_t{5}}));
}

/// A display that is told to show something as fast as the ticker can.
class EagerDisplay : public ProgressDisplay {
 public:
  std::chrono::milliseconds interval() const override { return std::chrono::milliseconds(0); }
  void Show(const ProgressReading& reading) override {
    rows = reading.rows;
    rows.notify_all();
  }
  std::atomic<int64_t> rows{0};
};

TEST(ProgressTicker, ShowsReadingsUntilItIsDestroyed) {
  Progress progress;
  progress.AddRows(7, 70);
  EagerDisplay display;
  {
    const ProgressTicker ticker(progress, display);
    display.rows.wait(0);
  }
  EXPECT_EQ(display.rows, 7);
}

}  // namespace
}  // namespace headrace
