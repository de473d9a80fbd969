#include "headrace/client/postgres/connection.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>

#include "headrace/client/postgres/error.h"
#include "headrace/client/postgres/stop_when_asleep.h"
#include "headrace/client/postgres/test_server.h"

namespace headrace {
namespace {

TEST(PgUriTest, GivesItsParts) {
  const PgConnectSettings settings =
      ParsePgUri("postgresql://etl:s%40x@db.example:5433/shop?sslmode=require").ValueOrDie();
  EXPECT_EQ(settings.Find("user"), "etl");
  EXPECT_EQ(settings.Find("password"), "s@x");
  EXPECT_EQ(settings.Find("host"), "db.example");
  EXPECT_EQ(settings.Find("port"), "5433");
  EXPECT_EQ(settings.Find("dbname"), "shop");
  EXPECT_EQ(settings.Find("sslmode"), "require");
  EXPECT_EQ(settings.Find("service"), "");
}

TEST(PgUriTest, AnErrorDoesNotRepeatIt) {
  const auto settings = ParsePgUri("postgresql://etl:geheim%zz@host/shop");
  ASSERT_FALSE(settings.ok());
  EXPECT_EQ(ClassOf(settings.status()), ErrorClass::kUser);
  EXPECT_EQ(settings.status().message().find("geheim"), std::string::npos);
}

TEST(PgUriTest, SetReplaces) {
  PgConnectSettings settings;
  settings.Set("host", "a");
  settings.Set("host", "b");
  EXPECT_EQ(settings.Find("host"), "b");
  EXPECT_EQ(settings.parameters.size(), 1);
}

TEST(PgQuoteTest, IdentifiersAndLiterals) {
  EXPECT_EQ(PgQuoteIdentifier("a \"b\""), "\"a \"\"b\"\"\"");
  EXPECT_EQ(PgQuoteLiteral("it's"), "'it''s'");
  EXPECT_EQ(PgQuoteLiteral("a\\b'c"), " E'a\\\\b''c'");
}

TEST(PgConnectTest, ARefusedConnectionIsTransient) {
  // A bound socket that does not listen: nobody else gets the port, and connecting is refused.
  const int holder = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(holder, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(getsockname(holder, reinterpret_cast<sockaddr*>(&address), &size), 0);
  PgConnectSettings settings;
  settings.Set("host", "127.0.0.1");
  settings.Set("port", std::to_string(ntohs(address.sin_port)));
  settings.Set("password", "127.0.0.1");  // as unlucky as a password can be
  const auto connection = PgConnection::Connect(settings, {});
  close(holder);
  ASSERT_FALSE(connection.ok());
  EXPECT_EQ(ClassOf(connection.status()), ErrorClass::kTransient) << connection.status();
  EXPECT_EQ(connection.status().message().find("127.0.0.1"), std::string::npos)
      << connection.status();
}

/// A server that accepts and says nothing.
class SilentServer {
 public:
  SilentServer() : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, 4), 0);
    EXPECT_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    settings_.Set("host", "127.0.0.1");
    settings_.Set("port", std::to_string(ntohs(address.sin_port)));
  }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;
  ~SilentServer() {
    if (filler_ >= 0) close(filler_);
    close(listener_);
  }
  PgConnectSettings& settings() { return settings_; }
  std::string port() const { return std::string(settings_.Find("port")); }

  /// From now on the kernel drops what asks to connect: nobody has taken the one that waits, and
  /// there is no room for a second.
  void SwallowPackets() {
    EXPECT_EQ(listen(listener_, 0), 0);
    filler_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    socklen_t size = sizeof(address);
    EXPECT_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    EXPECT_EQ(connect(filler_, reinterpret_cast<sockaddr*>(&address), size), 0);
  }

  /// The client that has connected; the caller closes it.
  int Accept() const { return accept(listener_, nullptr, nullptr); }

 private:
  int listener_;
  int filler_ = -1;
  PgConnectSettings settings_;
};

