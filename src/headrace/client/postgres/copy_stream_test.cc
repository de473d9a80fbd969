#include "headrace/client/postgres/copy_stream.h"

#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "headrace/client/postgres/error.h"
#include "headrace/client/postgres/test_server.h"

namespace headrace {
namespace {

/// Both ways over the wire must behave alike.
class CopyStreamTest : public testing::TestWithParam<CopyTransport> {
 protected:
  std::unique_ptr<CopyStream> Start(const std::string& sql) {
    auto stream = StartCopy(connection_, sql, GetParam(), stop_.get_token());
    EXPECT_TRUE(stream.ok()) << stream.status();
    return *std::move(stream);
  }

  /// All messages, as strings.
  arrow::Result<std::vector<std::string>> ReadAll(CopyStream& stream) {
    std::vector<std::string> all;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const auto messages, stream.Next(stop_.get_token()));
      if (messages.empty()) return all;
      for (const CopyMessage message : messages) all.emplace_back(message.begin(), message.end());
    }
  }

  /// The error of `sql`, which may show at once or while reading.
  arrow::Status ErrorOf(const std::string& sql) {
    auto stream = StartCopy(connection_, sql, GetParam(), stop_.get_token());
    if (!stream.ok()) return stream.status();
    return ReadAll(**stream).status();
  }

  void ExpectUsable() {
    ASSERT_FALSE(connection_.broken());
    const auto result = connection_.Query("SELECT 7");
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->Int64(0, 0), 7);
  }

  PgConnection connection_ = ConnectToTestServer();
  std::stop_source stop_;
};

