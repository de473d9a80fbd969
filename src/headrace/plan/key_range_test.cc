#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/plan/planner.h"

namespace headrace {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A table whose primary key is a text.
class KeyRangeTest : public ::testing::Test {
 protected:
  KeyRangeTest() {
    description_.table = {.schema = "public", .name = "t"};
    description_.columns = {
        {.name = "code", .source_type = "text", .type = arrow::utf8(), .nullable = false}};
    description_.keys = {{"pk", {"code"}, true}};
    statistics_.rows = 1'000;
    statistics_.columns["code"].indexed = true;
  }

  void Know(std::vector<KeyBound> keys) { statistics_.columns["code"].keys = std::move(keys); }

  Partitioning Plan(int64_t target_rows, Strategy strategy = Strategy::kKeyRange) {
    PlanKnobs knobs;
    knobs.strategy = strategy;
    knobs.target_rows = target_rows;
    return PlanUnits(description_, statistics_,
                     {.strategies = {Strategy::kKeyRange, Strategy::kHash}}, knobs, "p")
        .ValueOrDie();
  }

  static std::vector<std::string> Texts(const Partitioning& plan) {
    std::vector<std::string> texts;
    for (const WorkUnit& unit : plan.units) {
      std::string text = "null";
      if (const auto* range = std::get_if<KeyRange>(&unit.split)) {
        text = "[" + range->lower.value_or("") + "," + range->upper.value_or("") + ")";
      } else if (const auto* part = std::get_if<HashPart>(&unit.split)) {
        text = std::to_string(part->part) + "/" + std::to_string(part->parts);
      } else if (std::holds_alternative<WholeTable>(unit.split)) {
        text = "whole";
      }
      texts.push_back(text + " " + std::to_string(unit.estimated_rows));
    }
    return texts;
  }

  Description description_;
  Statistics statistics_;
};

TEST_F(KeyRangeTest, BoundsAreTheSampledKeysNearestToEvenShares) {
  Know({{"a", 0}, {"b", 0.2}, {"c", 0.26}, {"d", 0.49}, {"e", 0.76}, {"f", 0.9}});
  const Partitioning plan = Plan(250);
  EXPECT_THAT(Texts(plan), ElementsAre("[,c) 260", "[c,d) 230", "[d,e) 270", "[e,) 240"));
  EXPECT_EQ(plan.column, "code");
  EXPECT_EQ(plan.why,
            "the job wants it; \"code\" is the primary key; about 1,000 rows, bounds from 6 of its "
            "values in the source's own order");
  EXPECT_THAT(plan.warnings, IsEmpty());
}

TEST_F(KeyRangeTest, AKeyOfManyRowsIsOneUnitAndSaid) {
  Know({{"a", 0}, {"b", 0.1}, {"c", 0.9}});
  const Partitioning plan = Plan(100);
  EXPECT_THAT(Texts(plan), ElementsAre("[,b) 100", "[b,c) 800", "[c,) 100"));
  EXPECT_THAT(plan.warnings,
              ElementsAre(HasSubstr("units hold up to 800 rows, where about 100 are wanted")));
  EXPECT_THAT(plan.warnings[0], HasSubstr("code from \"b\" to before \"c\""));
}

TEST_F(KeyRangeTest, NullsAreAUnitOfTheirOwn) {
  description_.columns[0].nullable = true;
  statistics_.columns["code"].null_fraction = 0.1;
  Know({{"a", 0}, {"b", 0.5}});
  EXPECT_THAT(Texts(Plan(450)), ElementsAre("[,b) 450", "[b,) 450", "null 100"));
}

TEST_F(KeyRangeTest, WhatOneUnitHoldsIsNotCut) {
  Know({{"a", 0}, {"b", 0.5}});
  EXPECT_THAT(Texts(Plan(1'000)), ElementsAre("whole 1000"));
}

TEST_F(KeyRangeTest, WithoutAnIndexEachUnitReadsTheTable) {
  Know({{"a", 0}, {"b", 0.5}});
  statistics_.columns["code"].indexed = false;
  EXPECT_THAT(Plan(500).warnings,
              ElementsAre("no index on \"code\": each of 2 units reads the whole table"));
}

TEST_F(KeyRangeTest, HashIsInFewPartsAndSaysWhatTheyCost) {
  const Partitioning plan = Plan(400, Strategy::kHash);
  EXPECT_THAT(Texts(plan), ElementsAre("0/3 333", "1/3 333", "2/3 333"));
  EXPECT_THAT(plan.warnings, ElementsAre("hash: each of 3 units reads the whole table and keeps "
                                         "its part of the rows"));
  EXPECT_EQ(Plan(1, Strategy::kHash).units.size(), 10U);
  EXPECT_THAT(Texts(Plan(1'000, Strategy::kHash)), ElementsAre("whole 1000"));
}

TEST_F(KeyRangeTest, HashPartsThatHoldFarMoreThanWantedAreSaid) {
  EXPECT_THAT(Plan(60, Strategy::kHash).warnings, ElementsAre(HasSubstr("each of 10 units")))
      << "100 are not far more than 60";
  const Partitioning plan = Plan(40, Strategy::kHash);
  EXPECT_THAT(
      plan.warnings,
      ElementsAre(HasSubstr("each of 10 units"),
                  "units hold about 100 rows, where about 40 are wanted: hash makes no more "
                  "than 10 parts, each of which reads everything"));
}

TEST_F(KeyRangeTest, AHashedViewIsEvaluatedAnewAndSaysSo) {
  description_.kind = RelationKind::kView;
  description_.keys.clear();
  EXPECT_THAT(Plan(400, Strategy::kHash).why, HasSubstr("partition.column names a column to hash"));
  const PlanKnobs knobs{.strategy = Strategy::kHash, .column = "code", .target_rows = 500};
  const auto plan =
      PlanUnits(description_, statistics_, {.strategies = {Strategy::kHash}}, knobs, "p");
  EXPECT_THAT(plan->warnings, ElementsAre(HasSubstr("evaluates it as a whole"),
                                          HasSubstr("LIMIT or random(), are missed or doubled")));
}

}  // namespace
}  // namespace headrace
