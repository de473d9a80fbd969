#include "headrace/staging/column_sample.h"

#include <arrow/array/builder_decimal.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <random>

#include "headrace/staging/wide_decimal.h"

namespace headrace {
namespace {

ColumnSample SampleOf(int64_t rows, uint64_t distinct) {
  std::mt19937_64 random(42);
  arrow::Int64Builder builder;
  for (int64_t row = 0; row < rows; ++row) {
    const arrow::Status status = row % 4 == 0
                                     ? builder.AppendNull()
                                     : builder.Append(static_cast<int64_t>(random() % distinct));
    EXPECT_TRUE(status.ok());
  }
  return SampleColumn({"c", arrow::int64(), {builder.Finish().ValueOrDie()}});
}

TEST(ColumnSampleTest, AColumnThatIsSeenWholeIsCounted) {
  const ColumnSample sample = SampleOf(4000, 100);
  EXPECT_EQ(sample.values, 3000);
  EXPECT_EQ(sample.column_values, 3000);
  EXPECT_EQ(sample.distinct, 100);
  EXPECT_EQ(sample.value_bytes, 8);
  EXPECT_EQ(EstimateDistinct(sample), 100);
}

TEST(ColumnSampleTest, DistinctValuesOfALargerColumnAreEstimatedWithinATenth) {
  for (const uint64_t distinct : {200, 2'000, 8'000, 20'000}) {
    const ColumnSample sample = SampleOf(200'000, distinct);
    EXPECT_NEAR(static_cast<double>(sample.column_values), 150'000, 5'000);
    EXPECT_NEAR(EstimateDistinct(sample), static_cast<double>(distinct),
                static_cast<double>(distinct) / 10)
        << distinct;
  }
}

TEST(ColumnSampleTest, ValuesOfWhichNoTwoAreAlikeAreEstimatedAsMany) {
  const ColumnSample sample = SampleOf(200'000, UINT64_MAX);
  EXPECT_GT(EstimateDistinct(sample), 140'000);
}

TEST(ColumnSampleTest, DecimalsOfMoreThan38DigitsTakeAsManyBytesAsTheirFilesHave) {
  for (const int32_t precision : {39, 76}) {
    const auto type = arrow::decimal256(precision, 0);
    arrow::Decimal256Builder builder(type);
    EXPECT_TRUE(builder.Append(arrow::Decimal256(1)).ok());
    const ColumnSample sample = SampleColumn({"c", type, {builder.Finish().ValueOrDie()}});
    EXPECT_EQ(sample.value_bytes, kWideDecimalBytes);
    EXPECT_EQ(sample.plain.size(), kWideDecimalBytes);
  }
}

TEST(ColumnSampleTest, AColumnOfNullsHasNoValues) {
  arrow::Int64Builder builder;
  EXPECT_TRUE(builder.AppendNulls(10'000).ok());
  const ColumnSample sample = SampleColumn({"c", arrow::int64(), {builder.Finish().ValueOrDie()}});
  EXPECT_EQ(sample.values, 0);
  EXPECT_EQ(sample.distinct, 0);
}

}  // namespace
}  // namespace headrace
