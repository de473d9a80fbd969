#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "headrace/model/type_name.h"
#include "headrace/source/sqlite/case_table.h"
#include "headrace/source/sqlite/test_database.h"

/// What each stored value becomes where the job asks for a type that the column does not declare.
namespace headrace::sqlite {
namespace {

/// declared type | SQL of the value | type of the job | what is read: `-` where it does not fit
constexpr std::string_view kAskedCases = R"(
INTEGER       | 1.5                    | double         | 1.5
INTEGER       | 9007199254740993       | double         | 9.007199254740992e+15
INTEGER       | 9e999                  | double         | inf
INTEGER       | 'abc'                  | double         | -
INTEGER       | x'01'                  | double         | -
INTEGER       | 16777217               | float          | 16777216
INTEGER       | 1e300                  | float          | -
INTEGER       | 1e-300                 | float          | -
INTEGER       | 0.0                    | float          | 0
INTEGER       | 1.5                    | decimal(10,2)  | 1.50
INTEGER       | 0.1                    | decimal(38,20) | 0.10000000000000000000
INTEGER       | 0.125                  | decimal(10,2)  | -
INTEGER       | 5                      | decimal(40,2)  | 5.00
INTEGER       | 1.5                    | decimal(76,70) | 1.5000000000000000000000000000000000000000000000000000000000000000000000
INTEGER       | 9e999                  | decimal(76,0)  | -
INTEGER       | 40000                  | int16          | -
INTEGER       | -32768                 | int16          | -32768
INTEGER       | 2.5                    | int32          | -
INTEGER       | 'true'                 | int32          | -
INTEGER       | 1                      | bool           | true
INTEGER       | 'no'                   | bool           | false
INTEGER       | 2                      | bool           | -
INTEGER       | 5                      | int64          | 5
REAL          | 85208190794378288.0    | decimal(20,0)  | 85208190794378290
REAL          | 85208190794378288.0    | decimal(40,0)  | 85208190794378290
REAL          | 2.0                    | int64          | 2
REAL          | 2.5                    | int64          | -
REAL          | 0.1                    | float          | 0.1
NUMERIC       | 9007199254740993       | double         | 9.007199254740992e+15
NUMERIC       | 9007199254740993       | int64          | 9007199254740993
DECIMAL(10,2) | 123456789012.5         | decimal(38,5)  | 123456789012.50000
DECIMAL(10,2) | 12.345                 | decimal(10,3)  | 12.345
DECIMAL(10,2) | 12.345                 | decimal(10,2)  | -
DECIMAL(20,0) | 85208190794378288.0    | decimal(38,2)  | 85208190794378288.00
DECIMAL(20,2) | 1234567890123456.75    | decimal(50,2)  | 1234567890123456.75
DECIMAL(20,0) | 1e23                   | decimal(76,0)  | 99999999999999991611392
DECIMAL(10,2) | 1e60                   | decimal(76,0)  | 999999999999999949387135297074018866963645011013410073083904
DECIMAL(10,2) | 9e75                   | decimal(75,0)  | -
DECIMAL(10,2) | 12.345                 | double         | 12.345
DECIMAL(10,2) | 123456789012           | int64          | 123456789012
DECIMAL(3,0)  | 100000                 | int32          | 100000
BOOLEAN       | 2                      | int64          | 2
BOOLEAN       | 'Yes'                  | int16          | 1
BOOLEAN       | 'off'                  | int64          | 0
BOOLEAN       | 'perhaps'              | int64          | -
DATE          | '2024-01-01 10:30:00'  | timestamp      | 2024-01-01 10:30:00.000000
DATE          | '2024-01-01'           | timestamp      | 2024-01-01 00:00:00.000000
DATE          | 1709210096             | timestamp      | 2024-02-29 12:34:56.000000
DATE          | 1728000                | timestamp      | 1970-01-21 00:00:00.000000
DATE          | 2460311                | timestamp      | -
DATE          | julianday('2024-02-29 12:34:56.789') | timestamp | 2024-02-29 12:34:56.789000
DATE          | '2024-01-01 12:00+02:00' | timestamptz  | 2024-01-01 10:00:00.000000Z
DATE          | 'soon'                 | timestamp      | -
TEXT          | x'4142'                | bytes          | AB
TEXT          | 'Grüße'                | bytes          | Grüße
TEXT          | 12                     | bytes          | 12
BLOB          | 'abc'                  | bytes          | abc
)";

struct AskedCase {
  std::string declared;
  std::string value;
  std::string asked;
  std::string expected;
};

std::vector<AskedCase> ParseAskedCases() {
  std::vector<AskedCase> cases;
  for (const std::vector<std::string>& fields : ParseCases(kAskedCases, 4)) {
    cases.push_back({fields[0], fields[1], fields[2], fields[3]});
  }
  return cases;
}

/// Sets what is read of the column `v` as the planner does for a job that asks for `type`.
void Ask(const std::string& type, TablePlan& plan) {
  const auto wanted = ParseTypeName(type).ValueOrDie();
  const auto& readable_as = plan.description.columns.back().readable_as;
  EXPECT_NE(std::ranges::find(readable_as, wanted->id()), readable_as.end());
  PlannedColumn& column = plan.columns.back();
  column.read_type = column.type = wanted;
  column.read_as_asked = true;
}

class SqliteAskedTypesTest : public testing::Test {
 protected:
  arrow::Result<Rows> Read(size_t index, OverflowPolicy policy) {
    const AskedCase& asked = cases_[index];
    const std::string table = "case" + std::to_string(index);
    database_.Execute("CREATE TABLE IF NOT EXISTS " + table + " (id INTEGER PRIMARY KEY, v " +
                      asked.declared + "); INSERT OR REPLACE INTO " + table + " VALUES (41, " +
                      asked.value + ")");
    const auto snapshot = database_.MakeSource()->OpenSnapshot({}, {}).ValueOrDie();
    const auto session = snapshot->Attach({}).ValueOrDie();
    TablePlan plan = PlanOf(snapshot->Describe(TableNamed(table), {}).ValueOrDie(), policy);
    Ask(asked.asked, plan);
    return ReadUnit(*session, plan, WholeTable{});
  }

