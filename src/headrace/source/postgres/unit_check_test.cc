#include "headrace/source/postgres/unit_check.h"

#include <arrow/table.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>

#include "headrace/source/postgres/test_database.h"

namespace headrace {
namespace {

using ::testing::HasSubstr;

TEST(KnownNameTest, ANameIsInSqlAsItIsWrittenThere) {
  EXPECT_TRUE(MayName("exists (select from Flags f)", "flags"));
  EXPECT_TRUE(MayName("exists (select from \"Flags\" f)", "Flags"));
  EXPECT_FALSE(MayName("exists (select from flag f)", "flags"));
  EXPECT_FALSE(MayName("", "flags"));
  EXPECT_TRUE(MayName("exists (select from U&\"\\0066lags\")", "flags"));
  EXPECT_TRUE(MayName("id > 1", "a\"b")) << "not sure";
  EXPECT_TRUE(MayName("id > 1", "\xc3\xb6")) << "not sure";
  EXPECT_TRUE(MayName("id > 1", std::string(63, 'x'))) << "not sure";
}

class PostgresUnitCheckTest : public PostgresDatabaseTest {
 protected:
  void RenameSchema(const std::string& from, const std::string& to) {
    Run("ALTER SCHEMA " + PgQuoteIdentifier(from) + " RENAME TO " + PgQuoteIdentifier(to));
  }

  /// The test's schema and one with the same tables change places; a second time, and all is as
  /// before.
  void SwapSchemas() {
    Run("BEGIN");
    RenameSchema(schema_, schema_ + "_aside");
    RenameSchema(schema_ + "_other", schema_);
    RenameSchema(schema_ + "_aside", schema_ + "_other");
    Run("COMMIT");
  }

  void MakeOther(const std::string& table) {
    const std::string other = PgQuoteIdentifier(schema_ + "_other");
    Run("CREATE SCHEMA " + other + "; CREATE TABLE " + other + "." + table + " (id int)");
  }

