#include "headrace/cli/interrupt_watch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string>

#include "headrace/run/exit_code.h"

namespace headrace {
namespace {

/// Sends `signal` to this process and waits until the watch has seen it.
void SignalAndWait(int signal, const std::stop_token& token, const std::atomic<int>& calls) {
  kill(getpid(), signal);
  calls.wait(0);
  while (!token.stop_requested()) usleep(1);
}

/// Ends the process with 0 if one signal stops the token and leaves the process alive.
void ExpectStopThenExit(int signal) {
  std::atomic<int> calls = 0;
  auto watch = InterruptWatch::Start(
      [&calls] {
        ++calls;
        calls.notify_all();
      },
      {});
  if (!watch.ok() || (*watch)->token().stop_requested()) std::_Exit(1);
  SignalAndWait(signal, (*watch)->token(), calls);
  watch->reset();
  std::_Exit(calls == 1 ? 0 : 2);
}

/// Sends two signals; the second ends the process from within.
void SignalTwice() {
  std::atomic<int> calls = 0;
  auto watch = InterruptWatch::Start(
      [&calls] {
        ++calls;
        calls.notify_all();
      },
      "ended at once\n");
  if (!watch.ok()) std::_Exit(1);
  SignalAndWait(SIGINT, (*watch)->token(), calls);
  kill(getpid(), SIGTERM);
  while (true) pause();
}

TEST(InterruptWatchDeathTest, StopsTheTokenAtTheFirstSignal) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(ExpectStopThenExit(SIGINT), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(ExpectStopThenExit(SIGTERM), testing::ExitedWithCode(0), "");
}

TEST(InterruptWatchDeathTest, EndsTheProcessAtTheSecond) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(SignalTwice(), testing::ExitedWithCode(kExitInterrupted), "^ended at once\n$");
}

/// Sends two signals while nobody reads standard error and its pipe is full.
void SignalTwiceWithAFullPipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_NONBLOCK) != 0) std::_Exit(1);
  const std::string much(size_t{1} << 20, 'x');
  while (write(ends[1], much.data(), much.size()) > 0) {
  }
  while (write(ends[1], "x", 1) > 0) {
  }
  fcntl(ends[1], F_SETFL, 0);
  dup2(ends[1], STDERR_FILENO);
  SignalTwice();
}

TEST(InterruptWatchDeathTest, EndsTheProcessThoughItsLastWordsCannotBeWritten) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(SignalTwiceWithAFullPipe(), testing::ExitedWithCode(kExitInterrupted), "");
}

TEST(InterruptWatch, EndsWithoutASignal) {
  auto watch = InterruptWatch::Start([] {}, {});
  ASSERT_TRUE(watch.ok());
  EXPECT_FALSE((*watch)->token().stop_requested());
}

}  // namespace
}  // namespace headrace
