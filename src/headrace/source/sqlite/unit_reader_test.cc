#include "headrace/source/sqlite/unit_reader.h"

#include <arrow/buffer.h>
#include <gtest/gtest.h>

#include <string>

#include "headrace/source/sqlite/test_database.h"
#include "headrace/source/sqlite/unit_query.h"

namespace headrace::sqlite {
namespace {

class SqliteUnitReaderTest : public testing::Test {
 protected:
  TablePlan Plan(const TableRef& table, OverflowPolicy policy = OverflowPolicy::kError) {
    source_ = database_.MakeSource();
    snapshot_ = source_->OpenSnapshot({}, {}).ValueOrDie();
    session_ = snapshot_->Attach({}).ValueOrDie();
    return PlanOf(snapshot_->Describe(table, {}).ValueOrDie(), policy);
  }

  Rows Read(const TablePlan& plan, const Split& split) {
    auto rows = ReadUnit(*session_, plan, split);
    EXPECT_TRUE(rows.ok()) << rows.status();
    return rows.ok() ? *std::move(rows) : Rows{};
  }

  TestDatabase database_;
  std::unique_ptr<Source> source_;
  std::unique_ptr<Snapshot> snapshot_;
  std::unique_ptr<Session> session_;
};

TEST_F(SqliteUnitReaderTest, RangesAndNullsHoldWhateverIsStored) {
  database_.Execute(
      "CREATE TABLE t (v INTEGER); INSERT INTO t VALUES (NULL), (-9e999), (1), (2.5), (3), ('x'), "
      "(x'00')");
  const TablePlan plan = Plan(TableNamed("t"), OverflowPolicy::kString);
  EXPECT_EQ(Read(plan, NullRows{"v"}), (Rows{{"null"}}));
  EXPECT_EQ(Read(plan, IdRange{"v", std::nullopt, 2}), (Rows{{"-Inf"}, {"1"}}));
  EXPECT_EQ(Read(plan, IdRange{"v", 2, 3}), (Rows{{"2.5"}}));
  EXPECT_EQ(Read(plan, IdRange{"v", 3, std::nullopt}), (Rows{{"3"}, {"x"}, {"X'00'"}}));
  EXPECT_EQ(Read(plan, IdRange{"v", std::nullopt, std::nullopt}).size(), 6);
}

TEST_F(SqliteUnitReaderTest, ASessionsUnitsShareBuffersAndNoRows) {
  database_.Execute(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, b BOOLEAN, s TEXT, x REAL); "
      "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 499) INSERT INTO t "
      "SELECT i, i % 3 = 0, CASE WHEN i % 5 > 0 THEN printf('%.*c', i % 40, 'x') END, i / 2.0 FROM "
      "n");
  const TablePlan plan = Plan(TableNamed("t"));
  const Rows whole = Read(plan, WholeTable{});
  ASSERT_EQ(whole.size(), 500);

  // One unit is given up with a batch that its reader does not get back, and one before its first.
  const ReadLimits small{.batch_rows = 70};
  auto begun = session_->Open(plan, UnitOf(WholeTable{}), small, {}).ValueOrDie();
  const auto held = begun->Next().ValueOrDie();
  const std::string held_rows = held->ToString();
  begun.reset();
  session_->Open(plan, UnitOf(WholeTable{}), small, {}).ValueOrDie().reset();