  void TearDown() override {
    Run("DROP SCHEMA IF EXISTS " + PgQuoteIdentifier(schema_ + "_other") + " CASCADE");
    PostgresDatabaseTest::TearDown();
  }
};

TEST_F(PostgresUnitCheckTest, ARelationOfThatNameIsNotTheOneThatWasDescribed) {
  Run("CREATE TABLE t (id int); INSERT INTO t SELECT generate_series(1, 10)");
  MakeOther("t");
  for (const char* mode : {"require", "off"}) {
    OptionValues options;
    options.Set("snapshot", std::string(mode));
    const auto snapshot = OpenSnapshot({Table("t")}, std::move(options));
    const TablePlan t = PlanOf(snapshot->Describe(Table("t"), {}).ValueOrDie());
    const auto session = snapshot->Attach({}).ValueOrDie();
    const PageRange pages{.schema = schema_, .relation = "t", .first = 0, .last = {}};
    EXPECT_EQ(ReadUnit(*session, t, pages).ValueOrDie()->num_rows(), 10);
    SwapSchemas();
    for (const Split& split : {Split(pages), Split(WholeTable{})}) {
      const arrow::Status status = ReadUnit(*session, t, split).status();
      EXPECT_EQ(CodeOf(status), kSnapshotLostCode) << mode << ": " << status;
      EXPECT_THAT(status.message(), HasSubstr(".t is another relation now"));
    }
    SwapSchemas();
    EXPECT_EQ(ReadUnit(*session, t, pages).ValueOrDie()->num_rows(), 10) << "its session lives on";
  }
}

/// What the server says of the other relation is no error of the job.
TEST_F(PostgresUnitCheckTest, ARelationOfThatNameMayHaveOtherColumns) {
  Run("CREATE TABLE t (id int, v int); INSERT INTO t SELECT generate_series(1, 10)");
  MakeOther("t");
  const auto snapshot = OpenSnapshot({Table("t")});
  const TablePlan t = PlanOf(snapshot->Describe(Table("t"), {}).ValueOrDie());
  auto early = snapshot->Attach({}).ValueOrDie();
  auto late = snapshot->Attach({}).ValueOrDie();
  EXPECT_EQ(ReadUnit(*early, t, WholeTable{}).ValueOrDie()->num_rows(), 10);
  SwapSchemas();
  for (Session* session : {early.get(), late.get()}) {
    const arrow::Status status = ReadUnit(*session, t, WholeTable{}).status();
    EXPECT_EQ(CodeOf(status), kSnapshotLostCode) << status;
  }
  early.reset();
  late.reset();  // It held the other one.
  Run("DROP TABLE t");
  const auto third = snapshot->Attach({}).ValueOrDie();
  const arrow::Status gone = ReadUnit(*third, t, WholeTable{}).status();
  EXPECT_EQ(CodeOf(gone), kSnapshotLostCode) << gone;
}

TEST_F(PostgresUnitCheckTest, WhatIsDescribedIsWhatWasLocked) {
  Run("CREATE TABLE t (id int)");
  MakeOther("t");
  const auto snapshot = OpenSnapshot({Table("t")});
  SwapSchemas();
  const arrow::Status status = snapshot->Describe(Table("t"), {}).status();
  EXPECT_EQ(CodeOf(status), kSnapshotLostCode) << status;
  SwapSchemas();
  EXPECT_TRUE(snapshot->Describe(Table("t"), {}).ok());
}

TEST_F(PostgresUnitCheckTest, ATypeThatLosesItsNameIsNoErrorOfTheJob) {
  Run("CREATE TYPE kind AS ENUM ('a', 'it''s, \"b\" \\'); CREATE TABLE t (k kind);"
      "INSERT INTO t SELECT unnest(enum_range(NULL::kind))");
  const auto snapshot = OpenSnapshot({Table("t")});
  const TablePlan t = PlanOf(snapshot->Describe(Table("t"), {}).ValueOrDie());
  const auto session = snapshot->Attach({}).ValueOrDie();
  EXPECT_EQ(ReadUnit(*session, t, WholeTable{}).ValueOrDie()->num_rows(), 2);
  Run("ALTER TYPE kind RENAME TO sort");
  EXPECT_EQ(CodeOf(ReadUnit(*session, t, WholeTable{}).status()), kSnapshotLostCode);
  Run("ALTER TYPE sort RENAME TO kind; ALTER TYPE kind ADD VALUE 'c' BEFORE 'a'");
  EXPECT_EQ(ReadUnit(*session, t, WholeTable{}).ValueOrDie()->num_rows(), 2);
  Run("ALTER TYPE kind RENAME VALUE 'a' TO 'A'");
  const arrow::Status renamed = ReadUnit(*session, t, WholeTable{}).status();
  EXPECT_EQ(CodeOf(renamed), kSnapshotLostCode);
  EXPECT_THAT(renamed.message(), HasSubstr("kind were renamed"));
}

TEST_F(PostgresUnitCheckTest, NamesAreLookedUpInTheCatalogueAsItIs) {
  Run("CREATE TABLE t (id int)");
  const std::array<std::string, 2> names = {"t", "none_of_that"};
  const auto known = ResolveNames(*writer_, names, {}).ValueOrDie();
  ASSERT_EQ(known.size(), 2);
  EXPECT_EQ(std::to_string(known[0].oid), Value("SELECT 't'::regclass::oid"));
  EXPECT_EQ(known[1].oid, 0);
  EXPECT_EQ(Value("SELECT coalesce(" + ChangedNameSql(known) + ", 'none')"), "none");
  Run("CREATE TABLE none_of_that ()");
  EXPECT_EQ(Value("SELECT " + ChangedNameSql(known)), "none_of_that");
  EXPECT_EQ(ChangedNameSql({}), "NULL");
}

}  // namespace
}  // namespace headrace
