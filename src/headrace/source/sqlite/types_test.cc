#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "headrace/source/sqlite/case_table.h"
#include "headrace/source/sqlite/catalog.h"
#include "headrace/source/sqlite/test_database.h"

/// What each stored value becomes in a column of each declared type.
namespace headrace::sqlite {
namespace {

/// declared type | SQL of the value | what is read: `-` where it does not fit
constexpr std::string_view kTypeCases = R"(
INTEGER       | 5                            | 5
INTEGER       | -9223372036854775808         | -9223372036854775808
INTEGER       | '17'                         | 17
INTEGER       | 2.0                          | 2
INTEGER       | 2.5                          | -
INTEGER       | 9e18                         | 9000000000000000000
INTEGER       | 1e300                        | -
INTEGER       | 9e999                        | -
INTEGER       | 'abc'                        | -
INTEGER       | x'01'                        | -
INTEGER       | NULL                         | null
REAL          | 0.1                          | 0.1
REAL          | 3                            | 3
REAL          | -9e999                       | -inf
REAL          | 'x'                          | -
REAL          | x'00'                        | -
TEXT          | 'Grüße'                      | Grüße
TEXT          | ''                           |
TEXT          | 12                           | 12
TEXT          | x'414243'                    | -
TEXT          | CAST(x'ff41' AS TEXT)        | -
BLOB          | x'4142'                      | AB
BLOB          | x''                          |
BLOB          | 'abc'                        | -
BLOB          | 1                            | -
BOOLEAN       | 0                            | false
BOOLEAN       | 1                            | true
BOOLEAN       | TRUE                         | true
BOOLEAN       | 2                            | -
BOOLEAN       | 'Yes'                        | true
BOOLEAN       | 'f'                          | false
BOOLEAN       | 'perhaps'                    | -
BOOLEAN       | 0.5                          | -
DATE          | '2024-02-29'                 | 2024-02-29
DATE          | '2024-02-30'                 | -
DATE          | '2024-02-29 00:00:00'        | 2024-02-29
DATE          | '2024-02-29 10:00:00'        | -
DATE          | unixepoch('2024-02-29')      | 2024-02-29
DATE          | unixepoch('2024-02-29') + 1  | -
DATE          | julianday('1582-10-15')      | 1582-10-15
DATE          | '0000-01-01'                 | 0000-01-01
DATE          | '20240229'                   | -
DATE          | x'00'                        | -
DATETIME      | '2024-02-29 12:34:56.789012' | 2024-02-29 12:34:56.789012
DATETIME      | '2024-02-29T12:34:56Z'       | 2024-02-29 12:34:56.000000
DATETIME      | '2024-02-29 12:34+02:00'     | 2024-02-29 10:34:00.000000
DATETIME      | 1709210096                   | 2024-02-29 12:34:56.000000
DATETIME      | 1709210096000                | -
DATETIME      | 1709210096.5                 | 2024-02-29 12:34:56.500000
DATETIME      | julianday('2024-02-29 12:34:56.789') | 2024-02-29 12:34:56.789000
DATETIME      | julianday('2024-02-29 12:00') | -
TIMESTAMP     | '1969-12-31 23:59:59.5'      | 1969-12-31 23:59:59.500000
TIMESTAMP     | 'yesterday'                  | -
DECIMAL(10,2) | 12                           | 12.00
DECIMAL(10,2) | 12.3                         | 12.30
DECIMAL(10,2) | '12.30'                      | 12.30
DECIMAL(10,2) | 12.345                       | -
DECIMAL(10,2) | 123456789                    | -
DECIMAL(10,2) | 'n/a'                        | -
DECIMAL(10,2) | x'31'                        | -
DECIMAL(38,9) | 4e29                         | -
DECIMAL(38,9) | -4e29                        | -
DECIMAL(38,9) | 1e28                         | 9999999999999999583119736832.000000000
DECIMAL(38,9) | 99999999999999999999999999999.25 | 99999999999999991433150857216.000000000
DECIMAL(38,9) | '400000000000000000000000000000.1' | -
DECIMAL(38,0) | 4e38                         | -
DECIMAL(38,0) | -4e38                        | -
DECIMAL(38,0) | 9223372036854775807          | 9223372036854775807
DECIMAL(38,37) | 9                           | 9.0000000000000000000000000000000000000
DECIMAL(38,37) | 40                          | -
DECIMAL(38,37) | -40                         | -
DECIMAL(38,37) | 40.5                        | -
DECIMAL(38,38) | 0                           | 0E-38
DECIMAL(38,38) | 0.5                         | 0.50000000000000000000000000000000000000
DECIMAL(38,38) | 1                           | -
DECIMAL(1,0)  | 9                            | 9
DECIMAL(1,0)  | 10                           | -
DECIMAL(40,2) | 5                            | 5
)";

struct TypeCase {
  std::string declared;
  std::string value;
  std::string expected;
};

std::vector<TypeCase> ParseTypeCases() {
  std::vector<TypeCase> cases;
  for (const std::vector<std::string>& fields : ParseCases(kTypeCases, 3)) {
    cases.push_back({fields[0], fields[1], fields[2]});
  }
  return cases;
}

class SqliteTypesTest : public testing::Test {
 protected:
  /// One table per case: `case0`, `case1` …
  void SetUp() override {
    database_.Execute("BEGIN");
    for (size_t i = 0; i < cases_.size(); ++i) {
      const std::string table = "case" + std::to_string(i);
      database_.Execute("CREATE TABLE " + table + " (id INTEGER PRIMARY KEY, v " +
                        cases_[i].declared + ")");
      database_.Execute("INSERT INTO " + table + " VALUES (41, " + cases_[i].value + ")");
    }
    database_.Execute("COMMIT");
    source_ = database_.MakeSource();
    snapshot_ = source_->OpenSnapshot({}, {}).ValueOrDie();
    session_ = snapshot_->Attach({}).ValueOrDie();
  }