  EXPECT_EQ(Read(plan, IdRange{"id", 0, 3}), Rows(whole.begin(), whole.begin() + 3));
  EXPECT_EQ(Read(plan, IdRange{"id", 3, std::nullopt}), Rows(whole.begin() + 3, whole.end()));
  auto other = plan;
  other.columns.pop_back();
  EXPECT_EQ(Read(other, WholeTable{}).at(0).size(), 3);
  EXPECT_EQ(Read(plan, WholeTable{}), whole);
  EXPECT_EQ(held->ToString(), held_rows);
}

TEST_F(SqliteUnitReaderTest, AValueThatDoesNotFitLeavesNothingToTheNextUnit) {
  database_.Execute("CREATE TABLE t (v INTEGER); INSERT INTO t VALUES (1), (2), ('x'), (4)");
  const TablePlan plan = Plan(TableNamed("t"));
  EXPECT_FALSE(ReadUnit(*session_, plan, WholeTable{}).ok());
  EXPECT_EQ(Read(plan, IdRange{"rowid", 4, std::nullopt}), (Rows{{"4"}}));
}

TEST_F(SqliteUnitReaderTest, ARealColumnCalledRowidIsNotTheRowid) {
  database_.Execute("CREATE TABLE t (rowid TEXT); INSERT INTO t VALUES ('b'), ('a')");
  const TablePlan plan = Plan(TableNamed("t"));
  EXPECT_EQ(Read(plan, IdRange{"_rowid_", 1, 2}), (Rows{{"b"}}));
}

TEST_F(SqliteUnitReaderTest, AColumnThatIsGoneIsAnErrorAndNotAString) {
  database_.Execute("CREATE TABLE t (a); INSERT INTO t VALUES (1)");
  TablePlan plan = Plan(TableNamed("t"));
  plan.columns[0].source_name = "b";
  const auto rows = ReadUnit(*session_, plan, WholeTable{});
  ASSERT_FALSE(rows.ok());
  EXPECT_EQ(ClassOf(rows.status()), ErrorClass::kUser);
}

TEST_F(SqliteUnitReaderTest, TheFilterIsTheJobsOwnCondition) {
  database_.Execute("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1), (2), (3), (4)");
  TablePlan plan = Plan(TableNamed("t"));
  plan.filter.where = "t.a = 1 OR a = 4 -- both";
  EXPECT_EQ(Read(plan, IdRange{"rowid", 2, std::nullopt}), (Rows{{"4"}}));
  plan.filter.where = "a = ?";
  const auto rows = ReadUnit(*session_, plan, WholeTable{});
  ASSERT_FALSE(rows.ok());
  EXPECT_EQ(ClassOf(rows.status()), ErrorClass::kUser);
  EXPECT_NE(rows.status().message().find("parameters"), std::string::npos);
}

TEST_F(SqliteUnitReaderTest, AMisspeltColumnInDoubleQuotesIsAnErrorAndNotAString) {
  database_.Execute("CREATE TABLE t (currency TEXT); INSERT INTO t VALUES ('EUR'), ('USD')");
  TablePlan plan = Plan(TableNamed("t"));
  plan.filter.where = "\"currency\" = 'EUR'";
  EXPECT_EQ(Read(plan, WholeTable{}), (Rows{{"EUR"}}));
  plan.filter.where = "\"curency\" <> 'EUR'";
  const auto rows = ReadUnit(*session_, plan, WholeTable{});
  ASSERT_FALSE(rows.ok());
  EXPECT_EQ(ClassOf(rows.status()), ErrorClass::kUser);
  EXPECT_TRUE(rows.status().message().starts_with("where: no such column: curency"))
      << rows.status();
}

/// SQLite lets a file hold strings in double quotes; what it means is not the job's to change.
TEST_F(SqliteUnitReaderTest, StringsInDoubleQuotesOfTheFileItselfAreRead) {
  database_.Execute(
      "CREATE TABLE t (a TEXT, CHECK (a <> \"none\")); INSERT INTO t VALUES ('x'), ('y');"
      "CREATE INDEX i ON t (a || \"tail\") WHERE a <> \"skipped\";"
      "CREATE VIEW v AS SELECT a, \"text\" AS b FROM t WHERE a <> \"y\"");
  TablePlan view = Plan(TableNamed("v"));
  EXPECT_EQ(Read(view, WholeTable{}), (Rows{{"x", "text"}}));
  view.filter.where = "\"b\" = 'text'";
  EXPECT_EQ(Read(view, WholeTable{}), (Rows{{"x", "text"}}));
  view.filter.where = "\"c\" = 'text'";
  EXPECT_FALSE(ReadUnit(*session_, view, WholeTable{}).ok());
  TablePlan table = Plan(TableNamed("t"));
  table.filter.where = R"("a" IN (SELECT "a" FROM v))";
  EXPECT_EQ(Read(table, WholeTable{}), (Rows{{"x"}}));
}

TEST_F(SqliteUnitReaderTest, AnErrorNamesTheRowByRowidAndKey) {
  database_.Execute(
      "CREATE TABLE pair (a TEXT, b INTEGER, v INTEGER, PRIMARY KEY (a, b)) WITHOUT ROWID;"
      "INSERT INTO pair VALUES ('x', 1, 5), ('x', 2, 'bad');"
      "CREATE TABLE plain (id BIGINT PRIMARY KEY, v INTEGER);"
      "INSERT INTO plain VALUES (22, 'bad')");
  const auto message = [&](const std::string& table) {
    const TablePlan plan = Plan(TableNamed(table));
    return ReadUnit(*session_, plan, WholeTable{}).status().message();
  };
  EXPECT_TRUE(
      message("pair").starts_with("column \"v\", row 2 of the unit (a = TEXT 'x', b = INTEGER 2): "
                                  "TEXT 'bad' does not fit int64"))
      << message("pair");
  EXPECT_TRUE(message("plain").starts_with("column \"v\", rowid 1 (id = INTEGER 22): "))
      << message("plain");
}

TEST_F(SqliteUnitReaderTest, TextThatIsNotUtf8IsSaidToBeThat) {
  database_.Execute("CREATE TABLE t (a TEXT); INSERT INTO t VALUES (CAST(x'FF41FE' AS TEXT))");
  const TablePlan plan = Plan(TableNamed("t"));
  EXPECT_EQ(ReadUnit(*session_, plan, WholeTable{}).status().message(),
            "column \"a\", rowid 1: TEXT X'FF41FE' does not fit string: it is not valid UTF-8 "
            "(see on_overflow)");
}

TEST_F(SqliteUnitReaderTest, TextThatIsNotUtf16IsNoDateAndNoNumber) {
  database_.Execute(
      "PRAGMA encoding = 'UTF-16be'; CREATE TABLE text (v); INSERT INTO text VALUES "
      "(CAST(x'0031DC00' AS TEXT));"
      "CREATE TABLE t (a DATE, b DATETIME, c BOOLEAN, d DECIMAL(9,2), e INTEGER);"
      "INSERT INTO t SELECT v, v, v, v, v FROM text");
  const TablePlan all = Plan(TableNamed("t"));
  for (const PlannedColumn& column : all.columns) {
    TablePlan plan = all;
    plan.columns = {column};
    const std::string message = ReadUnit(*session_, plan, WholeTable{}).status().message();
    EXPECT_NE(message.find("TEXT X'31EDB080' does not fit"), std::string::npos) << message;
    EXPECT_NE(message.find("it is not valid UTF-16 (see"), std::string::npos) << message;
  }
}

TEST_F(SqliteUnitReaderTest, NotNullColumnsThatHoldNullStopTheUnit) {
  database_.Execute(
      "CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (NULL); PRAGMA writable_schema = ON;"
      "UPDATE sqlite_schema SET sql = 'CREATE TABLE t (a INTEGER NOT NULL)' WHERE name = 't'");
  const TablePlan plan = Plan(TableNamed("t"));
  const auto rows = ReadUnit(*session_, plan, WholeTable{});
  ASSERT_FALSE(rows.ok());
  EXPECT_EQ(ClassOf(rows.status()), ErrorClass::kPermanent);
  EXPECT_NE(rows.status().message().find("NOT NULL"), std::string::npos);
}

TEST_F(SqliteUnitReaderTest, TheWidestTableLeavesNoRoomForTheRowidButIsRead) {
  std::string columns;
  for (int i = 0; i < 2'000; ++i) columns += (i == 0 ? "c" : ", c") + std::to_string(i) + " INT";
  database_.Execute("CREATE TABLE t (" + columns + "); INSERT INTO t (c0, c1999) VALUES (1, 2000)");
  const TablePlan plan = Plan(TableNamed("t"));
  const Rows rows = Read(plan, WholeTable{});
  ASSERT_EQ(rows.size(), 1);
  EXPECT_EQ(rows[0][0], "1");
  EXPECT_EQ(rows[0][1999], "2000");
}

TEST_F(SqliteUnitReaderTest, APlanWithoutColumnsStillHasRows) {
  database_.Execute("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)");
  TablePlan plan = Plan(TableNamed("t"));
  plan.columns.clear();
  const auto reader = session_->Open(plan, UnitOf(WholeTable{}), {}, {}).ValueOrDie();
  EXPECT_EQ(reader->Next().ValueOrDie()->num_rows(), 2);
  EXPECT_EQ(reader->Next().ValueOrDie(), nullptr);
}

TEST_F(SqliteUnitReaderTest, BatchesOutliveReaderAndSession) {
  database_.Execute("CREATE TABLE t (s TEXT); INSERT INTO t VALUES ('first'), ('second')");
  const TablePlan plan = Plan(TableNamed("t"));
  std::shared_ptr<arrow::RecordBatch> batch;
  {
    const auto reader =
        session_->Open(plan, UnitOf(WholeTable{}), {.batch_rows = 1}, {}).ValueOrDie();
    batch = reader->Next().ValueOrDie();
    ASSERT_NE(reader->Next().ValueOrDie(), nullptr);
  }
  session_.reset();
  snapshot_.reset();
  EXPECT_EQ(batch->column(0)->GetScalar(0).ValueOrDie()->ToString(), "first");
}

TEST_F(SqliteUnitReaderTest, APageRangeIsABug) {
  database_.Execute("CREATE TABLE t (a)");
  const TablePlan plan = Plan(TableNamed("t"));
  const auto reader = session_->Open(plan, UnitOf(PageRange{}), {}, {});
  EXPECT_EQ(ClassOf(reader.status()), ErrorClass::kBug);
}

TEST(SqliteRelationSqlTest, QuotesNamesAndClosesQueries) {
  EXPECT_EQ(RelationSql(TableNamed("a\"b")), "\"main\".\"a\"\"b\"");
  EXPECT_EQ(RelationSql(QueryOf("SELECT 1 ;\n")), "(SELECT 1\n) AS \"query\"");
  EXPECT_EQ(ColumnSql(TableNamed("t"), "c"), "\"t\".\"c\"");
}

}  // namespace
}  // namespace headrace::sqlite