TEST(PgConnectTest, ConnectTimeoutEndsTheWait) {
  SilentServer server;
  server.settings().connect_timeout = std::chrono::milliseconds(50);
  const auto connection = PgConnection::Connect(server.settings(), {});
  ASSERT_FALSE(connection.ok());
  EXPECT_EQ(ClassOf(connection.status()), ErrorClass::kTransient) << connection.status();
}

TEST(PgConnectTest, LibpqsOwnTimeoutCountsWhereNoneIsSet) {
  SilentServer server;
  server.settings().Set("connect_timeout", "1");
  const auto connection = PgConnection::Connect(server.settings(), {});
  ASSERT_FALSE(connection.ok());
  EXPECT_EQ(ClassOf(connection.status()), ErrorClass::kTransient) << connection.status();
}

TEST(PgConnectTest, AStopEndsTheWait) {
  SilentServer server;
  std::stop_source stop;
  const StopWhenAsleep stopper(stop);
  const auto connection = PgConnection::Connect(server.settings(), stop.get_token());
  EXPECT_EQ(CodeOf(connection.status()), kInterruptedCode);
}

TEST(PgConnectTest, WithoutALimitOnlyAStopEndsTheWait) {
  SilentServer server;
  server.settings().connect_timeout = std::chrono::milliseconds(0);
  std::stop_source stop;
  const StopWhenAsleep stopper(stop);
  const auto connection = PgConnection::Connect(server.settings(), stop.get_token());
  EXPECT_EQ(CodeOf(connection.status()), kInterruptedCode) << connection.status();
}

/// Long enough for a server that answers, under load.
constexpr std::chrono::seconds kHostTimeout{3};

/// `settings` with the silent server as a host in front.
PgConnectSettings BehindSilence(const SilentServer& silent, PgConnectSettings settings) {
  settings.Set("host", "127.0.0.1,127.0.0.1");
  settings.Set("port", silent.port() + "," + std::string(settings.Find("port")));
  settings.connect_timeout = kHostTimeout;
  return settings;
}

TEST(PgConnectTest, WhatWasWrongWithEachHostIsSaid) {
  const SilentServer accepts;
  SilentServer swallows;
  swallows.SwallowPackets();
  const PgConnectSettings settings = BehindSilence(accepts, swallows.settings());
  const arrow::Status none = PgConnection::Connect(settings, {}).status();
  EXPECT_EQ(ClassOf(none), ErrorClass::kTransient) << none;
  for (const SilentServer* silent : {&accepts, static_cast<const SilentServer*>(&swallows)}) {
    EXPECT_NE(none.message().find("port " + silent->port() +
                                  " failed: no connection within connect_timeout"),
              std::string::npos)
        << none;
  }
  EXPECT_EQ(none.message().find("reset"), std::string::npos) << none;
}

/// `type`, then the length of the rest, as the server's messages begin.
std::string ServerMessage(char type, const std::string& body) {
  const uint32_t length = htonl(static_cast<uint32_t>(body.size() + 4));
  return type + std::string(reinterpret_cast<const char*>(&length), sizeof(length)) + body;
}

TEST(PgConnectTest, ARequestToCancelThatGetsNoAnswerIsNotWaitedFor) {
  SilentServer server;
  server.settings().Set("user", "somebody");
  server.settings().Set("sslmode", "disable");
  server.settings().Set("gssencmode", "disable");
  int session = -1;
  std::jthread log_in([&] {
    session = server.Accept();
    std::array<char, 1024> startup{};
    EXPECT_GT(recv(session, startup.data(), startup.size(), 0), 0);
    const std::string answer = ServerMessage('R', std::string(4, '\0')) +
                               ServerMessage('K', std::string(8, '\1')) + ServerMessage('Z', "I");
    EXPECT_EQ(send(session, answer.data(), answer.size(), 0), static_cast<ssize_t>(answer.size()));
  });
  PgConnection connection = PgConnection::Connect(server.settings(), {}).ValueOrDie();
  log_in.join();
  EXPECT_FALSE(connection.Cancel());
  std::stop_source stop;
  {
    const std::jthread stopper([&] {
      std::array<char, 64> asked{};
      EXPECT_GT(recv(session, asked.data(), asked.size(), 0), 0) << "the statement";
      stop.request_stop();
    });
    EXPECT_EQ(CodeOf(connection.Execute("SELECT 1", stop.get_token())), kInterruptedCode);
  }
  close(session);
}

