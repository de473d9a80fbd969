#include "headrace/source/sqlite/quoted_names.h"

#include <gtest/gtest.h>

#include "headrace/source/sqlite/test_database.h"

namespace headrace::sqlite {
namespace {

TEST(SqliteQuotedNamesTest, OnlyNamesInDoubleQuotesAreWrittenAnew) {
  EXPECT_EQ(NamesInBackticks(R"("a" = 'x "b"' AND t."c d" > [e"f] OR `g"` = 1)"),
            "`a` = 'x \"b\"' AND t.`c d` > [e\"f] OR `g\"` = 1");
  EXPECT_EQ(NamesInBackticks("1 -- \"a\"\n+ \"b\" /* \"c\" */ - \"d\" / 2"),
            "1 -- \"a\"\n+ `b` /* \"c\" */ - `d` / 2");
  EXPECT_EQ(NamesInBackticks(R"('it''s "x"' || "say ""hi""" || "a`b" || "")"),
            R"('it''s "x"' || `say "hi"` || `a``b` || ``)");
}

TEST(SqliteQuotedNamesTest, WhatHasNoEndStaysAsItIs) {
  for (const char* sql : {R"("a)", R"('a "b")", R"(-- "a")", R"(/* "a")", R"(["a")", R"("a"")"}) {
    EXPECT_EQ(NamesInBackticks(sql), sql);
  }
}

TEST(SqliteQuotedNamesTest, AColumnThatIsNotThereIsNamed) {
  TestDatabase database;
  database.Execute(R"(CREATE TABLE t (currency TEXT, "odd ""name""" TEXT))");
  SqliteDatabase& connection = database.writer();
  for (const char* sql :
       {R"(SELECT "odd ""name""" AS "new" FROM "t" WHERE "t"."currency" = 'EUR' ORDER BY "new")",
        R"(WITH "w" AS (SELECT "currency" FROM t) SELECT "count"(*) FROM "w")"}) {
    EXPECT_TRUE(CheckQuotedNames(connection, sql).ok()) << CheckQuotedNames(connection, sql);
  }
  const arrow::Status status =
      CheckQuotedNames(connection, R"(SELECT 1 FROM t WHERE "curency" = 'EUR')");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(ClassOf(status), ErrorClass::kUser);
  EXPECT_NE(status.message().find("no such column: curency"), std::string::npos) << status;
  EXPECT_NE(status.message().find("single quotes"), std::string::npos) << status;
}

}  // namespace
}  // namespace headrace::sqlite
