#include "headrace/client/postgres/error.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace headrace {
namespace {

TEST(PgErrorTest, ClassFollowsTheLongestPrefix) {
  EXPECT_EQ(PgErrorClass("42P01"), ErrorClass::kUser);
  EXPECT_EQ(PgErrorClass("28P01"), ErrorClass::kUser);
  EXPECT_EQ(PgErrorClass("22012"), ErrorClass::kUser);
  EXPECT_EQ(PgErrorClass("22021"), ErrorClass::kPermanent);
  EXPECT_EQ(PgErrorClass("40P01"), ErrorClass::kTransient);
  EXPECT_EQ(PgErrorClass("55P03"), ErrorClass::kTransient);
  EXPECT_EQ(PgErrorClass("57P01"), ErrorClass::kTransient);
  EXPECT_EQ(PgErrorClass("57P04"), ErrorClass::kUser);
  EXPECT_EQ(PgErrorClass("53100"), ErrorClass::kPermanent);
  EXPECT_EQ(PgErrorClass("53200"), ErrorClass::kPermanent);
  EXPECT_EQ(PgErrorClass("53300"), ErrorClass::kTransient);
  EXPECT_EQ(PgErrorClass("25P02"), ErrorClass::kBug);
  EXPECT_EQ(PgErrorClass("XX001"), ErrorClass::kPermanent);
  EXPECT_EQ(PgErrorClass(""), ErrorClass::kPermanent);
}

TEST(PgErrorTest, TheCodeIsTheSqlstate) {
  const arrow::Status status = PgError("42P01", "relation \"x\" does not exist");
  EXPECT_EQ(CodeOf(status), "42P01");
  EXPECT_EQ(status.message(), "relation \"x\" does not exist");
}

TEST(PgErrorTest, CodesOfHeadraceReplaceTheSqlstate) {
  const arrow::Status full = PgError("53300", "sorry, too many clients already");
  EXPECT_EQ(CodeOf(full), kPushBackCode);
  EXPECT_EQ(ClassOf(full), ErrorClass::kTransient);
  EXPECT_EQ(full.message(), "sorry, too many clients already (SQLSTATE 53300)");
  EXPECT_EQ(CodeOf(PgError("72000", "snapshot too old")), kSnapshotLostCode);
}

TEST(PgErrorTest, AVerboseConnectionErrorTellsItsSqlstate) {
  const arrow::Status status = PgConnectError(
      "connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  53300: sorry, too many "
      "clients already\nLOCATION:  InitProcess, proc.c:370\n");
  EXPECT_EQ(CodeOf(status), kPushBackCode);
  EXPECT_EQ(status.message(), "sorry, too many clients already (SQLSTATE 53300)");
}

TEST(PgErrorTest, SeveritiesMayBeTranslated) {
  const arrow::Status status =
      PgConnectError("Verbindung fehlgeschlagen: FATAL:  3D000: Datenbank »x« existiert nicht");
  EXPECT_EQ(CodeOf(status), "3D000");
  EXPECT_EQ(ClassOf(status), ErrorClass::kUser);
}

TEST(PgErrorTest, AServerThatIsNotReachedIsTransient) {
  const arrow::Status status =
      PgConnectError("connection to server at \"127.0.0.1\", port 1 failed: Connection refused\n");
  EXPECT_EQ(ClassOf(status), ErrorClass::kTransient);
  EXPECT_EQ(CodeOf(status), kPgConnectionFailure);
  EXPECT_EQ(status.message(),
            "connection to server at \"127.0.0.1\", port 1 failed: Connection refused");
  EXPECT_EQ(ClassOf(PgConnectError("")), ErrorClass::kTransient);
}

struct LibpqMessage {
  std::string_view text;
  ErrorClass error_class;
};

constexpr std::string_view kFailed = "connection to server at \"127.0.0.1\", port 5432 failed: ";

constexpr std::array kLibpqMessages = {
    LibpqMessage{"definition of service \"shop\" not found\n", ErrorClass::kUser},
    LibpqMessage{"service file \"/none\" not found\n", ErrorClass::kUser},
    LibpqMessage{"syntax error in service file \"/etc/pg_service.conf\", line 2\n",
                 ErrorClass::kUser},
    LibpqMessage{"invalid sslmode value: \"maybe\"\n", ErrorClass::kUser},
    LibpqMessage{"invalid connection option \"hst\"\n", ErrorClass::kUser},
    LibpqMessage{"could not match 2 host names to 1 hostaddr values\n", ErrorClass::kUser},
    LibpqMessage{"could not parse network address \"db\": Name or service not known\n",
                 ErrorClass::kUser},
    LibpqMessage{"root certificate file \"none.crt\" does not exist\nEither provide the file or "
                 "change sslmode to disable server certificate verification.\n",
                 ErrorClass::kUser},
    LibpqMessage{"server does not support SSL, but SSL was required\n", ErrorClass::kUser},
    LibpqMessage{"channel binding required, but SSL not in use\n", ErrorClass::kUser},
    LibpqMessage{"SSL error: certificate verify failed\n", ErrorClass::kPermanent},
    LibpqMessage{"server certificate for \"a\" does not match host name \"b\"\n",
                 ErrorClass::kPermanent},
    LibpqMessage{"SSL error: tlsv13 alert certificate required\n", ErrorClass::kUser},
    LibpqMessage{"Connection refused\n\tIs the server running on that host?\n",
                 ErrorClass::kTransient},
    LibpqMessage{"timeout expired\n", ErrorClass::kTransient},
    LibpqMessage{"could not translate host name \"db\" to address: Name or service not known\n",
                 ErrorClass::kTransient},
    LibpqMessage{"server closed the connection unexpectedly\n", ErrorClass::kTransient},
    LibpqMessage{"SSL SYSCALL error: EOF detected\n", ErrorClass::kTransient},
    LibpqMessage{"session is read-only\n", ErrorClass::kTransient},
    LibpqMessage{"server is in hot standby mode\n", ErrorClass::kTransient},
};

TEST(PgErrorTest, WhatLibpqItselfSaysIsTriedAgainWhereThatCanHelp) {
  for (const LibpqMessage& message : kLibpqMessages) {
    for (const std::string_view before : {std::string_view(), kFailed}) {
      const std::string text = std::string(before) + std::string(message.text);
      EXPECT_EQ(ClassOf(PgConnectError(text)), message.error_class) << text;
    }
  }
}

TEST(PgErrorTest, WhatAPoolerRefusesForGoodIsNotTriedAgain) {
  const std::string fatal = std::string(kFailed) + "FATAL:  08P01: ";
  for (const char* refusal : {"unsupported startup parameter: options", "no such database: shop"}) {
    const arrow::Status status = PgConnectError(fatal + refusal + "\n");
    EXPECT_EQ(ClassOf(status), ErrorClass::kUser) << status;
    EXPECT_EQ(status.message(), refusal);
  }
}

TEST(PgErrorTest, APoolerThatIsFullPushesBack) {
  const std::string fatal = std::string(kFailed) + "FATAL:  08P01: ";
  for (const char* full :
       {"no more connections allowed (max_client_conn)",
        "client connections exceeded (max_user_client_connections)", "query_wait_timeout"}) {
    for (const arrow::Status& status :
         {PgConnectError(fatal + full + "\n"), PgError("08P01", full)}) {
      EXPECT_EQ(ClassOf(status), ErrorClass::kTransient) << status;
      EXPECT_EQ(CodeOf(status), kPushBackCode) << status;
      EXPECT_EQ(status.message(), std::string(full) + " (SQLSTATE 08P01)");
    }
  }
  EXPECT_EQ(CodeOf(PgError("08P01", "invalid message format")), "08P01");
  EXPECT_EQ(CodeOf(PgError("XX000", "query_wait_timeout")), "XX000");
}

TEST(PgErrorTest, OneAddressThatMayComeBackIsEnoughToTryAgain) {
  const std::string refused = std::string(kFailed) + "Connection refused\n";
  const std::string plain =
      std::string(kFailed) + "server does not support SSL, but SSL was required\n";
  EXPECT_EQ(ClassOf(PgConnectError(refused + plain)), ErrorClass::kTransient);
  EXPECT_EQ(ClassOf(PgConnectError(plain + refused)), ErrorClass::kTransient);
  EXPECT_EQ(ClassOf(PgConnectError(plain + plain)), ErrorClass::kUser);
}

/// The failure of one address as libpq tells it.
std::string FailureAt(const std::string& host, const std::string& error) {
  return "connection to server at " + host + ", port 5432 failed: " + error + "\n";
}

TEST(PgErrorTest, OneHostThatMayComeBackIsEnoughToTryAgainWhateverTheOtherAnswered) {
  const std::string refused = FailureAt("\"a\" (10.0.0.1)", "Connection refused");
  const std::string starting = FailureAt(
      "\"b\" (10.0.0.2)",
      "FATAL:  57P03: the database system is starting up\nLOCATION:  ProcessStartupPacket, "
      "postmaster.c:2401");
  const std::string full = FailureAt("\"b\" (10.0.0.2)", "FATAL:  53300: sorry, too many clients");
  const std::string no_entry =
      FailureAt("\"c\" (10.0.0.3)", "FATAL:  28000: no pg_hba.conf entry\nLOCATION:  auth.c:1");
  for (const std::string& may_pass : {refused, starting, full}) {
    for (const std::string& text : {may_pass + no_entry, no_entry + may_pass}) {
      const arrow::Status status = PgConnectError(text);
      EXPECT_EQ(ClassOf(status), ErrorClass::kTransient) << status;
      EXPECT_NE(status.message().find("no pg_hba.conf entry"), std::string::npos) << status;
      EXPECT_EQ(status.message().find("LOCATION"), std::string::npos) << status;
    }
  }
  EXPECT_EQ(CodeOf(PgConnectError(no_entry + full)), kPushBackCode);
  EXPECT_EQ(CodeOf(PgConnectError(no_entry + starting)), "57P03");
  EXPECT_EQ(CodeOf(PgConnectError(no_entry + refused)), kPgConnectionFailure);
  EXPECT_EQ(ClassOf(PgConnectError(no_entry + no_entry)), ErrorClass::kUser);
}

TEST(PgErrorTest, WhatOneAddressOfAHostAnsweredCountsMoreThanThatAnotherDidNot) {
  const std::string refused = FailureAt("\"localhost\" (::1)", "Connection refused");
  const std::string answered =
      FailureAt("\"localhost\" (127.0.0.1)", "FATAL:  3D000: database \"shop\" does not exist");
  const arrow::Status status = PgConnectError(refused + answered);
  EXPECT_EQ(ClassOf(status), ErrorClass::kUser) << status;
  EXPECT_EQ(CodeOf(status), "3D000");
  EXPECT_EQ(status.message(), "database \"shop\" does not exist");
}

TEST(PgErrorTest, AMessageOfALostConnectionIsReadable) {
  EXPECT_EQ(PgMessageLine("server closed the connection unexpectedly\n"
                          "\tThis probably means the server terminated abnormally\n"
                          "\tbefore or while processing the request.\n"
                          "invalid socket\n"),
            "server closed the connection unexpectedly. This probably means the server terminated "
            "abnormally before or while processing the request.");
  EXPECT_EQ(PgMessageLine("invalid socket\n"), "invalid socket");
}

TEST(PgErrorTest, AMessageIsOneLine) {
  EXPECT_EQ(PgConnectError("connection to server at \"a\", port 1 failed: Connection refused\n"
                           "\tIs the server running on that host?\n"
                           "connection to server at \"b\", port 1 failed: timeout expired\n")
                .message(),
            "connection to server at \"a\", port 1 failed: Connection refused. "
            "Is the server running on that host? "
            "connection to server at \"b\", port 1 failed: timeout expired");
}

}  // namespace
}  // namespace headrace
