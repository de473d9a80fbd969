#include "headrace/source/postgres/value_spread.h"

#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "headrace/source/postgres/integer_histogram.h"

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int64_t kSecond = 1'000'000;

Column IntegerColumn() {
  Column column;
  column.type = arrow::int64();
  return column;
}

Column TimeColumn() {
  Column column;
  column.type = arrow::timestamp(arrow::TimeUnit::MICRO);
  return column;
}

TEST(PostgresValueSpreadTest, ASampleOfIntegersIsTheHistogramWithWhatIsCommon) {
  const ValueSpread spread = SpreadOfSample(IntegerColumn(), 0.5, "{1,7,7,7,9}");
  EXPECT_THAT(spread.histogram, ElementsAre(1, 7, 7, 7, 9));
  EXPECT_THAT(spread.common, IsEmpty());
  EXPECT_EQ(spread.null_share, 0.5);
}

TEST(PostgresValueSpreadTest, OfTimesThatManyRowsHaveTheSampleCountsEachOnce) {
  const ValueSpread spread = SpreadOfSample(
      TimeColumn(), 0.2,
      R"({-infinity,-infinity,"1970-01-01 00:00:01","1970-01-01 00:00:07","1970-01-01 00:00:07",)"
      R"("1970-01-01 00:00:07","1970-01-01 00:00:09",infinity,infinity})");
  EXPECT_THAT(spread.histogram, ElementsAre(kSecond, 7 * kSecond, 9 * kSecond));
  ASSERT_EQ(spread.common.size(), 1U);
  EXPECT_EQ(spread.common.front().value, 7 * kSecond);
  EXPECT_DOUBLE_EQ(spread.common.front().share, 0.2);  // Two of eight parts of what is not NULL.
  EXPECT_DOUBLE_EQ(spread.share_before, 0.1);
  EXPECT_DOUBLE_EQ(spread.share_after, 0.1);
}

TEST(PostgresValueSpreadTest, OneValueOfAllRows) {
  EXPECT_THAT(SpreadOfSample(IntegerColumn(), 0, "{5,5}").histogram, ElementsAre(5, 5));
  const ValueSpread times =
      SpreadOfSample(TimeColumn(), 0, R"({"1970-01-01 00:00:05","1970-01-01 00:00:05"})");
  EXPECT_THAT(times.histogram, ElementsAre(5 * kSecond));
  EXPECT_DOUBLE_EQ(times.common.front().share, 1);
}

/// The share of the rows at or below `value`, by what the histogram was made of.
double ShareUpTo(int64_t value, const std::vector<CommonValue>& common,
                 const std::vector<int64_t>& bounds, double rest) {
  double share = 0;
  for (const CommonValue& one : common) share += one.value <= value ? one.share : 0;
  const double part = rest / static_cast<double>(bounds.size() - 1);
  for (size_t i = 0; i + 1 < bounds.size(); ++i) {
    const auto width = static_cast<double>(bounds[i + 1] - bounds[i]);
    const auto below = static_cast<double>(value - bounds[i]);
    share += part * (width > 0 ? std::clamp(below / width, 0.0, 1.0) : value >= bounds[i] ? 1 : 0);
  }
  return share;
}

/// Each bound has as many parts of the rows at or below it as its place says, to one part: whatever
/// is common, and wherever it lies.
TEST(PostgresMergeHistogramTest, EachPartHasAboutAsManyRows) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 200; ++round) {
    const auto below = [&](int64_t end) { return static_cast<int64_t>(random() % end); };
    std::vector<int64_t> bounds(static_cast<size_t>(2 + below(100)));
    for (int64_t& bound : bounds) bound = below(100'000) - 50'000;
    std::ranges::sort(bounds);
    std::vector<CommonValue> common(static_cast<size_t>(below(20)));
    double rest = 1;
    for (CommonValue& one : common) {
      one = {below(140'000) - 70'000, rest * 0.2};
      rest -= one.share;
    }
    const std::vector<int64_t> merged = MergeHistogram(common, bounds, rest);
    ASSERT_GE(merged.size(), 2U);
    ASSERT_TRUE(std::ranges::is_sorted(merged));
    const auto parts = static_cast<double>(merged.size() - 1);
    for (size_t i = 0; i < merged.size(); ++i) {
      const double wanted = static_cast<double>(i) / parts;
      const double up_to = ShareUpTo(merged[i], common, bounds, rest);
      const double before = ShareUpTo(merged[i] - 1, common, bounds, rest);
      EXPECT_LE(before, wanted + 1.5 / parts) << "round " << round << ", bound " << i;
      EXPECT_GE(up_to, wanted - 1.5 / parts) << "round " << round << ", bound " << i;
    }
  }
}

TEST(PostgresMergeHistogramTest, WhatIsNotKnownMakesNone) {
  EXPECT_THAT(MergeHistogram({}, {}, 1), IsEmpty());
  EXPECT_THAT(MergeHistogram({}, {5}, 1), IsEmpty());
  EXPECT_THAT(MergeHistogram({{5, 1}}, {}, 0), ElementsAre(5, 5));
}

}  // namespace
}  // namespace headrace
