#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/plan/planner.h"

namespace headrace {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Relation Leaf(std::string name, int64_t pages, double rows, bool pageable = true) {
  return {.schema = "public",
          .name = std::move(name),
          .oid = 1,
          .pageable = pageable,
          .pages = pages,
          .rows = rows};
}

Partitioning PlanPages(std::vector<Relation> leaves, const Statistics& statistics,
                       const PlanKnobs& knobs = {}) {
  Description description;
  description.table = {.schema = "public", .name = "events"};
  description.leaves = std::move(leaves);
  auto plan = PlanUnits(description, statistics,
                        {.strategies = {Strategy::kPages, Strategy::kNone}}, knobs, "run/t/0");
  EXPECT_TRUE(plan.ok()) << plan.status();
  return plan.ok() ? *plan : Partitioning();
}

/// `leaf:first-last`, `leaf:first-` where it is open.
std::vector<std::string> PageTexts(const Partitioning& plan) {
  std::vector<std::string> texts;
  for (const WorkUnit& unit : plan.units) {
    const auto& range = std::get<PageRange>(unit.split);
    texts.push_back(range.relation + ":" + std::to_string(range.first) + "-" +
                    (range.last ? std::to_string(*range.last) : ""));
  }
  return texts;
}

TEST(PagesTest, UnitsHoldAboutTargetRows) {
  const Partitioning plan =
      PlanPages({Leaf("events", 4000, 200'000)}, {.rows = 200'000, .row_width = 80});
  EXPECT_EQ(plan.strategy, Strategy::kPages);
  EXPECT_THAT(PageTexts(plan),
              ElementsAre("events:0-1000", "events:1000-2000", "events:2000-3000", "events:3000-"));
  for (const WorkUnit& unit : plan.units) {
    EXPECT_EQ(unit.plan_id, "run/t/0");
    EXPECT_EQ(unit.estimated_rows, 50'000);
    EXPECT_EQ(unit.estimated_bytes, 4'000'000);
  }
  EXPECT_EQ(plan.units[3].id, "3");
  EXPECT_THAT(plan.why, HasSubstr("4,000 pages, about 200,000 rows"));
  EXPECT_THAT(plan.warnings, IsEmpty());
}

TEST(PagesTest, WideRowsAreBoundByBytes) {
  const Partitioning plan =
      PlanPages({Leaf("t", 1000, 1000)}, {.rows = 1000, .row_width = 1 << 20});
  EXPECT_EQ(plan.units.size(), 63U);  // 16 rows of 1 MiB in 16 MiB
}

TEST(PagesTest, LeavesInOrderEachOpenEndedAndTinyOnesWhole) {
  const Partitioning plan =
      PlanPages({Leaf("p1", 10, 10), Leaf("p2", 200, 100'000), Leaf("p3", 0, 0)},
                {.rows = 100'010, .row_width = 10});
  EXPECT_THAT(PageTexts(plan), ElementsAre("p1:0-", "p2:0-100", "p2:100-", "p3:0-"));
}

TEST(PagesTest, RowsThatAreKnownLeafByLeafAreNotSpread) {
  const Partitioning plan = PlanPages({Leaf("p1", 200, 1), Leaf("p2", 200, 100'000)},
                                      {.rows = 200'000, .leaf_rows = {100'000, 100'000}});
  EXPECT_THAT(PageTexts(plan), ElementsAre("p1:0-100", "p1:100-", "p2:0-100", "p2:100-"));
}

TEST(PagesTest, NeverAnalysedIsEstimatedFromPagesAndSaid) {
  const Partitioning plan = PlanPages({Leaf("t", 1000, -1)}, {.rows = -1, .row_width = 100});
  EXPECT_EQ(plan.units.size(), 2U);  // 64 rows of 128 bytes a page
  EXPECT_EQ(plan.units[0].estimated_rows, 32'000);
  ASSERT_EQ(plan.warnings.size(), 1U);
  EXPECT_THAT(plan.warnings[0], HasSubstr("never analysed: public.t"));
}

TEST(PagesTest, WhatIsSaidOfLeavesIsWhatIsKnownOfThem) {
  const Partitioning plan = PlanPages({Leaf("p1", 1000, 1), Leaf("p2", 1000, -1)},
                                      {.rows = 130'000, .leaf_rows = {100'000, 30'000}});
  EXPECT_THAT(plan.warnings, ElementsAre(HasSubstr("taken to hold 30 rows a page")));
  EXPECT_THAT(PlanPages({Leaf("p1", 1000, 1)}, {.rows = 100'000, .leaf_rows = {100'000}}).warnings,
              ElementsAre("stale statistics: the catalogue counts 1 row, its pages speak for "
                          "100,000"));
}

TEST(PagesTest, OfFewPagesThatWereNeverAnalysedNothingIsSaid) {
  EXPECT_THAT(PlanPages({Leaf("t", 5, -1)}, {.rows = 300}).warnings, IsEmpty());
  EXPECT_THAT(PlanPages({Leaf("t", 171, -1)}, {.rows = 5000}).warnings, IsEmpty());
  EXPECT_THAT(PlanPages({Leaf("t", 172, -1)}, {.rows = 5000}).warnings,
              ElementsAre(HasSubstr("never analysed: public.t")));
  EXPECT_THAT(PlanPages({Leaf("t", 5, -1)}, {.rows = 300}, {.target_rows = 100}).warnings,
              ElementsAre(HasSubstr("never analysed: public.t")));
  EXPECT_THAT(PlanPages({Leaf("p1", 5, -1), Leaf("p2", 500, -1)}, {.rows = 9000}).warnings,
              ElementsAre(testing::Not(HasSubstr("public.p1"))));
}

TEST(PagesTest, OfFewPagesSomethingIsSaidWhereTheirBytesMayBeSeveralUnits) {
  const auto said = ElementsAre(HasSubstr("never analysed: public.t"));
  const PlanKnobs knobs = {.target_rows = 50'000, .target_bytes = 100'000};
  EXPECT_THAT(PlanPages({Leaf("t", 12, -1)}, {.rows = 600}, knobs).warnings, IsEmpty());
  EXPECT_THAT(PlanPages({Leaf("t", 13, -1)}, {.rows = 600}, knobs).warnings, said);
  // What lies outside of the pages counts as well.
  constexpr int64_t kPage = 8192;
  EXPECT_THAT(PlanPages({Leaf("t", 5, -1)}, {.rows = 300, .bytes = 12 * kPage}, knobs).warnings,
              IsEmpty());
  EXPECT_THAT(PlanPages({Leaf("t", 5, -1)}, {.rows = 300, .bytes = 13 * kPage}, knobs).warnings,
              said);
  EXPECT_THAT(
      PlanPages({Leaf("t", 5, -1), Leaf("u", 50, 100)}, {.rows = 400, .bytes = 55 * kPage}, knobs)
          .warnings,
      IsEmpty());
}

TEST(PagesTest, NeverAnalysedLeavesShareWhatTheTablesEstimateLeaves) {
  const Partitioning plan =
      PlanPages({Leaf("a", 100, 1000), Leaf("b", 300, -1), Leaf("c", 100, -1)},
                {.rows = 401'000, .row_width = 10});
  EXPECT_THAT(PageTexts(plan), ElementsAre("a:0-", "b:0-50", "b:50-100", "b:100-150", "b:150-200",
                                           "b:200-250", "b:250-", "c:0-50", "c:50-"));
  EXPECT_EQ(plan.units[1].estimated_rows, 50'000);
  EXPECT_THAT(plan.warnings, ElementsAre(HasSubstr("taken to hold 1,000 rows a page")));
}

TEST(PagesTest, ManyNeverAnalysedLeavesAreOneWarning) {
  const Partitioning plan = PlanPages({Leaf("a", 500, -1), Leaf("b", 500, -1), Leaf("c", 500, -1),
                                       Leaf("d", 500, -1), Leaf("e", 500, 0)},
                                      {.row_width = 10});
  ASSERT_EQ(plan.warnings.size(), 1U);
  EXPECT_THAT(plan.warnings[0], HasSubstr("public.a, public.b, public.c and 2 more"));
}

TEST(PagesTest, GrownTableIsCutByItsOwnEstimate) {
  const Partitioning plan = PlanPages({Leaf("t", 1000, 1000)}, {.rows = 100'000, .row_width = 10});
  EXPECT_EQ(plan.units.size(), 2U);
  ASSERT_EQ(plan.warnings.size(), 1U);
  EXPECT_THAT(plan.warnings[0], HasSubstr("stale statistics"));
}

TEST(PagesTest, TheLargestRelationKeepsItsBlockNumbers) {
  constexpr int64_t kMost = 4'294'967'295;
  const Partitioning plan =
      PlanPages({Leaf("t", kMost, 1e12)}, {.rows = 1'000'000'000'000, .row_width = 10});
  EXPECT_EQ(plan.units.size(), 100'000U);
  EXPECT_EQ(std::get<PageRange>(plan.units.back().split).first, kMost - kMost / 100'000 - 1);
  ASSERT_EQ(plan.warnings.size(), 1U);
  EXPECT_THAT(plan.warnings[0], HasSubstr("they hold about 10,000,000 rows each"));
}

TEST(PagesTest, TablesThatInheritAreNoPartitions) {
  Description description;
  description.leaves = {Leaf("a", 1, 1), Leaf("b", 1, 1)};
  const auto why = [&](RelationKind kind) {
    description.kind = kind;
    return PlanUnits(description, {.rows = 2}, {.strategies = {Strategy::kPages}}, {}, "p")->why;
  };
  EXPECT_THAT(why(RelationKind::kTable), HasSubstr("its 2 pages, about 2 rows in 2 tables, can"));
  EXPECT_THAT(why(RelationKind::kPartitioned), HasSubstr("about 2 rows in 2 partitions, can"));
}

TEST(PagesTest, OneLeafThatIsNoHeapMakesThemUnfit) {
  Description description;
  description.leaves = {Leaf("a", 10, 10), Leaf("b", 10, 10, false)};
  const auto plan = PlanUnits(description, {}, {.strategies = {Strategy::kPages}}, {}, "p");
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->strategy, Strategy::kNone);
  EXPECT_EQ(plan->why, "pages: public.b cannot be read by page ranges");
  description.leaves[1].why_not_pageable = "it is far";
  EXPECT_EQ(PlanUnits(description, {}, {.strategies = {Strategy::kPages}}, {}, "p")->why,
            "pages: public.b cannot be read by page ranges (it is far)");
}

TEST(PagesTest, WhatTheJobAsksOfItsRowsMayForbidThem) {
  Description description;
  description.table = {.schema = "public", .name = "events"};
  description.leaves = {Leaf("a", 4000, 200'000), Leaf("b", 4000, 200'000)};
  description.unpageable = "public.b is unlike it";
  const auto plan = PlanUnits(description, {.rows = 400'000, .row_width = 80},
                              {.strategies = {Strategy::kPages, Strategy::kNone}}, {}, "run/t/0");
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->strategy, Strategy::kNone);
  EXPECT_EQ(plan->why, "pages: public.b is unlike it");
}

}  // namespace
}  // namespace headrace
