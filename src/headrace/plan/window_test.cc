#include "headrace/plan/window.h"

#include <arrow/type.h>
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace headrace {
namespace {

Description TableWith(std::shared_ptr<arrow::DataType> type) {
  Description description;
  Column column;
  column.name = "c";
  column.type = std::move(type);
  description.columns = {column};
  return description;
}

Statistics Spread(std::vector<int64_t> histogram) {
  Statistics statistics;
  statistics.rows = 1'000;
  statistics.bytes = 64'000;
  statistics.row_width = 64;
  statistics.columns["c"] = {.minimum = histogram.front(),
                             .maximum = histogram.back(),
                             .histogram = std::move(histogram),
                             .indexed = true};
  return statistics;
}

TEST(StatisticsInWindow, AreOfTheWindowsRowsAlone) {
  const Statistics some = StatisticsInWindow(
      TableWith(arrow::int64()), Spread({0, 100, 200, 300, 400}), IdRange{"c", 300, 400});
  EXPECT_NEAR(static_cast<double>(some.rows), 250, 10);
  EXPECT_NEAR(static_cast<double>(some.bytes), 16'000, 640);
  EXPECT_EQ(some.row_width, 64);
  const ColumnStatistics& column = some.columns.at("c");
  EXPECT_EQ(column.minimum, 300);
  EXPECT_EQ(column.maximum, 399);
  EXPECT_TRUE(column.indexed);
  EXPECT_GE(column.histogram.front(), 300);
  EXPECT_LE(column.histogram.back(), 399);
}

TEST(StatisticsInWindow, WhereTheyLieIsNotKnown) {
  Statistics all = Spread({0, 100, 200, 300, 400});
  all.leaf_rows = {static_cast<double>(all.rows)};
  const Description table = TableWith(arrow::int64());
  EXPECT_TRUE(StatisticsInWindow(table, all, IdRange{"c", 300, 400}).leaf_rows.empty());
}

TEST(StatisticsInWindow, WhereNothingIsKnownAllRowsMayBeInIt) {
  Statistics statistics;
  statistics.rows = 1'000;
  EXPECT_EQ(StatisticsInWindow(TableWith(arrow::int64()), statistics, IdRange{"c", 300, 400}).rows,
            1'000);
}

TEST(StatisticsInWindow, BehindTheLastValueThereIsNothing) {
  const Statistics none = StatisticsInWindow(TableWith(arrow::int64()), Spread({0, 100, 200}),
                                             IdRange{"c", 1'000, 2'000});
  EXPECT_EQ(none.rows, 0);
  EXPECT_EQ(none.columns.at("c").minimum, 1'000);
}

TEST(StatisticsInWindow, NullsAndInfinityAreOutside) {
  Statistics statistics = Spread({0, 100, 200});
  statistics.columns.at("c").null_fraction = 0.5;
  statistics.columns.at("c").share_after = 0.25;
  const Statistics all = StatisticsInWindow(TableWith(arrow::timestamp(arrow::TimeUnit::MICRO)),
                                            statistics, DateRange{"c", {}, 1'000});
  EXPECT_NEAR(static_cast<double>(all.rows), 250, 10);
  EXPECT_EQ(all.columns.at("c").null_fraction, 0);
  EXPECT_EQ(all.columns.at("c").share_after, 0);
}

RC_GTEST_PROP(StatisticsInWindow, KeepTheirOrderWithinTheWindow, ()) {
  auto histogram = *rc::gen::suchThat(
      rc::gen::container<std::vector<int64_t>>(rc::gen::inRange<int64_t>(-1'000'000, 1'000'000)),
      [](const std::vector<int64_t>& values) { return values.size() >= 2; });
  std::ranges::sort(histogram);
  const auto lower = *rc::gen::inRange<int64_t>(-2'000'000, 2'000'000);
  const auto upper = lower + *rc::gen::inRange<int64_t>(1, 2'000'000);
  const Statistics some =
      StatisticsInWindow(TableWith(arrow::int64()), Spread(histogram), IdRange{"c", lower, upper});
  const ColumnStatistics& column = some.columns.at("c");
  RC_ASSERT(some.rows >= 0 && some.rows <= 1'000);
  RC_ASSERT(std::ranges::is_sorted(column.histogram));
  RC_ASSERT(*column.minimum >= lower && *column.minimum <= *column.maximum);
  for (const int64_t bound : column.histogram) {
    RC_ASSERT(bound >= *column.minimum && bound <= *column.maximum);
  }
}

}  // namespace
}  // namespace headrace
