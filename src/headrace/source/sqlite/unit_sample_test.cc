#include "headrace/source/sqlite/unit_sample.h"

#include <gtest/gtest.h>

#include "headrace/source/sqlite/test_database.h"

namespace headrace::sqlite {
namespace {

class SqliteUnitSampleTest : public ::testing::Test {
 protected:
  UnitSample Sample(const Split& split, const std::string& where = "") {
    const auto snapshot = source_->OpenSnapshot({}, {}).ValueOrDie();
    TablePlan plan = PlanOf(snapshot->Describe(TableNamed("t"), {}).ValueOrDie());
    plan.filter.where = where;
    return snapshot->SampleUnit(plan, UnitOf(split), {}).value();
  }

  TestDatabase database_;
  std::unique_ptr<Source> source_ = database_.MakeSource();
};

TEST_F(SqliteUnitSampleTest, PlacesLieWithinTheRangeWhereItsRowsAre) {
  database_.Execute(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER);"
      "WITH RECURSIVE i(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM i WHERE n < 19999)"
      " INSERT INTO t SELECT n + CASE WHEN n < 10000 THEN 0 ELSE 1000000000000 END, n FROM i");
  const UnitSample sample = Sample(IdRange{"id", 5'000, 1'000'000'015'000});
  EXPECT_EQ(sample.rows, 10'000);
  EXPECT_GT(sample.values.size(), 4'000);
  EXPECT_LT(sample.values.size(), 10'000);
  EXPECT_EQ(sample.values.front().value, 5'000);
  for (const ValueBound& bound : sample.values) {
    const int64_t before =
        bound.value < 10'000 ? bound.value - 5'000 : bound.value - 1'000'000'010'000 + 5'000;
    ASSERT_DOUBLE_EQ(bound.share_below, static_cast<double>(before) / 10'000);
  }
}

TEST_F(SqliteUnitSampleTest, WhatNoBtreeOrdersHasNoPlaces) {
  database_.Execute(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER);"
      "INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)");
  EXPECT_TRUE(Sample(IdRange{"n", 0, 10}).values.empty());
  EXPECT_TRUE(Sample(IdRange{"id", 10, 20}).values.empty()) << "nor an empty range";
  EXPECT_TRUE(Sample(NullRows{"id"}).values.empty());
  EXPECT_EQ(Sample(IdRange{"id", 2, 4}).values.size(), 2);
  EXPECT_EQ(Sample(IdRange{"id", {}, {}}).values.size(), 3);
  EXPECT_EQ(Sample(IdRange{"id", {}, {}}, "n <> 2").values.size(), 2) << "the filter's rows";
}

}  // namespace
}  // namespace headrace::sqlite