TEST(PostgresConnectionTest, QueriesGiveTheLastResult) {
  PgConnection connection = ConnectToTestServer();
  const PgResult result =
      connection.Query("SELECT 1; SELECT 42 AS a, NULL::text AS b, 1.5 AS c, true").ValueOrDie();
  ASSERT_EQ(result.rows(), 1);
  ASSERT_EQ(result.columns(), 4);
  EXPECT_EQ(result.ColumnName(0), "a");
  EXPECT_EQ(result.Int64(0, 0), 42);
  EXPECT_TRUE(result.IsNull(0, 1));
  EXPECT_EQ(result.Double(0, 2), 1.5);
  EXPECT_TRUE(result.Boolean(0, 3));
  EXPECT_GE(connection.server_version(), 120000);
  EXPECT_EQ(connection.ParameterStatus("server_encoding"), "UTF8");
  EXPECT_EQ(connection.ParameterStatus("no_such_parameter"), "");
}

TEST(PostgresConnectionTest, AStatementWithoutRowsBehindAQueryTakesNoneAway) {
  PgConnection connection = ConnectToTestServer();
  const PgResult result = connection.Query("BEGIN; SELECT 1; SELECT 2; COMMIT").ValueOrDie();
  ASSERT_EQ(result.rows(), 1);
  EXPECT_EQ(result.Int64(0, 0), 2);
  EXPECT_EQ(connection.Query("BEGIN; COMMIT").ValueOrDie().rows(), 0);
}

TEST(PostgresConnectionTest, TheFirstErrorCountsAndTheConnectionLives) {
  PgConnection connection = ConnectToTestServer();
  const arrow::Status status = connection.Execute("SELECT 1; SELECT no_column; SELECT 2");
  EXPECT_EQ(CodeOf(status), "42703");
  EXPECT_EQ(ClassOf(status), ErrorClass::kUser);
  EXPECT_FALSE(connection.broken());
  EXPECT_TRUE(connection.Execute("SELECT 1").ok());
}

TEST(PostgresConnectionTest, AMissingDatabaseIsTheUsersError) {
  PgConnectSettings settings = TestServerSettings();
  settings.Set("dbname", "no such database");
  const auto connection = PgConnection::Connect(settings, {});
  EXPECT_EQ(CodeOf(connection.status()), "3D000") << connection.status();
  EXPECT_EQ(ClassOf(connection.status()), ErrorClass::kUser);
}

TEST(PostgresConnectionTest, NoRoomIsAPushBack) {
  PgConnection admin = ConnectToTestServer();
  const std::string role = "headrace_full_" + std::to_string(getpid());
  ASSERT_TRUE(admin.Execute("CREATE ROLE " + role + " LOGIN CONNECTION LIMIT 0").ok());
  PgConnectSettings settings = TestServerSettings();
  settings.Set("user", role);
  const auto connection = PgConnection::Connect(settings, {});
  EXPECT_TRUE(admin.Execute("DROP ROLE " + role).ok());
  EXPECT_EQ(CodeOf(connection.status()), kPushBackCode) << connection.status();
}

TEST(PostgresConnectionTest, AStopCancelsTheStatement) {
  PgConnection connection = ConnectToTestServer();
  std::stop_source stop;
  const std::jthread stopper([&] {
    PgConnection observer = ConnectToTestServer();
    const std::string running =
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(600)%' AND state "
        "= "
        "'active'";
    while (observer.Query(running).ValueOrDie().Int64(0, 0) == 0) std::this_thread::yield();
    stop.request_stop();
  });
  const arrow::Status status = connection.Execute("SELECT pg_sleep(600)", stop.get_token());
  EXPECT_EQ(CodeOf(status), kInterruptedCode) << status;
  EXPECT_FALSE(connection.broken());
  EXPECT_EQ(connection.Query("SELECT 7").ValueOrDie().Int64(0, 0), 7);
}

