#include "headrace/source/sqlite/cursor_bound.h"

#include <gmock/gmock.h>

#include <stop_token>
#include <tuple>

#include "headrace/source/sqlite/catalog.h"
#include "headrace/source/sqlite/test_database.h"

namespace headrace::sqlite {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class SqliteCursorBound : public testing::Test {
 protected:
  arrow::Result<CursorBound> BoundOf(const std::string& sql, const std::string& column,
                                     bool late_rows_allowed = false,
                                     const std::stop_token& stop = {}) {
    ARROW_ASSIGN_OR_RAISE(SqliteDatabase database,
                          SqliteDatabase::Open(":memory:", SqliteOpenMode::kReadWriteCreate,
                                               std::chrono::milliseconds(0)));
    ARROW_RETURN_NOT_OK(database.Execute(sql));
    TableRef table;
    table.name = "t";
    ARROW_ASSIGN_OR_RAISE(const Description description, DescribeRelation(database, table, {}, {}));
    return FindCursorBound(database, {.column = column, .late_rows_allowed = late_rows_allowed},
                           description, stop);
  }
};

TEST_F(SqliteCursorBound, AStopEndsASearchWithoutAnIndex) {
  const std::stop_source stopped;
  stopped.request_stop();
  const auto bound = BoundOf(
      "CREATE TABLE t (n INT); WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r "
      "WHERE i < 20000) INSERT INTO t SELECT i FROM r;",
      "n", true, stopped.get_token());
  EXPECT_EQ(CodeOf(bound.status()), kInterruptedCode);
}

TEST_F(SqliteCursorBound, WhatIsNoNumberIsWarnedOf) {
  const auto bound =
      BoundOf("CREATE TABLE t (n INT); INSERT INTO t VALUES (1), (x'00'), ('a');", "n", true);
  ASSERT_TRUE(bound.ok()) << bound.status();
  EXPECT_THAT(bound->warnings, testing::Contains(HasSubstr("is no integer but blob")));
}

TEST_F(SqliteCursorBound, OfAnAutoincrementKeyItIsBehindTheGreatestNumber) {
  const auto bound = BoundOf(
      "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO t VALUES (3), (7);",
      "id");
  ASSERT_TRUE(bound.ok()) << bound.status();
  EXPECT_EQ(bound->upper, 8);
  EXPECT_THAT(bound->warnings, IsEmpty());
  EXPECT_EQ(bound->now, 8);
}

TEST_F(SqliteCursorBound, TheVeryLastNumberIsNoBound) {
  for (const std::string kind : {"INTEGER PRIMARY KEY AUTOINCREMENT", "INTEGER"}) {
    const std::string sql =
        "CREATE TABLE t (id " + kind + "); INSERT INTO t VALUES (9223372036854775807);";
    EXPECT_THAT(BoundOf(sql, "id").status().message(), HasSubstr("a row has 9223372036854775807"));
    const auto alone = BoundOf(sql, "id", /*late_rows_allowed=*/true);
    ASSERT_TRUE(alone.ok()) << alone.status();
    EXPECT_EQ(alone->upper, std::nullopt);
    EXPECT_THAT(alone->warnings, testing::Contains(HasSubstr("no window can end: it is never")));
    EXPECT_EQ(BoundOf(sql + "INSERT INTO t VALUES (3);", "id", true)->upper, 4);
  }
}

TEST_F(SqliteCursorBound, OfAnEmptyTableThereIsNone) {
  EXPECT_EQ(BoundOf("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT);", "id")->upper,
            std::nullopt);
  EXPECT_EQ(BoundOf("CREATE TABLE t (id INTEGER PRIMARY KEY);", "id")->upper, std::nullopt);
}

TEST_F(SqliteCursorBound, TheNextNumberIsKnownWhateverRowsThereAre) {
  const std::string sql =
      "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO t VALUES (3), (7);"
      "DELETE FROM t WHERE id > 3;";
  EXPECT_EQ(BoundOf(sql, "id")->upper, 4);
  EXPECT_EQ(BoundOf(sql, "id")->now, 8);
  EXPECT_EQ(BoundOf(sql + "DELETE FROM t;", "id")->now, 8);
}

TEST_F(SqliteCursorBound, OtherNumbersMayComeLate) {
  const std::string sql =
      "CREATE TABLE t (id INTEGER PRIMARY KEY, n INT); INSERT INTO t VALUES (1, 5), (2, 'x'), (3, "
      "NULL);";
  for (const auto& [column, upper, warnings] : {std::tuple("id", 4, 1), std::tuple("n", 6, 2)}) {
    const arrow::Status refused = BoundOf(sql, column).status();
    EXPECT_EQ(ClassOf(refused), ErrorClass::kUser);
    EXPECT_THAT(refused.message(), HasSubstr("late_rows: warn"));
    const auto allowed = BoundOf(sql, column, /*late_rows_allowed=*/true);
    ASSERT_TRUE(allowed.ok()) << allowed.status();
    EXPECT_EQ(allowed->upper, upper);
    EXPECT_THAT(allowed->warnings, SizeIs(warnings));
  }
}

TEST_F(SqliteCursorBound, AnotherTablesSequenceProvesNothing) {
  const std::string sql =
      "CREATE TABLE other (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO other VALUES (1);"
      "CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1);";
  EXPECT_EQ(ClassOf(BoundOf(sql, "id").status()), ErrorClass::kUser);
}

TEST_F(SqliteCursorBound, TimesAndMissingColumnsAreRefused) {
  const std::string sql =
      "CREATE TABLE t (at DATETIME); INSERT INTO t VALUES ('2024-01-31 00:00:00');";
  EXPECT_THAT(BoundOf(sql, "at").status().message(), HasSubstr("cannot be seen"));
  EXPECT_THAT(BoundOf(sql, "id").status().message(), HasSubstr("no column \"id\""));
}

}  // namespace
}  // namespace headrace::sqlite
