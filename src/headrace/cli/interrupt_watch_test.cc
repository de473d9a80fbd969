#include "headrace/cli/interrupt_watch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
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

/// So long that no test outlives it.
constexpr std::chrono::hours kLongEcho{1};

/// Ends the process with 0 if one signal stops the token and leaves the process alive.
void ExpectStopThenExit(int signal) {
  std::atomic<int> calls = 0;
  auto watch = InterruptWatch::Start({.on_first =
                                          [&calls] {
                                            ++calls;
                                            calls.notify_all();
                                          },
                                      .on_waiting = [] {},
                                      .last_words = [] { return std::string(); }});
  if (!watch.ok() || (*watch)->token().stop_requested()) std::_Exit(1);
  SignalAndWait(signal, (*watch)->token(), calls);
  watch->reset();
  std::_Exit(calls == 1 ? 0 : 2);
}

/// Sends two signals, the second once the time for echoes is over: it ends the process from within.
void SignalTwice() {
  std::atomic<int> calls = 0;
  std::atomic<int> waiting = 0;
  auto watch = InterruptWatch::Start({.on_first =
                                          [&calls] {
                                            ++calls;
                                            calls.notify_all();
                                          },
                                      .on_waiting =
                                          [&waiting] {
                                            ++waiting;
                                            waiting.notify_all();
                                          },
                                      .last_words = [] { return std::string("ended at once\n"); }},
                                     std::chrono::milliseconds(0));
  if (!watch.ok()) std::_Exit(1);
  SignalAndWait(SIGINT, (*watch)->token(), calls);
  waiting.wait(0);
  kill(getpid(), SIGTERM);
  while (true) pause();
}

/// As timeout(1) does. Of two kinds: two of one kind may arrive as one.
void SignalWithEcho() {
  std::atomic<int> calls = 0;
  {
    auto watch =
        InterruptWatch::Start({.on_first =
                                   [&calls] {
                                     ++calls;
                                     kill(getpid(), SIGINT);  // Pending before the next wait.
                                     calls.notify_all();
                                   },
                               .on_waiting = [] { std::_Exit(3); },
                               .last_words = [] { return std::string("ended at once\n"); }},
                              kLongEcho);
    if (!watch.ok()) std::_Exit(1);
    SignalAndWait(SIGTERM, (*watch)->token(), calls);
    // Once it is taken, the watch has done with it what it will do, or ends before it does more.
    sigset_t pending;
    do {
      sigpending(&pending);
    } while (sigismember(&pending, SIGINT) == 1);
  }
  std::_Exit(calls == 1 ? 0 : 2);
}

/// As the terminal sends it, of which only the process itself can make believe.
void TypeInterrupt() {
  siginfo_t info{};
  info.si_code = SI_KERNEL;
  syscall(SYS_rt_sigqueueinfo, getpid(), SIGINT, &info);
}

/// A Ctrl-C, or a signal of a program, then a Ctrl-C while echoes of the first are looked for.
void TypeSecond(bool first_is_typed) {
  std::atomic<int> calls = 0;
  const auto watch =
      InterruptWatch::Start({.on_first =
                                 [&calls] {
                                   ++calls;
                                   calls.notify_all();
                                 },
                             .on_waiting = [] { std::_Exit(3); },
                             .last_words = [] { return std::string("ended at once\n"); }},
                            kLongEcho);
  if (!watch.ok()) std::_Exit(1);
  if (first_is_typed) {
    TypeInterrupt();
  } else {
    kill(getpid(), SIGINT);
  }
  calls.wait(0);
  alarm(20);
  TypeInterrupt();
  while (true) pause();
}

TEST(InterruptWatchDeathTest, ASecondOneThatIsTypedIsNoEcho) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(TypeSecond(true), testing::ExitedWithCode(kExitInterrupted), "^ended at once\n$");
  EXPECT_EXIT(TypeSecond(false), testing::ExitedWithCode(kExitInterrupted), "^ended at once\n$");
}

TEST(InterruptWatchDeathTest, StopsTheTokenAtTheFirstSignal) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(ExpectStopThenExit(SIGINT), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(ExpectStopThenExit(SIGTERM), testing::ExitedWithCode(0), "");
}

/// Ends the process with 0 if the token is stopped by the time that something is said.
void ExpectStopBeforeWords() {
  std::atomic<int> calls = 0;
  std::stop_token token;
  bool stopped = false;
  auto watch = InterruptWatch::Start({.on_first =
                                          [&] {
                                            stopped = token.stop_requested();
                                            ++calls;
                                            calls.notify_all();
                                          },
                                      .on_waiting = [] {},
                                      .last_words = [] { return std::string(); }});
  if (!watch.ok()) std::_Exit(1);
  token = (*watch)->token();
  SignalAndWait(SIGINT, token, calls);
  std::_Exit(stopped ? 0 : 2);
}

TEST(InterruptWatchDeathTest, StopsTheTokenBeforeItSaysAnything) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(ExpectStopBeforeWords(), testing::ExitedWithCode(0), "");
}

TEST(InterruptWatchDeathTest, ASignalRightBehindTheFirstIsItsEcho) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(SignalWithEcho(), testing::ExitedWithCode(0), "^$");
}

/// Ends the process with 0 if a watch that gets no thread is an error.
void StartWithoutThreads() {
  constexpr uid_t kNobody = 65534;  // The limit does not hold for root.
  if (geteuid() == 0 && setuid(kNobody) != 0) std::_Exit(1);
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  if (setrlimit(RLIMIT_NPROC, &none) != 0) std::_Exit(1);
  const auto watch = InterruptWatch::Start(
      {.on_first = [] {}, .on_waiting = [] {}, .last_words = [] { return std::string(); }});
  if (watch.ok()) std::_Exit(2);
  std::_Exit(CodeOf(watch.status()) == "EAGAIN" ? 0 : 3);
}

TEST(InterruptWatchDeathTest, WithoutAThreadItIsAnError) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(StartWithoutThreads(), testing::ExitedWithCode(0), "^$");
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
  auto watch = InterruptWatch::Start({});
  ASSERT_TRUE(watch.ok());
  EXPECT_FALSE((*watch)->token().stop_requested());
}

}  // namespace
}  // namespace headrace