  arrow::Result<Rows> Read(size_t index, OverflowPolicy policy) {
    const TableRef table = TableNamed("case" + std::to_string(index));
    ARROW_ASSIGN_OR_RAISE(const Description description, snapshot_->Describe(table, {}));
    return ReadUnit(*session_, PlanOf(description, policy), WholeTable{});
  }

  TestDatabase database_;
  std::vector<TypeCase> cases_ = ParseTypeCases();
  std::unique_ptr<Source> source_;
  std::unique_ptr<Snapshot> snapshot_;
  std::unique_ptr<Session> session_;
};

TEST_F(SqliteTypesTest, AValueThatFitsIsReadAndAnotherIsAnErrorThatNamesIt) {
  for (size_t i = 0; i < cases_.size(); ++i) {
    SCOPED_TRACE(cases_[i].declared + " | " + cases_[i].value);
    ExpectValueOrError(Read(i, OverflowPolicy::kError), cases_[i].expected);
  }
}

TEST_F(SqliteTypesTest, ThePolicyNullKeepsTheRow) {
  for (size_t i = 0; i < cases_.size(); ++i) {
    SCOPED_TRACE(cases_[i].declared + " | " + cases_[i].value);
    const Rows rows = Read(i, OverflowPolicy::kNull).ValueOrDie();
    EXPECT_EQ(rows.at(0).at(0), "41");
    EXPECT_EQ(rows.at(0).at(1), cases_[i].expected == "-" ? "null" : cases_[i].expected);
  }
}

TEST(SqliteStringPolicyTest, EveryValueIsReadAsTheTextOfWhatIsStored) {
  TestDatabase database;
  database.Execute(
      "CREATE TABLE t (i INTEGER, r REAL, s TEXT, d DATE, b BLOB);"
      "INSERT INTO t VALUES (1, 1, 'a', '2024-01-01', x'01'), (2.5, 0.1, 'b', 1704067200, 'text'),"
      "('many', 1e100, x'ff', 'soon', 7), (9e999, -9e999, CAST(x'ff' AS TEXT), 2460310.5, x''),"
      "(NULL, NULL, NULL, NULL, NULL)");
  const Rows rows =
      ReadTable(*database.MakeSource(), TableNamed("t"), OverflowPolicy::kString).ValueOrDie();
  EXPECT_EQ(rows, (Rows{{"1", "1.0", "a", "2024-01-01", "X'01'"},
                        {"2.5", "0.1", "b", "1704067200", "text"},
                        {"many", "1e+100", "X'FF'", "soon", "7"},
                        {"Inf", "-Inf", "X'FF'", "2460310.5", "X''"},
                        {"null", "null", "null", "null", "null"}}));
}

/// Beyond 2^53 a REAL has more digits than tell it from others, which SQLite's 15 do not.
TEST(SqliteStringPolicyTest, ARealIsTheTextOfFewestDigitsThatReadsBackAsIt) {
  TestDatabase database;
  database.Execute(
      "CREATE TABLE t (r REAL);"
      "INSERT INTO t VALUES (85208190794378288.0), (-1152921504606846976.0), "
      "(9007199254740991.0), (123456789012345678.0), (1e22), (1e15), (1234567890123456.75)");
  const Rows rows =
      ReadTable(*database.MakeSource(), TableNamed("t"), OverflowPolicy::kString).ValueOrDie();
  EXPECT_EQ(rows, (Rows{{"85208190794378290.0"},
                        {"-1152921504606847000.0"},
                        {"9007199254740991.0"},
                        {"123456789012345680.0"},
                        {"1e+22"},
                        {"1e+15"},
                        {"1234567890123456.8"}}));
  EXPECT_EQ(std::stod(rows[0][0]), 85208190794378288.0);
  EXPECT_EQ(std::stod(rows[1][0]), -1152921504606846976.0);
  EXPECT_EQ(std::stod(rows[3][0]), 123456789012345678.0);
}

TEST(SqliteBytesTest, BytesThatAreTextBecomeTextWhereTheJobWantsIt) {
  TestDatabase database;
  database.Execute(
      "CREATE TABLE t (b BLOB, s TEXT);"
      "INSERT INTO t VALUES (x'616263', 'a'), (x'C3A4', 'b'), ('text', 'c'), (7, 'd')");
  const auto read = [&] {
    const auto snapshot = database.MakeSource()->OpenSnapshot({}, {}).ValueOrDie();
    const auto session = snapshot->Attach({}).ValueOrDie();
    TablePlan plan = PlanOf(snapshot->Describe(TableNamed("t"), {}).ValueOrDie());
    plan.columns[0].read_type = plan.columns[0].type = arrow::utf8();
    return ReadUnit(*session, plan, WholeTable{});
  };
  EXPECT_EQ(read().ValueOrDie(), (Rows{{"abc", "a"}, {"ä", "b"}, {"text", "c"}, {"7", "d"}}));
  database.Execute("INSERT INTO t VALUES (x'FF', 'e')");
  EXPECT_FALSE(read().ok()) << "no UTF-8";
  database.Execute("DELETE FROM t; INSERT INTO t VALUES (x'61', x'62')");
  EXPECT_FALSE(read().ok()) << "bytes in a column that is there for text";
}

/// A session keeps its readers from table to table.
TEST(SqliteBytesTest, TheReadersOfOneTableAreNotThoseOfAnotherThatDeclaresOtherTypes) {
  TestDatabase database;
  database.Execute(
      "CREATE TABLE text (v TEXT); INSERT INTO text VALUES ('a');"
      "CREATE TABLE bytes (v BLOB); INSERT INTO bytes VALUES (x'62')");
  const auto snapshot = database.MakeSource()->OpenSnapshot({}, {}).ValueOrDie();
  const auto session = snapshot->Attach({}).ValueOrDie();
  const auto read = [&](const char* table) {
    TablePlan plan = PlanOf(snapshot->Describe(TableNamed(table), {}).ValueOrDie());
    plan.columns[0].read_type = plan.columns[0].type = arrow::utf8();
    return ReadUnit(*session, plan, WholeTable{});
  };
  EXPECT_EQ(read("text").ValueOrDie(), (Rows{{"a"}}));
  EXPECT_EQ(read("bytes").ValueOrDie(), (Rows{{"b"}}));
}

TEST(SqliteUndeclaredTest, ASampleDecidesAndALaterValueFollowsThePolicy) {
  TestDatabase database;
  database.Execute(
      "CREATE TABLE t (i, r NUMERIC, s, n);"
      "INSERT INTO t VALUES (1, 1, 1, NULL), (2, 2.5, 'two', NULL)");
  const auto source = database.MakeSource();
  const auto snapshot = source->OpenSnapshot({}, {}).ValueOrDie();
  const Description description = snapshot->Describe(TableNamed("t"), {}).ValueOrDie();
  EXPECT_TRUE(description.columns[0].type->Equals(arrow::int64()));
  EXPECT_TRUE(description.columns[1].type->Equals(arrow::float64()));
  EXPECT_TRUE(description.columns[2].type->Equals(arrow::utf8()));
  EXPECT_TRUE(description.columns[3].type->Equals(arrow::utf8()));
  EXPECT_NE(description.columns[0].note.find("sample"), std::string::npos);
  EXPECT_EQ(description.columns[1].note,
            "from a sample of its values: NUMERIC may hold values of any type");
  EXPECT_EQ(ReadTable(*source, TableNamed("t")).ValueOrDie(),
            (Rows{{"1", "1", "1", "null"}, {"2", "2.5", "two", "null"}}));
}

/// 20,000 rows take some 120,000 steps.
class SqliteLateRowTest : public testing::Test {
 protected:
  void SetUp() override {
    database_.Execute(
        "CREATE TABLE t (x INTEGER);"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
        "INSERT INTO t SELECT i FROM n");
  }

