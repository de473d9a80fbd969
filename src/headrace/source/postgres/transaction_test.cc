#include "headrace/source/postgres/transaction.h"

#include <csignal>
#include <stop_token>
#include <string>
#include <thread>

#include "headrace/client/postgres/stop_when_asleep.h"
#include "headrace/client/postgres/test_server.h"

namespace headrace {
namespace {

/// A session whose server process hangs when it is told to, and goes on at the end.
class HangingSession {
 public:
  HangingSession()
      : connection_(ConnectToTestServer()),
        backend_(static_cast<pid_t>(
            connection_.Query("SELECT pg_backend_pid()").ValueOrDie().Int64(0, 0))) {}
  HangingSession(const HangingSession&) = delete;
  HangingSession& operator=(const HangingSession&) = delete;
  ~HangingSession() { EXPECT_EQ(kill(backend_, SIGCONT), 0); }

  void Hang() const { EXPECT_EQ(kill(backend_, SIGSTOP), 0); }
  PgConnection& connection() { return connection_; }

 private:
  PgConnection connection_;
  pid_t backend_;
};

TEST(PostgresTransactionTest, AStopEndsTheWaitForTheBeginOfAScope) {
  for (const bool bounded : {false, true}) {
    HangingSession session;
    session.Hang();
    StatementScope scope = TransactionScope("BEGIN; ");
    scope.bounded = bounded;
    std::stop_source stop;
    const StopWhenAsleep stopper(stop);
    const arrow::Status status =
        InScope(session.connection(), scope, [] { return arrow::Status::OK(); }, stop.get_token());
    EXPECT_EQ(CodeOf(status), kInterruptedCode) << status;
  }
}

TEST(PostgresTransactionTest, AStopEndsTheWaitForTheEndOfAScope) {
  HangingSession session;
  std::stop_source stop;
  const auto work = [&] {
    session.Hang();
    stop.request_stop();
    return arrow::Status::OK();
  };
  const arrow::Status status =
      InScope(session.connection(), TransactionScope("BEGIN; "), work, stop.get_token());
  EXPECT_EQ(CodeOf(status), kInterruptedCode) << status;
  EXPECT_TRUE(session.connection().broken());
}

TEST(PostgresTransactionTest, AStopEndsTheWaitForTheRecoveryFromAnError) {
  HangingSession session;
  std::stop_source stop;
  const auto work = [&] {
    session.Hang();
    stop.request_stop();
    return UserError("of the work");
  };
  const arrow::Status status =
      InScope(session.connection(), TransactionScope("BEGIN; "), work, stop.get_token());
  EXPECT_EQ(status.message(), "of the work");
  EXPECT_TRUE(session.connection().broken());
}

TEST(PostgresTransactionTest, AStoppedScopeLeavesAConnectionThatCanBeUsed) {
  PgConnection connection = ConnectToTestServer();
  std::stop_source stop;
  const auto work = [&] {
    stop.request_stop();
    return connection.Execute("SELECT 1", stop.get_token());
  };
  const arrow::Status status =
      InScope(connection, TransactionScope("BEGIN; "), work, stop.get_token());
  EXPECT_EQ(CodeOf(status), kInterruptedCode) << status;
  EXPECT_FALSE(connection.in_transaction());
  EXPECT_TRUE(connection.Execute("SELECT 1").ok());
}

/// The leader's transaction goes on to read what the job names by the job's own path.
TEST(PostgresTransactionTest, WhatAsksTheSystemLeavesTheSearchPathAsItWas) {
  PgConnection connection = ConnectToTestServer();
  ASSERT_TRUE(connection.Execute("BEGIN; SET LOCAL search_path TO public").ok());
  const auto path = [&] {
    return std::string(connection.Query("SHOW search_path").ValueOrDie().Text(0, 0));
  };
  const auto asked = QuerySystem(connection, SavepointScope(),
                                 "SELECT pg_catalog.current_setting('search_path')", {});
  ASSERT_TRUE(asked.ok()) << asked.status();
  EXPECT_EQ(asked->Text(0, 0), "pg_catalog");
  EXPECT_EQ(path(), "public");
  EXPECT_FALSE(QuerySystem(connection, SavepointScope(), "SELECT 1 / 0", {}).ok());
  EXPECT_EQ(path(), "public");
}

}  // namespace
}  // namespace headrace
