#include "headrace/observe/progress_line.h"

#include <gtest/gtest.h>

#include "headrace/observe/human.h"

namespace headrace {
namespace {

ProgressReading HalfWay() {
  return {.phase = "extract",
          .table = "public.events",
          .rows = 2'612'000,
          .estimated_rows = 5'000'000,
          .bytes = 250'000'000,
          .units_done = 53,
          .units_total = 101,
          .workers_busy = 2,
          .workers = 2,
          .retries = 1,
          .seconds = 4};
}

constexpr ProgressFigures kHalfWayFigures = {
    .rows_per_second = 653'000, .bytes_per_second = 62.5e6, .share = 0.5224, .seconds_left = 3.4};

TEST(ProgressBarLine, SaysEverythingWhereThereIsRoom) {
  EXPECT_EQ(ProgressBarLine(HalfWay(), kHalfWayFigures, {.terminal = true}, 140),
            "###############---------------  reading  public.events   52%  2,612,000 rows  653,000 "
            "rows/s  62.5 MB/s  53/101 units  2/2 "
            "busy  ETA 4 s");
}

TEST(ProgressBarLine, KeepsWhatMattersOnEightyColumns) {
  EXPECT_EQ(ProgressBarLine(HalfWay(), kHalfWayFigures, {.terminal = true}, 80),
            "#######-------   52%  2,612,000 rows  62.5 MB/s  53/101 units  2/2 busy  ETA 4 s");
}

TEST(ProgressBarLine, NeverExceedsTheWidth) {
  for (size_t width = 0; width < 160; ++width) {
    EXPECT_LE(DisplayWidth(ProgressBarLine(HalfWay(), kHalfWayFigures,
                                           {.terminal = true, .unicode = true}, width)),
              width);
  }
}

TEST(ProgressBarLine, DrawsBlocksAndColorOnlyWhereTheTerminalHasThem) {
  const std::string plain = ProgressBarLine(HalfWay(), kHalfWayFigures, {.terminal = true}, 100);
  EXPECT_EQ(plain.find('\x1b'), std::string::npos);
  EXPECT_EQ(plain.find("━"), std::string::npos);
  const std::string drawn = ProgressBarLine(
      HalfWay(), kHalfWayFigures, {.terminal = true, .color = true, .unicode = true}, 100);
  EXPECT_NE(drawn.find("\x1b[36m━"), std::string::npos);
}

TEST(ProgressBarLine, NamesThePhaseBeforeThereAreUnits) {
  const ProgressReading reading{.phase = "plan"};
  EXPECT_EQ(ProgressBarLine(reading, {}, {.terminal = true}, 80), "planning");
}

/// Rows and units of the reading before stay, and are not shown.
ProgressReading Verifying() {
  ProgressReading reading = HalfWay();
  reading.phase = "verify";
  reading.tables_begun = 3;
  reading.tables_total = 1'200;
  reading.phase_rows = 250'000;
  reading.phase_rows_total = 1'000'000;
  return reading;
}

TEST(ProgressBarLine, CountsTablesAndTheirRowsInAPhaseWithoutUnits) {
  const ProgressReading reading = Verifying();
  EXPECT_EQ(ProgressBarLine(reading, ProgressMeter().Take(reading), {.terminal = true}, 100),
            "#######-----------------------  verifying  public.events   25%  250,000 rows  3/1,200 "
            "tables");
}

TEST(ProgressBarLine, HasNoBarWhereRowsAreNotCounted) {
  const ProgressReading reading{
      .phase = "plan", .table = "public.events", .tables_begun = 3, .tables_total = 1'200};
  EXPECT_EQ(ProgressBarLine(reading, ProgressMeter().Take(reading), {.terminal = true}, 100),
            "planning  public.events  3/1,200 tables");
}

TEST(ProgressSentence, CountsTablesInAPhaseWithoutUnits) {
  ProgressReading reading = Verifying();
  EXPECT_EQ(ProgressSentence(reading, ProgressMeter().Take(reading)),
            "verifying: 250,000 rows (25%), table 3 of 1,200");
  reading.phase_rows_total = 0;
  EXPECT_EQ(ProgressSentence(reading, ProgressMeter().Take(reading)),
            "verifying: table 3 of 1,200");
}

TEST(ProgressSentence, SaysTheSameInWords) {
  EXPECT_EQ(ProgressSentence(HalfWay(), kHalfWayFigures),
            "reading: 2,612,000 rows (52%), 653,000 rows/s, 62.5 MB/s, 53 of 101 units, 2 of 2 "
            "workers busy, 4 s left");
}

TEST(ProgressMeter, MeasuresTheLastSecondsNotTheWholeRun) {
  ProgressMeter meter;
  ProgressReading reading{.estimated_rows = 1'000'000, .units_total = 100};
  for (int second = 1; second <= 100; ++second) {
    reading.seconds = second;
    reading.rows += second <= 50 ? 10'000 : 1'000;
    reading.bytes = reading.rows * 10;
    reading.units_done = second / 2;
    meter.Take(reading);
  }
  reading.seconds = 101;
  reading.rows += 1'000;
  reading.bytes = reading.rows * 10;
  const ProgressFigures figures = meter.Take(reading);
  EXPECT_DOUBLE_EQ(figures.rows_per_second, 1'000);
  EXPECT_DOUBLE_EQ(figures.bytes_per_second, 10'000);
  ASSERT_TRUE(figures.seconds_left.has_value());
  EXPECT_DOUBLE_EQ(*figures.seconds_left, static_cast<double>(1'000'000 - reading.rows) / 1'000);
}

TEST(ProgressMeter, CountsUnitsWhereRowsWereEstimatedTooLow) {
  ProgressMeter meter;
  const ProgressReading reading{
      .rows = 900, .estimated_rows = 100, .units_done = 5, .units_total = 10, .seconds = 5};
  const ProgressFigures figures = meter.Take(reading);
  EXPECT_DOUBLE_EQ(figures.share.value(), 0.5);
  EXPECT_DOUBLE_EQ(figures.seconds_left.value(), 5);
}

TEST(ProgressMeter, IsDoneOnlyWhenEveryUnitIs) {
  ProgressMeter meter;
  EXPECT_DOUBLE_EQ(
      meter.Take({.rows = 100, .estimated_rows = 100, .units_done = 9, .units_total = 10})
          .share.value(),
      0.99);
  EXPECT_DOUBLE_EQ(
      meter.Take({.rows = 90, .estimated_rows = 100, .units_done = 10, .units_total = 10})
          .share.value(),
      1);
  EXPECT_FALSE(meter.Take({}).share.has_value());
}

TEST(ProgressMeter, HasNoTimeLeftOnceEveryUnitIsDone) {
  ProgressMeter meter;
  const ProgressFigures figures = meter.Take(
      {.rows = 90, .estimated_rows = 100, .units_done = 10, .units_total = 10, .seconds = 5});
  EXPECT_FALSE(figures.seconds_left.has_value());
}

TEST(ProgressMeter, DoesNotTakeRowsOfAnEarlierEpochForSpeed) {
  ProgressMeter meter;
  ProgressReading reading{
      .rows = 1'000'000, .estimated_rows = 2'000'000, .units_total = 20, .seconds = 10};
  meter.Take(reading);
  reading.seconds = 1;  // The clock of the next epoch; rows of tables that are published stay.
  EXPECT_DOUBLE_EQ(meter.Take(reading).rows_per_second, 0);
  reading.seconds = 3;
  reading.rows += 4'000;
  EXPECT_DOUBLE_EQ(meter.Take(reading).rows_per_second, 2'000);
}

TEST(ProgressMeter, HasNoTimeLeftBeforeThereIsASpeed) {
  ProgressMeter meter;
  EXPECT_FALSE(meter.Take({.estimated_rows = 100, .units_total = 10, .seconds = 1})
                   .seconds_left.has_value());
}

}  // namespace
}  // namespace headrace
