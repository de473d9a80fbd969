#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "headrace/plan/planner.h"

namespace headrace {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
constexpr int64_t kGreatest = std::numeric_limits<int64_t>::max();

Column IntegerColumn(std::string name, bool nullable = false) {
  return {.name = std::move(name),
          .source_type = "bigint",
          .type = arrow::int64(),
          .nullable = nullable};
}

Description TableWithId(bool nullable = false) {
  Description description;
  description.table = {.schema = "", .name = "orders"};
  description.columns = {IntegerColumn("id", nullable)};
  description.keys = {{"pk", {"id"}, true}};
  return description;
}

Statistics RowsFromTo(int64_t rows, int64_t minimum, int64_t maximum) {
  Statistics statistics;
  statistics.rows = rows;
  statistics.row_width = 10;
  statistics.columns["id"] = {.minimum = minimum, .maximum = maximum, .indexed = true};
  return statistics;
}

Partitioning PlanIds(const Description& description, const Statistics& statistics,
                     const PlanKnobs& knobs = {}) {
  auto plan = PlanUnits(description, statistics,
                        {.strategies = {Strategy::kIdRange, Strategy::kNone}}, knobs, "p");
  EXPECT_TRUE(plan.ok()) << plan.status();
  return plan.ok() ? *plan : Partitioning();
}

std::string IdBound(const std::optional<int64_t>& bound) {
  return bound ? std::to_string(*bound) : "";
}

/// `[lower,upper)` with nothing for open bounds, `null`, `whole`.
std::vector<std::string> IdTexts(const Partitioning& plan) {
  std::vector<std::string> texts;
  for (const WorkUnit& unit : plan.units) {
    const auto* range = std::get_if<IdRange>(&unit.split);
    const char* other = std::holds_alternative<NullRows>(unit.split) ? "null" : "whole";
    texts.push_back(range ? "[" + IdBound(range->lower) + "," + IdBound(range->upper) + ")"
                          : other);
  }
  return texts;
}

TEST(IdRangeTest, EvenFromMinimumToMaximumWithOpenEnds) {
  const Partitioning plan = PlanIds(TableWithId(), RowsFromTo(200'000, 1, 200'000));
  EXPECT_THAT(IdTexts(plan),
              ElementsAre("[,50001)", "[50001,100001)", "[100001,150001)", "[150001,)"));
  EXPECT_EQ(plan.strategy, Strategy::kIdRange);
  EXPECT_EQ(plan.column, "id");
  EXPECT_EQ(plan.units[2].id, "2");
  EXPECT_EQ(plan.units[2].estimated_rows, 50'000);
  EXPECT_EQ(plan.units[2].estimated_bytes, 500'000);
  EXPECT_THAT(plan.why, HasSubstr("\"id\" is the primary key"));
  EXPECT_THAT(plan.warnings, IsEmpty());
}

TEST(IdRangeTest, AKeyThatNoUnitCanNameIsNone) {
  Description description = TableWithId();
  description.columns.push_back(IntegerColumn("k\xff"));
  description.keys.insert(description.keys.begin(), {"odd", {"k\xff"}, true});
  Statistics statistics = RowsFromTo(200'000, 1, 200'000);
  statistics.columns["k\xff"] = statistics.columns["id"];
  EXPECT_EQ(PlanIds(description, statistics).column, "id");
  description.keys.pop_back();
  EXPECT_EQ(PlanIds(description, statistics).strategy, Strategy::kNone);
}

TEST(IdRangeTest, HistogramFollowsGaps) {
  Statistics statistics = RowsFromTo(100'000, 1, 1'000'000'000);
  statistics.columns["id"].histogram = {1, 100, 1'000'000'000};
  const Partitioning plan = PlanIds(TableWithId(), statistics);
  EXPECT_THAT(IdTexts(plan), ElementsAre("[,100)", "[100,)"));
}

TEST(IdRangeTest, ExtremesOfInt64) {
  const Partitioning plan = PlanIds(TableWithId(), RowsFromTo(200'000, kLeast, kGreatest));
  EXPECT_THAT(IdTexts(plan), ElementsAre("[,-4611686018427387904)", "[-4611686018427387904,0)",
                                         "[0,4611686018427387904)", "[4611686018427387904,)"));
}

TEST(IdRangeTest, NullableColumnHasAUnitForItsNulls) {
  Statistics statistics = RowsFromTo(200'000, 1, 100'000);
  statistics.columns["id"].null_fraction = 0.5;
  const Partitioning plan = PlanIds(TableWithId(true), statistics);
  EXPECT_THAT(IdTexts(plan), ElementsAre("[,50001)", "[50001,)", "null"));
  EXPECT_EQ(plan.units[2].estimated_rows, 100'000);
}

TEST(IdRangeTest, SmallTableIsOneUnit) {
  const Partitioning plan = PlanIds(TableWithId(true), RowsFromTo(50'000, 1, 100'000));
  EXPECT_THAT(IdTexts(plan), ElementsAre("whole"));
  EXPECT_EQ(plan.strategy, Strategy::kNone);
  EXPECT_EQ(plan.column, "");
  EXPECT_EQ(plan.why, "about 50,000 rows, which one unit may hold");
  EXPECT_EQ(PlanIds(TableWithId(), RowsFromTo(1, 7, 7)).why,
            "about 1 row, which one unit may hold");
}

TEST(IdRangeTest, FewDistinctValuesGiveFewerUnits) {
  EXPECT_THAT(IdTexts(PlanIds(TableWithId(), RowsFromTo(1'000'000, 7, 8))),
              ElementsAre("[,8)", "[8,)"));
  const Partitioning one = PlanIds(TableWithId(), RowsFromTo(1'000'000, 7, 7));
  EXPECT_THAT(IdTexts(one), ElementsAre("whole"));
  EXPECT_THAT(one.why, HasSubstr("does not tell apart"));
}

TEST(IdRangeTest, ValuesBeyondTheHistogramGetUnitsAndAWarning) {
  Statistics statistics = RowsFromTo(200'000, 0, 199'999);
  statistics.columns["id"].histogram = {0, 50'000, 99'999};
  const Partitioning plan = PlanIds(TableWithId(), statistics);
  EXPECT_THAT(IdTexts(plan),
              ElementsAre("[,50000)", "[50000,100000)", "[100000,150000)", "[150000,)"));
  ASSERT_EQ(plan.warnings.size(), 1U);
  EXPECT_THAT(
      plan.warnings[0],
      HasSubstr(
          "stale statistics: \"id\" has values outside of its histogram, which ends at 99999"));
}

/// What was looked at now has not grown since: one row lies there, and no half of the table.
TEST(IdRangeTest, OneValueBeyondASampleTakesNoUnits) {
  Statistics statistics = RowsFromTo(100'000, 1, kGreatest);
  ColumnStatistics& id = statistics.columns["id"];
  for (int64_t bound = 0; bound <= 100; ++bound) id.histogram.push_back(bound * 1'000);
  id.sampled_because = "the server has no statistics of it";
  const Partitioning plan = PlanIds(TableWithId(), statistics, {.target_rows = 10'000});
  ASSERT_EQ(plan.units.size(), 10U);
  EXPECT_EQ(std::get<IdRange>(plan.units.back().split).lower, 90'000);
  EXPECT_THAT(plan.warnings, IsEmpty());
  EXPECT_THAT(plan.why, HasSubstr("a sample of 101 values (the server has no statistics of it)"));
}

TEST(IdRangeTest, OneValueFarAwayTakesNoMoreThanHalf) {
  Statistics statistics = RowsFromTo(200'000, 0, kGreatest);
  statistics.columns["id"].histogram = {0, 100'000, 200'000};
  const Partitioning plan = PlanIds(TableWithId(), statistics);
  ASSERT_EQ(plan.units.size(), 4U);
  EXPECT_EQ(std::get<IdRange>(plan.units[1].split).lower, 100'000);
}

TEST(IdRangeTest, UnknownRowsComeFromSizeOrAreAssumed) {
  Statistics statistics = RowsFromTo(-1, 1, 1'000'000'000);
  statistics.bytes = 2'000'000;
  const Partitioning by_size = PlanIds(TableWithId(), statistics);
  EXPECT_EQ(by_size.units.size(), 4U);
  EXPECT_THAT(by_size.warnings,
              ElementsAre(HasSubstr("about 200,000 rows, from the table's size on disk")));
  statistics.bytes = -1;
  const Partitioning assumed = PlanIds(TableWithId(), statistics);
  EXPECT_EQ(assumed.units.size(), 64U);
  EXPECT_THAT(assumed.warnings, ElementsAre(HasSubstr("row count and size unknown")));
}

TEST(IdRangeTest, ColumnWithoutIndexIsSaid) {
  Statistics statistics = RowsFromTo(100'000, 1, 100'000);
  statistics.columns["id"].indexed = false;
  EXPECT_THAT(PlanIds(TableWithId(), statistics).warnings,
              ElementsAre("no index on \"id\": each of 2 units reads the whole table"));
}

TEST(IdRangeTest, WideRowsAreBoundByBytes) {
  Statistics statistics = RowsFromTo(1600, 1, 1600);
  statistics.row_width = 1 << 20;
  EXPECT_EQ(PlanIds(TableWithId(), statistics).units.size(), 100U);
}

TEST(IdRangeTest, NoMoreThanTheGreatestNumberOfUnits) {
  PlanKnobs knobs;
  knobs.target_rows = 1;
  const Partitioning plan = PlanIds(TableWithId(), RowsFromTo(1'000'000, 1, 1'000'000), knobs);
  EXPECT_EQ(plan.units.size(), 100'000U);
  EXPECT_THAT(plan.warnings, ElementsAre(HasSubstr("they hold about 10 rows each")));
}

/// Which column is chosen among a text key, a unique integer, a row identity and a composite key.
class IdRangeColumnTest : public ::testing::Test {
 protected:
  IdRangeColumnTest() {
    description_ = TableWithId();
    description_.columns = {{.name = "code", .source_type = "text", .type = arrow::utf8()},
                            IntegerColumn("number", true),
                            IntegerColumn("tenant"),
                            IntegerColumn("id")};
    description_.keys = {{"pk", {"code"}, true},
                         {"composite", {"tenant", "id"}, false},
                         {"unique", {"number"}, false}};
    description_.row_identity = "rowid";
    statistics_ = RowsFromTo(100'000, 1, 100'000);
    for (const char* name : {"number", "tenant", "rowid"}) {
      statistics_.columns[name] = statistics_.columns["id"];
    }
  }

  std::string Chosen(const PlanKnobs& knobs = {}) {
    return PlanIds(description_, statistics_, knobs).column;
  }

  Description description_;
  Statistics statistics_;
};

TEST_F(IdRangeColumnTest, RowIdentityThenUniqueThenLeadingColumn) {
  EXPECT_EQ(Chosen(), "rowid");
  statistics_.columns.erase("rowid");
  EXPECT_EQ(Chosen(), "number");
  statistics_.columns.erase("number");
  EXPECT_EQ(Chosen(), "tenant");
}

TEST_F(IdRangeColumnTest, IntegerPrimaryKeyIsFirst) {
  description_.keys.front().columns = {"id"};
  EXPECT_EQ(Chosen(), "id");
}

TEST_F(IdRangeColumnTest, TheJobsColumnCounts) {
  EXPECT_EQ(Chosen({.column = "id"}), "id");
  EXPECT_EQ(Chosen({.column = "rowid"}), "rowid");
  EXPECT_EQ(Chosen({.strategy = Strategy::kIdRange, .column = "tenant"}), "tenant");
}

TEST_F(IdRangeColumnTest, RowIdentityIsNeverNull) {
  const Partitioning plan = PlanIds(description_, statistics_);
  EXPECT_THAT(IdTexts(plan), ElementsAre("[,50001)", "[50001,)"));
}

}  // namespace
}  // namespace headrace
