#include "headrace/source/sqlite/unit_query.h"

#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/source/sqlite/test_database.h"

namespace headrace::sqlite {
namespace {

using ::testing::HasSubstr;

/// How SQLite finds the rows of a unit of t (id INTEGER PRIMARY KEY, at, status), of which at and
/// status have an index, where the job wants one status.
std::string Found(TestDatabase& database, Split split) {
  TablePlan plan;
  plan.table = {.schema = "", .name = "t"};
  plan.description.table = plan.table;
  plan.description.row_identity = "id";
  plan.statistics.columns["id"].indexed = true;
  plan.statistics.columns["at"].indexed = true;
  plan.filter.where = "status = 'a' -- of all";
  WorkUnit unit;
  unit.split = std::move(split);
  constexpr int kMostColumns = 100;
  const UnitQuery query = MakeUnitQuery(plan, unit, kMostColumns).ValueOrDie();
  SqliteStatement explain =
      database.writer().Prepare("EXPLAIN QUERY PLAN " + query.sql).ValueOrDie();
  EXPECT_TRUE(explain.Step().ValueOrDie());
  return std::string(explain.ColumnText(3));
}

TEST(SqliteUnitQueryTest, AnIndexOfTheConditionDoesNotFindTheRowsOfARange) {
  TestDatabase database;
  database.Execute(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, at TIMESTAMP, status TEXT, more);"
      "CREATE INDEX by_at ON t (at); CREATE INDEX by_status ON t (status)");
  EXPECT_THAT(Found(database, DateRange{"at", 0, 86'400'000'000, TimeEncoding::kText}),
              HasSubstr("by_at"));
  EXPECT_THAT(Found(database, KeyRange{"at", "a", "b"}), HasSubstr("by_at"));
  EXPECT_THAT(Found(database, NullRows{"at"}), HasSubstr("by_at"));
  EXPECT_THAT(Found(database, IdRange{"id", 1, 5}), HasSubstr("rowid>? AND rowid<?"));
  EXPECT_THAT(Found(database, WholeTable{}), HasSubstr("by_status"));
  EXPECT_THAT(Found(database, KeyRange{"more", "a", "b"}), HasSubstr("by_status"));
}

}  // namespace
}  // namespace headrace::sqlite
