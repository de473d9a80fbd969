#include "headrace/client/postgres/error.h"

#include <gtest/gtest.h>

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