  arrow::Result<Description> Describe(const SampleEffort& effort, std::stop_token stop = {}) {
    return DescribeRelation(database_.writer(),
                            QueryOf("SELECT count(*) AS n, avg(x) AS mean, max(x) AS x FROM t"),
                            stop, effort);
  }

  TestDatabase database_;
};

TEST_F(SqliteLateRowTest, TheFirstRowIsWaitedForLonger) {
  const auto query = Describe({.until_first_row = 1'000'000'000, .behind_first_row = 10'000});
  ASSERT_TRUE(query.ok()) << query.status();
  EXPECT_TRUE(query->columns[0].type->Equals(arrow::int64()));
  EXPECT_TRUE(query->columns[1].type->Equals(arrow::float64()));
  for (const Column& column : query->columns) {
    EXPECT_FALSE(column.type_unknown);
    EXPECT_NE(column.note.find("sample"), std::string::npos);
  }
}

TEST_F(SqliteLateRowTest, WhereNoneCameTheTypeIsUnknownAndNotASample) {
  const auto query = Describe({.until_first_row = 10'000, .behind_first_row = 1'000'000'000});
  ASSERT_TRUE(query.ok()) << query.status();
  for (const Column& column : query->columns) {
    EXPECT_TRUE(column.type_unknown);
    EXPECT_TRUE(column.type->Equals(arrow::utf8()));
    EXPECT_EQ(column.note.find("sample"), std::string::npos);
  }
}

TEST_F(SqliteLateRowTest, AQueryThatYieldsNoRowIsNoUnknown) {
  const auto query =
      DescribeRelation(database_.writer(), QueryOf("SELECT x + 1 AS y FROM t WHERE x < 0"), {});
  ASSERT_TRUE(query.ok()) << query.status();
  EXPECT_FALSE(query->columns[0].type_unknown);
}

TEST_F(SqliteLateRowTest, AStopEndsTheWait) {
  const std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(CodeOf(Describe(kTypeSampleEffort, stop.get_token()).status()), kInterruptedCode);
}

TEST(SqliteUndeclaredTest, TheSampleComesFromAllOverALargeTable) {
  TestDatabase database;
  database.Execute(
      "CREATE TABLE t (v);"
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
      "INSERT INTO t SELECT CASE WHEN i < 19000 THEN i ELSE i + 0.5 END FROM n");
  const auto snapshot = database.MakeSource()->OpenSnapshot({}, {}).ValueOrDie();
  const Description description = snapshot->Describe(TableNamed("t"), {}).ValueOrDie();
  EXPECT_TRUE(description.columns[0].type->Equals(arrow::float64()));
}

}  // namespace
}  // namespace headrace::sqlite
