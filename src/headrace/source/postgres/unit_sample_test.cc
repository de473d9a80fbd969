#include "headrace/source/postgres/unit_sample.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "headrace/model/civil_time.h"
#include "headrace/source/postgres/test_database.h"

namespace headrace {
namespace {

constexpr int64_t kJanuary = 19'723 * kMicrosPerDay;  // 2024-01-01

class PostgresUnitSampleTest : public PostgresDatabaseTest {
 protected:
  /// 1,000 rows: one a day, and one a second.
  void SetUp() override {
    PostgresDatabaseTest::SetUp();
    Run("CREATE TABLE t (id bigint, day date, at timestamptz, epoch int, key text COLLATE \"C\");"
        "INSERT INTO t SELECT i, date '2024-01-01' + i, timestamptz '2024-01-01 00:00+00'"
        " + i * interval '1 second', 1704067200 + i, 'k' || lpad(i::text, 4, '0')"
        " FROM generate_series(0, 999) AS i");
    snapshot_ = OpenSnapshot({Table("t")});
    plan_ = PlanOf(snapshot_->Describe(Table("t"), {}).ValueOrDie());
    SayIndexed({"id", "day", "at", "epoch", "key"});
  }

  void TearDown() override {
    snapshot_.reset();  // It holds the table.
    PostgresDatabaseTest::TearDown();
  }

  void SayIndexed(const std::vector<std::string>& columns) {
    for (const std::string& column : columns) plan_.statistics.columns[column].indexed = true;
  }

  UnitSample Sample(Split split) {
    return snapshot_->SampleUnit(plan_, UnitOf(std::move(split)), {}).value();
  }

  std::unique_ptr<Snapshot> snapshot_;
  TablePlan plan_;
};

/// All pages are looked at: the table has few. `value(i)`: of row i, from row 100 on.
template <typename Value>
void ExpectAll(const UnitSample& sample, int64_t rows, Value value) {
  EXPECT_EQ(sample.rows, static_cast<double>(rows));
  ASSERT_EQ(sample.values.size(), rows);
  for (int64_t i = 0; i < rows; ++i) {
    const ValueBound& bound = sample.values[static_cast<size_t>(i)];
    ASSERT_EQ(bound.value, value(100 + i));
    ASSERT_DOUBLE_EQ(bound.share_below, static_cast<double>(i) / static_cast<double>(rows));
  }
}

TEST_F(PostgresUnitSampleTest, NumbersAndTimesAreThoseThatUnitsAreCutBy) {
  ExpectAll(Sample(IdRange{"id", 100, 900}), 800, [](int64_t i) { return i; });
  ExpectAll(Sample(DateRange{"day", kJanuary + 100 * kMicrosPerDay, {}}), 900,
            [](int64_t i) { return kJanuary + i * kMicrosPerDay; });
  const auto second = [](int64_t i) { return kJanuary + i * kMicrosPerSecond; };
  ExpectAll(Sample(DateRange{"at", second(100), {}}), 900, second);
  ExpectAll(Sample(DateRange{"epoch", second(100), second(200), TimeEncoding::kSeconds}), 100,
            second);
}

TEST_F(PostgresUnitSampleTest, KeysLieBetweenTheEndsOfTheRange) {
  const UnitSample sample = Sample(KeyRange{"key", "k0100", "k0200"});
  EXPECT_EQ(sample.rows, 100);
  ASSERT_EQ(sample.keys.size(), 99) << "no row lies before the first one";
  EXPECT_EQ(sample.keys.front().value, "k0101");
  EXPECT_EQ(sample.keys.back().value, "k0199");
  EXPECT_TRUE(sample.values.empty());
}

TEST_F(PostgresUnitSampleTest, PagesAreCountedByTheirRows) {
  Run("CREATE TABLE wide (id int, x text); ALTER TABLE wide ALTER x SET STORAGE PLAIN;"
      "INSERT INTO wide SELECT i, repeat('x', CASE WHEN i < 20 THEN 7000 ELSE 1 END)"
      " FROM generate_series(0, 199) AS i");
  snapshot_ = OpenSnapshot({Table("wide")});
  plan_ = PlanOf(snapshot_->Describe(Table("wide"), {}).ValueOrDie());
  const UnitSample sample = Sample(PageRange{schema_, "wide", 5, {}});
  const double rows = std::stod(Value("SELECT count(*) FROM wide WHERE ctid >= '(5,0)'"));
  const double first =
      std::stod(Value("SELECT count(*) FROM wide WHERE ctid >= '(5,0)' AND ctid < '(6,0)'"));
  EXPECT_GT(rows, 10);
  EXPECT_EQ(sample.rows, rows);
  ASSERT_GT(sample.values.size(), 2);
  EXPECT_EQ(sample.values.front().value, 5);
  EXPECT_EQ(sample.values.at(1).value, 6);
  EXPECT_DOUBLE_EQ(sample.values.at(1).share_below, first / rows);
}

TEST_F(PostgresUnitSampleTest, InfinityAndFewRowsAreNoPlaces) {
  Run("INSERT INTO t VALUES (0, 'infinity'), (0, '-infinity')");
  snapshot_ = OpenSnapshot({Table("t")});
  const UnitSample all = Sample(DateRange{"day", {}, {}});
  EXPECT_EQ(all.rows, 1'002);
  EXPECT_EQ(all.values.size(), 1'000);
  EXPECT_EQ(all.values.front().value, kJanuary);
  EXPECT_TRUE(Sample(IdRange{"id", 0, 5}).values.empty());
  EXPECT_TRUE(Sample(WholeTable{}).values.empty());
  EXPECT_TRUE(Sample(NullRows{"id"}).values.empty());
}

TEST_F(PostgresUnitSampleTest, RangesThatNoIndexFindsAreNotDivided) {
  plan_.statistics.columns["id"].indexed = false;
  EXPECT_TRUE(Sample(IdRange{"id", 100, 900}).values.empty());
}

/// What the filter leaves out is not there, and a condition that fails is no error here.
TEST_F(PostgresUnitSampleTest, TheFilterSelectsTheRows) {
  plan_.filter.where = "id % 2 = 0";
  ExpectAll(Sample(IdRange{"id", 100, 500}), 200, [](int64_t i) { return 100 + 2 * (i - 100); });
  plan_.filter.where = "1 / (id - id) = 1";
  EXPECT_TRUE(Sample(IdRange{"id", 100, 500}).values.empty());
  plan_.filter.where = "";
  EXPECT_EQ(Sample(IdRange{"id", 100, 500}).rows, 400) << "the leader lives";
}

TEST_F(PostgresUnitSampleTest, OfPartitionsThatCameLaterNothingIsSeen) {
  Run("CREATE TABLE p (id int) PARTITION BY RANGE (id);"
      "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100);"
      "INSERT INTO p SELECT generate_series(0, 99)");
  snapshot_ = OpenSnapshot({Table("p")});
  plan_ = PlanOf(snapshot_->Describe(Table("p"), {}).ValueOrDie());
  SayIndexed({"id"});
  EXPECT_EQ(Sample(IdRange{"id", 10, {}}).rows, 90);
}

}  // namespace
}  // namespace headrace
