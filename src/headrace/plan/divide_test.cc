#include "headrace/plan/divide.h"

#include <gtest/gtest.h>

namespace headrace {
namespace {

const UnitTarget kTarget{.rows = 100, .bytes = 1'000};

TEST(DivideTest, AUnitHasOutgrownAtFourTimesWhatItShouldHave) {
  const WorkUnit unit{.split = WholeTable{}, .estimated_rows = 50, .estimated_bytes = 500};
  EXPECT_FALSE(HasOutgrown(unit, kTarget, 400, 4'000));
  EXPECT_TRUE(HasOutgrown(unit, kTarget, 401, 0));
  EXPECT_TRUE(HasOutgrown(unit, kTarget, 0, 4'001));
  const WorkUnit large{.split = WholeTable{}, .estimated_rows = 1'000, .estimated_bytes = 500};
  EXPECT_FALSE(HasOutgrown(large, kTarget, 4'000, 0)) << "it was planned to be large";
}

TEST(DivideTest, ItPaysWhereOthersWouldWaitForTheRest) {
  const UnitLoad load{.read_rows = 400, .waiting_rows = 0, .workers = 2};
  EXPECT_TRUE(PaysToDivide(load, 3'000));
  UnitLoad alone = load;
  alone.workers = 1;
  EXPECT_FALSE(PaysToDivide(alone, 3'000));
  UnitLoad nearly_read = load;
  nearly_read.read_rows = 1'500;
  EXPECT_FALSE(PaysToDivide(nearly_read, 3'000)) << "as much would be read again as is left";
  UnitLoad others_busy = load;
  others_busy.waiting_rows = 6'000;
  EXPECT_FALSE(PaysToDivide(others_busy, 3'000)) << "there is more to do for the others";
}

TEST(DivideTest, NobodyLooksWhileOthersHaveMoreToDoThanWasRead) {
  const UnitLoad load{.read_rows = 400, .waiting_rows = 800, .workers = 2};
  EXPECT_TRUE(PaysToLook(load));
  UnitLoad more = load;
  more.waiting_rows = 801;
  EXPECT_FALSE(PaysToLook(more));
  UnitLoad alone = load;
  alone.workers = 1;
  EXPECT_FALSE(PaysToLook(alone));
}

TEST(DivideTest, PartsHaveAboutTheSameNumberOfRows) {
  UnitSample sample{.rows = 1'000, .values = {}, .keys = {}};
  for (int64_t value = 0; value < 100; ++value) {
    sample.values.push_back({value, static_cast<double>(value) / 100});
  }
  const WorkUnit unit{.plan_id = "p",
                      .id = "7",
                      .split = IdRange{"id", 0, std::nullopt},
                      .estimated_rows = 10,
                      .estimated_bytes = 80};
  const auto parts = DivideUnit(unit, sample, 250);
  ASSERT_EQ(parts.size(), 4);
  const std::vector<Split> splits = {IdRange{"id", 0, 25}, IdRange{"id", 25, 50},
                                     IdRange{"id", 50, 75}, IdRange{"id", 75, std::nullopt}};
  for (size_t i = 0; i < parts.size(); ++i) {
    EXPECT_EQ(parts[i].split, splits[i]);
    EXPECT_EQ(parts[i].id, "7." + std::to_string(i));
    EXPECT_EQ(parts[i].plan_id, "p");
    EXPECT_EQ(parts[i].estimated_rows, 250);
    EXPECT_EQ(parts[i].estimated_bytes, 2'000);
  }
}

TEST(DivideTest, AValueThatMostRowsHaveIsAPartByItself) {
  const UnitSample sample{.rows = 1'000, .values = {{1, 0}, {5, 0.1}, {6, 0.9}}, .keys = {}};
  const WorkUnit unit{.id = "0", .split = IdRange{"id", {}, {}}};
  const auto parts = DivideUnit(unit, sample, 100);
  ASSERT_EQ(parts.size(), 3);
  EXPECT_EQ(parts[1].split, Split(IdRange{"id", 5, 6}));
  EXPECT_EQ(parts[1].estimated_rows, 800);
}

TEST(DivideTest, NothingIsCutWhereTheSampleShowsNoPlace) {
  const WorkUnit unit{.id = "0", .split = IdRange{"id", 5, 6}};
  EXPECT_TRUE(DivideUnit(unit, {.rows = 1e6, .values = {{5, 0}}, .keys = {}}, 100).empty());
  EXPECT_TRUE(DivideUnit(unit, {}, 100).empty());
  const WorkUnit nulls{.id = "1", .split = NullRows{"id"}};
  EXPECT_TRUE(DivideUnit(nulls, {.rows = 1e6, .values = {{5, 0.5}}, .keys = {}}, 100).empty());
  EXPECT_FALSE(IsDivisible(nulls.split));
}

TEST(DivideTest, ManyPartsAreNotMadeAtOnce) {
  UnitSample sample{.rows = 1e12, .values = {}, .keys = {}};
  for (int64_t value = 0; value < 10'000; ++value) {
    sample.values.push_back({value, static_cast<double>(value) / 10'000});
  }
  const WorkUnit unit{.id = "0", .split = IdRange{"id", {}, {}}};
  EXPECT_EQ(DivideUnit(unit, sample, 1).size(), 256);
}

}  // namespace
}  // namespace headrace
