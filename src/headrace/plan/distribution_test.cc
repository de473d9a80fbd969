#include "headrace/plan/distribution.h"

#include <gtest/gtest.h>

#include "headrace/model/statistics.h"

namespace headrace {
namespace {

TEST(DistributionTest, ItsEndBehindACommonValueIsThatValue) {
  ColumnStatistics statistics;
  statistics.minimum = 0;
  statistics.maximum = 1000;
  for (int64_t bound = 0; bound <= 900; bound += 100) statistics.histogram.push_back(bound);
  statistics.common.push_back({.value = 1000, .share = 0.5});
  const Distribution values = Distribution::OfTimes(statistics, 1, 1);
  EXPECT_NEAR(static_cast<double>(values.Quantile(1)), 1000, 1);
  EXPECT_NEAR(static_cast<double>(values.Quantile(0.75)), 1000, 1);
  EXPECT_EQ(values.Quantile(0), 0);
}

}  // namespace
}  // namespace headrace
