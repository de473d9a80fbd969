#include "headrace/plan/planner.h"

#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headrace {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

/// A table that both strategies can cut, in two units each.
class PlannerTest : public ::testing::Test {
 protected:
  PlannerTest() {
    description_.table = {.schema = "public", .name = "t"};
    description_.columns = {
        {.name = "id", .source_type = "int8", .type = arrow::int64(), .nullable = false},
        {.name = "at", .source_type = "date", .type = arrow::date32()}};
    description_.keys = {{"pk", {"id"}, true}};
    description_.leaves = {{.schema = "public",
                            .name = "t",
                            .oid = 1,
                            .pageable = true,
                            .pages = 10,
                            .rows = 100'000}};
    statistics_.rows = 100'000;
    statistics_.columns["id"] = {.minimum = 1, .maximum = 100'000, .indexed = true};
  }

  arrow::Result<Partitioning> Plan(const PlanKnobs& knobs = {}) {
    return PlanUnits(description_, statistics_, {.strategies = strategies_}, knobs, "p");
  }

  Strategy Chosen(const PlanKnobs& knobs = {}) {
    const auto plan = Plan(knobs);
    EXPECT_TRUE(plan.ok()) << plan.status();
    return plan.ok() ? plan->strategy : Strategy::kAuto;
  }

  void ExpectUserError(const PlanKnobs& knobs, const std::string& text) {
    const auto plan = Plan(knobs);
    ASSERT_FALSE(plan.ok());
    EXPECT_EQ(ClassOf(plan.status()), ErrorClass::kUser);
    EXPECT_THAT(plan.status().message(), HasSubstr(text));
  }

  Description description_;
  Statistics statistics_;
  std::vector<Strategy> strategies_ = {Strategy::kPages, Strategy::kIdRange, Strategy::kNone};
};

TEST_F(PlannerTest, AutoFollowsTheSourcesOrder) {
  EXPECT_EQ(Chosen(), Strategy::kPages);
  strategies_ = {Strategy::kIdRange, Strategy::kPages};
  EXPECT_EQ(Chosen(), Strategy::kIdRange);
}

TEST_F(PlannerTest, WhatOneQueryMustReadIsOneUnitWhateverTheJobWants) {
  description_.indivisible = "t is read by one query";
  EXPECT_EQ(Chosen(), Strategy::kNone);
  EXPECT_EQ(Plan()->why, "t is read by one query");
  EXPECT_EQ(Plan()->units.size(), 1U);
  EXPECT_EQ(Chosen({.column = "id"}), Strategy::kNone);
  EXPECT_EQ(Chosen({.strategy = Strategy::kPages}), Strategy::kNone);
  ExpectUserError({.strategy = Strategy::kIdRange, .strict = true}, "t is read by one query");
  EXPECT_TRUE(SplitColumns(description_, {.strategies = strategies_}, {}).empty());
}

TEST_F(PlannerTest, RowsOfAnotherServerAreNotOfTheSnapshot) {
  EXPECT_TRUE(Plan()->warnings.empty());
  description_.leaves.push_back({.schema = "far", .name = "away", .foreign = true});
  EXPECT_THAT(Plan()->warnings, Contains(HasSubstr("far.away lie on another server")));
}

TEST_F(PlannerTest, SplitColumnsAreThoseWhoseValuesThePlanWouldCutBy) {
  const auto columns = [this](const PlanKnobs& knobs) {
    return SplitColumns(description_, {.strategies = strategies_}, knobs);
  };
  const std::vector<std::string> none;
  EXPECT_EQ(columns({}), none) << "cut by pages";
  EXPECT_THAT(columns({.strategy = Strategy::kIdRange}), ElementsAre("id"));
  EXPECT_EQ(columns({.strategy = Strategy::kNone, .column = "id"}), none);
  EXPECT_EQ(columns({.column = "at"}), none) << "no integers, and pages fit";
  description_.leaves[0].pageable = false;
  EXPECT_THAT(columns({}), ElementsAre("id"));
  description_.columns.push_back(
      {.name = "part", .source_type = "int4", .type = arrow::int32(), .nullable = false});
  description_.keys.push_back({"u", {"part", "id"}, false});
  EXPECT_THAT(columns({}), ElementsAre("id", "part"));
  EXPECT_THAT(columns({.column = "part"}), ElementsAre("part", "id"))
      << "those of a fallback behind it";
}

TEST_F(PlannerTest, AutoTakesTheNextWhereOneDoesNotFit) {
  description_.leaves[0].pageable = false;
  EXPECT_EQ(Chosen(), Strategy::kIdRange);
  EXPECT_THAT(Plan()->why, Not(HasSubstr("pages")));
  description_.leaves[0].why_not_pageable = "the role may not";
  EXPECT_THAT(
      Plan()->why,
      HasSubstr("; not by pages: public.t cannot be read by page ranges (the role may not)"));
  description_.leaves[0].why_not_pageable.clear();
  description_.keys.clear();
  const auto plan = Plan();
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->strategy, Strategy::kNone);
  EXPECT_EQ(plan->units.size(), 1U);
  EXPECT_EQ(plan->why, "pages: public.t cannot be read by page ranges; id_range: it has no key");
}

TEST_F(PlannerTest, ViewsAndQueriesAreOneUnit) {
  description_.kind = RelationKind::kView;
  EXPECT_EQ(Plan()->why, "a view cannot be split");
  description_.kind = RelationKind::kQuery;
  const auto plan = Plan();
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->why, "a query cannot be split");
  ASSERT_EQ(plan->units.size(), 1U);
  EXPECT_EQ(plan->units[0].split, Split(WholeTable{}));
  EXPECT_EQ(plan->units[0].id, "0");
  EXPECT_EQ(plan->units[0].estimated_rows, 100'000);
}

TEST_F(PlannerTest, TheJobsStrategyCounts) {
  EXPECT_EQ(Chosen({.strategy = Strategy::kIdRange}), Strategy::kIdRange);
  EXPECT_EQ(Chosen({.strategy = Strategy::kNone}), Strategy::kNone);
  EXPECT_THAT(Plan({.strategy = Strategy::kPages})->why,
              HasSubstr("the job wants it; its 10 pages"));
}

TEST_F(PlannerTest, WantedStrategyThatDoesNotFitIsOneUnitAndAWarning) {
  strategies_ = {Strategy::kIdRange};
  const auto plan = Plan({.strategy = Strategy::kPages});
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->strategy, Strategy::kNone);
  EXPECT_THAT(
      plan->warnings,
      ElementsAre(
          "partition.strategy: pages does not fit table public.t: this source cannot be read "
          "that way; it is read as one unit"));
}

TEST_F(PlannerTest, StrictMakesItAnError) {
  strategies_ = {Strategy::kIdRange};
  ExpectUserError({.strategy = Strategy::kPages, .strict = true},
                  "partition.strategy: pages does not fit table public.t");
  ExpectUserError({.column = "at", .strict = true},
                  "partition.column: at does not fit table public.t: \"at\" is no integer");
}

TEST_F(PlannerTest, ASourceThatIsNotCutByDatesIsOneUnit) {
  strategies_ = {Strategy::kIdRange};
  ExpectUserError({.strategy = Strategy::kDateRange, .strict = true},
                  "date_range does not fit table public.t: this source cannot be read that way");
}

TEST_F(PlannerTest, AnIndexedDateCutsATableThatNothingElseCuts) {
  strategies_ = {Strategy::kIdRange, Strategy::kDateRange};
  description_.columns[1].nullable = false;
  statistics_.columns["at"] = {.minimum = 0, .maximum = 100 * 86'400'000'000, .indexed = true};
  EXPECT_EQ(Chosen(), Strategy::kIdRange);
  EXPECT_EQ(Chosen({.strategy = Strategy::kDateRange}), Strategy::kDateRange);
  EXPECT_EQ(Chosen({.column = "at"}), Strategy::kDateRange);
  EXPECT_EQ(Chosen({.column = "id"}), Strategy::kIdRange);
  description_.keys.clear();
  EXPECT_EQ(Chosen(), Strategy::kDateRange);
  statistics_.columns["at"].indexed = false;
  EXPECT_EQ(Chosen(), Strategy::kNone);
}

TEST_F(PlannerTest, AKeyOfTextCutsATableWithoutIntegers) {
  strategies_ = {Strategy::kIdRange, Strategy::kKeyRange, Strategy::kHash};
  description_.columns.push_back(
      {.name = "code", .source_type = "text", .type = arrow::utf8(), .nullable = false});
  description_.keys = {{"pk", {"code"}, true}};
  statistics_.columns["code"].keys = {{"a", 0}, {"m", 0.5}, {"z", 0.9}};
  statistics_.columns["code"].indexed = true;
  EXPECT_EQ(Chosen(), Strategy::kKeyRange);
  EXPECT_EQ(Chosen({.column = "code"}), Strategy::kKeyRange);
  EXPECT_THAT(SplitColumns(description_, {.strategies = strategies_}, {}), ElementsAre("code"));
  statistics_.columns["code"].keys.clear();
  statistics_.columns["code"].unknown_because = "no index orders it";
  const auto plan = Plan();
  EXPECT_EQ(plan->strategy, Strategy::kNone) << "hash is for the job to choose";
  EXPECT_EQ(plan->why,
            "id_range: \"code\" is no integer column; "
            "key_range: nothing is known of the values of \"code\": no index orders it; "
            "hash: each unit would read everything, so that the job has to want it "
            "(partition.strategy: hash)");
}

TEST_F(PlannerTest, SplitColumnsOfDates) {
  strategies_.push_back(Strategy::kDateRange);
  const auto columns = [this](const PlanKnobs& knobs) {
    return SplitColumns(description_, {.strategies = strategies_}, knobs);
  };
  EXPECT_THAT(columns({.column = "at"}), ElementsAre("at"));
  EXPECT_THAT(columns({.strategy = Strategy::kDateRange, .column = "at"}), ElementsAre("at"));
  EXPECT_EQ(columns({.strategy = Strategy::kDateRange}), std::vector<std::string>())
      << "it may be NULL";
  description_.columns[1].nullable = false;
  EXPECT_THAT(columns({.strategy = Strategy::kDateRange}), ElementsAre("at"));
  EXPECT_THAT(columns({.strategy = Strategy::kDateRange, .column = "id"}), ElementsAre("id"));
}

TEST_F(PlannerTest, SplitColumnsOfAllThatMayCutTheTableTheBestFirst) {
  strategies_ = {Strategy::kIdRange, Strategy::kKeyRange, Strategy::kDateRange, Strategy::kHash};
  description_.columns.push_back(
      {.name = "code", .source_type = "text", .type = arrow::utf8(), .nullable = false});
  description_.columns[1].nullable = false;
  description_.keys.push_back({"u", {"code"}, false});
  EXPECT_THAT(SplitColumns(description_, {.strategies = strategies_}, {}),
              ElementsAre("id", "code", "at"));
}

TEST_F(PlannerTest, UnknownColumnIsAnErrorThatListsThem) {
  ExpectUserError({.column = "x"}, "table public.t has no column \"x\"; it has id, at");
}

TEST_F(PlannerTest, ColumnWithoutStrategyMeansItsRanges) {
  EXPECT_EQ(Chosen({.column = "id"}), Strategy::kIdRange);
  const auto plan = Plan({.column = "at"});
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->strategy, Strategy::kPages);
  EXPECT_THAT(plan->warnings,
              ElementsAre(HasSubstr("partition.column: at does not fit table public.t")));
}

TEST_F(PlannerTest, ColumnThatAStrategyHasNoUseForIsSaid) {
  EXPECT_THAT(Plan({.strategy = Strategy::kPages, .column = "id"})->warnings,
              ElementsAre("partition.column: id is not used by partition.strategy: pages"));
}

TEST_F(PlannerTest, OnlyTheUnwantedNullsHaveNoUnit) {
  strategies_ = {Strategy::kIdRange};
  description_.columns[0].nullable = true;
  const auto has_nulls = [this](const PlanKnobs& knobs) {
    const auto plan = Plan(knobs);
    return plan.ok() && std::holds_alternative<NullRows>(plan->units.back().split);
  };
  EXPECT_TRUE(has_nulls({}));
  EXPECT_FALSE(has_nulls({.column = "id", .unwanted_nulls = "id"}));
  EXPECT_TRUE(has_nulls({.column = "at", .unwanted_nulls = "at"})) << "\"id\" cuts instead";
}

TEST_F(PlannerTest, EstimatesCountTheRowsThatAreLeftOut) {
  EXPECT_THAT(Plan({.column = "at", .unwanted_nulls = "at"})->why,
              HasSubstr("estimates count rows that partition.nulls leaves out"));
  EXPECT_EQ(Plan({.column = "id", .unwanted_nulls = "id"})->why.find("leaves out"),
            std::string::npos);
}

TEST_F(PlannerTest, FilteredPlansSaySo) {
  EXPECT_THAT(Plan({.filtered = true})->why, HasSubstr("upper bounds, because of `where`"));
}

TEST_F(PlannerTest, EmptyTableIsOneUnit) {
  strategies_ = {Strategy::kIdRange};
  statistics_.rows = 0;
  statistics_.columns.clear();
  const auto plan = Plan();
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->units.size(), 1U);
  EXPECT_EQ(plan->why, "id_range: it is empty");
}

TEST_F(PlannerTest, TheSameArgumentsGiveTheSameUnits) { EXPECT_EQ(Plan()->units, Plan()->units); }

}  // namespace
}  // namespace headrace