TEST(PostgresConnectionTest, ThePlaceOfAnErrorIsThatOfTheLastStatement) {
  PgConnection connection = ConnectToTestServer();
  const std::stop_source stop;
  stop.request_stop();
  const auto fail = [&] {
    EXPECT_FALSE(connection.DescribeStatement("SELECT 1 +").ok());
    EXPECT_EQ(connection.error_position(), 11);
  };
  fail();
  EXPECT_FALSE(connection.DescribeStatement("SELECT 1", stop.get_token()).ok());
  EXPECT_EQ(connection.error_position(), 0);
  fail();
  EXPECT_FALSE(connection.Query("SELECT 1", stop.get_token()).ok());
  EXPECT_EQ(connection.error_position(), 0);
  fail();
  EXPECT_FALSE(connection.ExecuteFirst("SELECT 1", stop.get_token()).ok());
  EXPECT_EQ(connection.error_position(), 0);
}

TEST(PostgresConnectionTest, WhereNothingCanBeSentAnErrorHasNoPlace) {
  PgConnection connection = ConnectToTestServer();
  EXPECT_FALSE(connection.DescribeStatement("SELECT 1 +").ok());
  EXPECT_EQ(connection.error_position(), 11);
  shutdown(connection.socket(), SHUT_RDWR);
  EXPECT_FALSE(connection.WaitForInput().ok()) << "from here on it is known to be closed";
  EXPECT_FALSE(connection.DescribeStatement("SELECT 1").ok());
  EXPECT_EQ(connection.error_position(), 0);
}

TEST(PostgresConnectionTest, TheFirstStatementHasTheTimeThatLibpqGivesAConnection) {
  PgConnectSettings settings = TestServerSettings();
  settings.Set("connect_timeout", "2");
  PgConnection connection = PgConnection::Connect(settings, {}).ValueOrDie();
  EXPECT_TRUE(connection.ExecuteFirst("SELECT 1", {}).ok());
  // What a pooler without room looks like: it does not answer.
  const arrow::Status status = connection.ExecuteFirst("SELECT pg_sleep(600)", {});
  EXPECT_EQ(CodeOf(status), kPushBackCode) << status;
  EXPECT_TRUE(connection.broken());
}

TEST(PostgresConnectionTest, WithoutALimitTheFirstStatementIsWaitedFor) {
  PgConnectSettings settings = TestServerSettings();
  settings.connect_timeout = std::chrono::milliseconds(0);
  PgConnection connection = PgConnection::Connect(settings, {}).ValueOrDie();
  const arrow::Status status = connection.ExecuteFirst("SELECT pg_sleep(0.3)", {});
  EXPECT_TRUE(status.ok()) << status;
}

TEST(PostgresConnectionTest, AHostThatSwallowsPacketsDoesNotKeepTheNextFromItsTurn) {
  SilentServer silent;
  silent.SwallowPackets();
  const auto connection = PgConnection::Connect(BehindSilence(silent, TestServerSettings()), {});
  EXPECT_TRUE(connection.ok()) << connection.status();
}

TEST(PostgresConnectionTest, AHostThatAcceptsAndIsSilentDoesNotKeepTheNextFromItsTurn) {
  const SilentServer silent;
  const auto connection = PgConnection::Connect(BehindSilence(silent, TestServerSettings()), {});
  EXPECT_TRUE(connection.ok()) << connection.status();
}

/// libpq looks for a standby among all hosts, then takes any of them.
TEST(PostgresConnectionTest, BehindASilentHostThePrimaryIsTakenWhereThereIsNoStandby) {
  SilentServer swallows;
  swallows.SwallowPackets();
  const SilentServer accepts;
  for (const SilentServer* silent : {&accepts, static_cast<const SilentServer*>(&swallows)}) {
    PgConnectSettings settings = BehindSilence(*silent, TestServerSettings());
    settings.Set("target_session_attrs", "prefer-standby");
    const auto connection = PgConnection::Connect(settings, {});
    EXPECT_TRUE(connection.ok()) << connection.status();
    settings.Set("target_session_attrs", "standby");
    const arrow::Status none = PgConnection::Connect(settings, {}).status();
    EXPECT_EQ(ClassOf(none), ErrorClass::kTransient) << none;
    EXPECT_NE(none.message().find("not in hot standby mode"), std::string::npos) << none;
  }
}