  TestDatabase database_;
  std::vector<AskedCase> cases_ = ParseAskedCases();
};

TEST_F(SqliteAskedTypesTest, WhatIsStoredHasToFitTheTypeOfTheJobAlone) {
  for (size_t i = 0; i < cases_.size(); ++i) {
    SCOPED_TRACE(cases_[i].declared + " | " + cases_[i].value + " | " + cases_[i].asked);
    ExpectValueOrError(Read(i, OverflowPolicy::kError), cases_[i].expected);
    if (cases_[i].expected != "-") continue;
    EXPECT_EQ(Read(i, OverflowPolicy::kNull).ValueOrDie(), (Rows{{"41", "null"}}));
  }
}

/// Tables keep such text in columns of text alone: a view may have it behind any name.
TEST(SqliteAskedTextTest, TextThatWritesANumberIsThatNumber) {
  TestDatabase database;
  database.Execute(
      "CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1);"
      "CREATE VIEW v AS SELECT n FROM t UNION ALL SELECT '+17.00'");
  const auto snapshot = database.MakeSource()->OpenSnapshot({}, {}).ValueOrDie();
  const auto session = snapshot->Attach({}).ValueOrDie();
  for (const auto& [type, expected] :
       {std::pair("int64", Rows{{"1"}, {"17"}}), std::pair("decimal(4,1)", Rows{{"1.0"}, {"17.0"}}),
        std::pair("decimal(40,1)", Rows{{"1.0"}, {"17.0"}})}) {
    TablePlan plan = PlanOf(snapshot->Describe(TableNamed("v"), {}).ValueOrDie());
    Ask(type, plan);
    EXPECT_EQ(ReadUnit(*session, plan, WholeTable{}).ValueOrDie(), expected) << type;
  }
}

TEST(SqliteAskedReadersTest, ASessionTellsWhatIsAskedFromWhatIsDeclared) {
  TestDatabase database;
  database.Execute("CREATE TABLE t (b BLOB); INSERT INTO t VALUES ('text')");
  const auto snapshot = database.MakeSource()->OpenSnapshot({}, {}).ValueOrDie();
  const auto session = snapshot->Attach({}).ValueOrDie();
  TablePlan plan = PlanOf(snapshot->Describe(TableNamed("t"), {}).ValueOrDie());
  EXPECT_FALSE(ReadUnit(*session, plan, WholeTable{}).ok());
  Ask("bytes", plan);
  EXPECT_EQ(ReadUnit(*session, plan, WholeTable{}).ValueOrDie(), (Rows{{"text"}}));
}

}  // namespace
}  // namespace headrace::sqlite