TEST_P(CopyStreamTest, OneMessagePerRow) {
  const auto stream = Start("COPY (SELECT i, 'x' FROM generate_series(1, 100000) i) TO STDOUT");
  const auto rows = ReadAll(*stream).ValueOrDie();
  ASSERT_EQ(rows.size(), 100'000);
  EXPECT_EQ(rows.front(), "1\tx\n");
  EXPECT_EQ(rows.back(), "100000\tx\n");
  EXPECT_TRUE(stream->Next({}).ValueOrDie().empty());
  EXPECT_TRUE(stream->Stop());
  ExpectUsable();
}

TEST_P(CopyStreamTest, NoRows) {
  EXPECT_TRUE(ReadAll(*Start("COPY (SELECT 1 WHERE false) TO STDOUT")).ValueOrDie().empty());
  ExpectUsable();
}

TEST_P(CopyStreamTest, StatementsAroundTheCopyRun) {
  const auto stream = Start(
      "BEGIN; SAVEPOINT s; SET LOCAL application_name = 'told by the server'; "
      "COPY (SELECT 1) TO STDOUT; RELEASE SAVEPOINT s");
  EXPECT_EQ(ReadAll(*stream).ValueOrDie().size(), 1);
  EXPECT_EQ(CodeOf(connection_.Execute("ROLLBACK TO SAVEPOINT s")), "3B001");
  ASSERT_TRUE(connection_.Execute("ROLLBACK").ok());
  ExpectUsable();
}

TEST_P(CopyStreamTest, AnErrorBeforeTheCopy) {
  EXPECT_EQ(CodeOf(ErrorOf("SELECT no_column; COPY (SELECT 1) TO STDOUT")), "42703");
  ExpectUsable();
}

TEST_P(CopyStreamTest, AnErrorBehindTheCopy) {
  EXPECT_EQ(CodeOf(ErrorOf("COPY (SELECT 1) TO STDOUT; SELECT no_column")), "42703");
  ExpectUsable();
}

TEST_P(CopyStreamTest, AnErrorInTheMiddle) {
  const arrow::Status status =
      ErrorOf("COPY (SELECT 1 / (i - 90000) FROM generate_series(1, 100000) i) TO STDOUT");
  EXPECT_EQ(CodeOf(status), "22012") << status;
  EXPECT_NE(status.message().find("division by zero"), std::string::npos);
  ExpectUsable();
}

TEST_P(CopyStreamTest, AMissingCopyIsABug) {
  EXPECT_EQ(ClassOf(ErrorOf("SELECT 1")), ErrorClass::kBug);
  ExpectUsable();
}

TEST_P(CopyStreamTest, StopInTheMiddleCancels) {
  const auto stream = Start("COPY (SELECT generate_series(1, 100000000)) TO STDOUT");
  EXPECT_FALSE(stream->Next({}).ValueOrDie().empty());
  EXPECT_FALSE(stream->Stop());
  ExpectUsable();
}

TEST_P(CopyStreamTest, StopAtTheEndFindsThatAllHasRun) {
  const auto stream = Start("COPY (SELECT 1) TO STDOUT; SELECT pg_advisory_unlock_all()");
  // Whether the end has come by now or is waited for: nothing was cancelled in vain.
  EXPECT_EQ(ReadAll(*stream).ValueOrDie().size(), 1);
  EXPECT_TRUE(stream->Stop());
  ExpectUsable();
}

TEST_P(CopyStreamTest, AStopTokenEndsAWaitForRows) {
  const std::string pid =
      std::string(connection_.Query("SELECT pg_backend_pid()").ValueOrDie().Text(0, 0));
  const std::jthread stopper([&] {
    PgConnection observer = ConnectToTestServer();
    const std::string sleeping =
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND pid = " + pid;
    while (observer.Query(sleeping).ValueOrDie().Int64(0, 0) == 0) std::this_thread::yield();
    stop_.request_stop();
  });
  const arrow::Status status = ErrorOf("COPY (SELECT pg_sleep(600)) TO STDOUT");
  EXPECT_EQ(CodeOf(status), kInterruptedCode) << status;
  ExpectUsable();
}

TEST_P(CopyStreamTest, NoticesAndParametersInTheMiddleAreNoRows) {
  ASSERT_TRUE(
      connection_
          .Execute("CREATE FUNCTION pg_temp.chatty(i int) RETURNS int LANGUAGE plpgsql AS $$ "
                   "BEGIN RAISE NOTICE 'row %', i; PERFORM set_config('application_name', 'n' "
                   "|| i, false); RETURN i; END $$")
          .ok());
  const auto stream =
      Start("COPY (SELECT pg_temp.chatty(i) FROM generate_series(1, 1000) i) TO STDOUT");
  EXPECT_EQ(ReadAll(*stream).ValueOrDie().size(), 1000);
  ExpectUsable();
}

TEST_P(CopyStreamTest, RowsLargerThanTheBuffer) {
  const auto stream =
      Start("COPY (SELECT repeat(chr(64 + i), 3000000) FROM generate_series(1, 5) i) TO STDOUT");
  const auto rows = ReadAll(*stream).ValueOrDie();
  ASSERT_EQ(rows.size(), 5);
  EXPECT_EQ(rows[4], std::string(3'000'000, 'E') + "\n");
  ExpectUsable();
}

TEST_P(CopyStreamTest, ATerminatedBackendIsTransient) {
  const std::string pid =
      std::string(connection_.Query("SELECT pg_backend_pid()").ValueOrDie().Text(0, 0));
  const auto stream = Start("COPY (SELECT generate_series(1, 100000000)) TO STDOUT");
  EXPECT_FALSE(stream->Next({}).ValueOrDie().empty());
  PgConnection admin = ConnectToTestServer();
  ASSERT_TRUE(admin.Execute("SELECT pg_terminate_backend(" + pid + ")").ok());
  const auto read = ReadAll(*stream);
  EXPECT_EQ(ClassOf(read.status()), ErrorClass::kTransient) << read.status();
  EXPECT_FALSE(stream->Stop());
  EXPECT_TRUE(connection_.broken());
}

TEST_P(CopyStreamTest, OneAfterTheOther) {
  for (int i = 1; i < 50; ++i) {
    const auto stream =
        Start("COPY (SELECT generate_series(1, " + std::to_string(i) + ")) TO STDOUT");
    EXPECT_EQ(ReadAll(*stream).ValueOrDie().size(), static_cast<size_t>(i));
    ExpectUsable();
  }
}

TEST_P(CopyStreamTest, ABrokenConnectionIsNotUsed) {
  connection_.MarkBroken();
  const auto stream = StartCopy(connection_, "COPY (SELECT 1) TO STDOUT", GetParam(), {});
  EXPECT_EQ(ClassOf(stream.status()), ErrorClass::kTransient);
}

// With a sanitizer the address space is no measure, and malloc does not fail.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

/// From now on the address space grows by no more than a quarter of kLargeRow.
constexpr size_t kLargeRow = size_t{96} << 20;
void LimitMemory() {
  size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  const rlim_t most = pages * static_cast<size_t>(sysconf(_SC_PAGESIZE)) + kLargeRow / 4;
  const rlimit limit{.rlim_cur = most, .rlim_max = most};
  if (setrlimit(RLIMIT_AS, &limit) != 0) std::_Exit(10);
}

/// Takes what the server sends into libpq's buffers, until it has sent everything.
void TakeInput(PgConnection& connection) {
  PgConnection admin = ConnectToTestServer();
  const std::string backend = std::to_string(PQbackendPID(connection.handle()));
  const std::string sql = "SELECT state = 'idle' FROM pg_stat_activity WHERE pid = " + backend;
  int left = 1;
  while (left > 0 || !admin.Query(sql).ValueOrDie().Boolean(0, 0)) {
    if (!connection.WaitForInput().ok()) std::_Exit(11);
    ioctl(connection.socket(), FIONREAD, &left);
  }
}

/// Reads a small row and one for which there is no memory; ends with 0 where that is told.
void ReadWithoutMemory(CopyTransport transport, bool stop) {
  constexpr unsigned kHang = 60;
  alarm(kHang);  // A read that never ends.
  PgConnection connection = ConnectToTestServer();
  const std::string sql = "COPY (SELECT repeat('x', n) FROM unnest(ARRAY[1, " +
                          std::to_string(kLargeRow) + "]) n) TO STDOUT";
  auto stream = StartCopy(connection, sql, transport, {}).ValueOrDie();
  if (stream->Next({}).ValueOrDie().size() != 1) std::_Exit(1);
  if (transport == CopyTransport::kLibpq) TakeInput(connection);
  LimitMemory();
  if (!stop) {
    const arrow::Status status = stream->Next({}).status();
    const bool named = status.message().find("no memory") != std::string::npos;
    if (ClassOf(status) != ErrorClass::kPermanent || !named) std::_Exit(2);
  }
  stream->Stop();
  stream.reset();
  std::_Exit(connection.broken() ? 0 : 3);
}

TEST_P(CopyStreamTest, ARowWithoutMemoryIsToldAndEndsTheConnection) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(ReadWithoutMemory(GetParam(), false), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(ReadWithoutMemory(GetParam(), true), testing::ExitedWithCode(0), "");
}

#endif

INSTANTIATE_TEST_SUITE_P(Postgres, CopyStreamTest,
                         testing::Values(CopyTransport::kAuto, CopyTransport::kLibpq),
                         [](const auto& info) {
                           return info.param == CopyTransport::kAuto ? "Socket" : "Libpq";
                         });

}  // namespace
}  // namespace headrace