TEST(PostgresConnectionTest, WhatTheServerBehindASilentHostSaysIsSaid) {
  const SilentServer silent;
  PgConnectSettings settings = BehindSilence(silent, TestServerSettings());
  settings.Set("dbname", "no such database");
  const arrow::Status status = PgConnection::Connect(settings, {}).status();
  EXPECT_NE(status.message().find("no such database"), std::string::npos) << status;
  EXPECT_NE(status.message().find("no connection within connect_timeout"), std::string::npos)
      << status;
}

TEST(PostgresConnectionTest, DescribesWithoutRunning) {
  PgConnection connection = ConnectToTestServer();
  const PgResult result =
      connection
          .DescribeStatement("SELECT 1/0 AS a, 'x'::varchar(7) AS \"B\", 1.5::numeric(9,3) AS c")
          .ValueOrDie();
  ASSERT_EQ(result.columns(), 3);
  EXPECT_EQ(result.ColumnName(1), "B");
  EXPECT_EQ(result.ColumnType(0), 23U);
  EXPECT_EQ(result.ColumnTypmod(0), -1);
  EXPECT_EQ(result.ColumnTypmod(2), (9 << 16 | 3) + 4);
  EXPECT_EQ(CodeOf(connection.DescribeStatement("SELECT * FROM no_table").status()), "42P01");
}

TEST(PostgresConnectionTest, ATerminatedBackendIsTransientAndBreaksTheConnection) {
  PgConnection victim = ConnectToTestServer();
  const std::string pid =
      std::string(victim.Query("SELECT pg_backend_pid()").ValueOrDie().Text(0, 0));
  PgConnection admin = ConnectToTestServer();
  ASSERT_TRUE(admin.Execute("SELECT pg_terminate_backend(" + pid + ")").ok());
  arrow::Status status = victim.Execute("SELECT 1");
  EXPECT_EQ(ClassOf(status), ErrorClass::kTransient) << status;
  EXPECT_TRUE(victim.broken());
  status = victim.Execute("SELECT 1");
  EXPECT_EQ(ClassOf(status), ErrorClass::kTransient) << status;
}

TEST(PostgresConnectionTest, FurtherConnectionsGoToTheAddressOfTheFirst) {
  PgConnectSettings settings = TestServerSettings();
  const std::string port(settings.Find("port"));
  settings.Set("host", "localhost,nowhere.invalid");
  settings.Set("hostaddr", "127.0.0.1,127.0.0.2");
  const auto first = PgConnection::Connect(settings, {}).ValueOrDie();
  const PgConnectSettings same = first.ToSameAddress(settings);
  EXPECT_EQ(same.Find("host"), "localhost") << "the name that a certificate has to have";
  EXPECT_EQ(same.Find("hostaddr"), "127.0.0.1");
  EXPECT_EQ(same.Find("port"), port);
  EXPECT_EQ(same.Find("user"), settings.Find("user"));
  EXPECT_TRUE(PgConnection::Connect(same, {}).ok());
}

TEST(PostgresConnectionTest, FurtherConnectionsGoThroughTheSameSocket) {
  PgConnectSettings settings = TestServerSettings();
  const PgResult folder = ConnectToTestServer().Query("SHOW unix_socket_directories").ValueOrDie();
  settings.Set("host", "/nowhere," + std::string(folder.Text(0, 0)));
  const auto first = PgConnection::Connect(settings, {}).ValueOrDie();
  const PgConnectSettings same = first.ToSameAddress(settings);
  EXPECT_EQ(same.Find("host"), folder.Text(0, 0));
  EXPECT_EQ(same.Find("hostaddr"), "");
  EXPECT_TRUE(PgConnection::Connect(same, {}).ok());
}

TEST(PostgresConnectionTest, CopyIsRefused) {
  PgConnection connection = ConnectToTestServer();
  const arrow::Status status = connection.Execute("COPY (SELECT 1) TO STDOUT");
  EXPECT_EQ(ClassOf(status), ErrorClass::kBug);
  EXPECT_TRUE(connection.broken());
}

}  // namespace
}  // namespace headrace
