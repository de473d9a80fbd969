#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "headrace/model/civil_time.h"
#include "headrace/plan/planner.h"
#include "headrace/plan/size.h"

namespace headrace {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Le;

constexpr int64_t kHour = kMicrosPerDay / 24;
constexpr int64_t kQuarterHour = kHour / 4;

int64_t Time(const char* iso) { return *MicrosOfIsoTime(iso); }

/// 2024-01-01 is a Monday, 2025-01-01 a Wednesday.
constexpr int64_t kMonday = 1'704'067'200'000'000;
constexpr int64_t kWednesday = 1'735'689'600'000'000;

std::vector<int64_t> Evenly(int64_t from, int64_t to, int buckets) {
  std::vector<int64_t> bounds;
  for (int i = 0; i <= buckets; ++i) bounds.push_back(from + (to - from) / buckets * i);
  return bounds;
}

/// What ANALYZE says of these values, which it has all seen: equal shares between 101 of them.
std::vector<int64_t> HistogramOf(std::vector<int64_t> values) {
  constexpr size_t kBuckets = 100;
  std::ranges::sort(values);
  std::vector<int64_t> bounds;
  for (size_t i = 0; i <= kBuckets; ++i) {
    bounds.push_back(values[i * (values.size() - 1) / kBuckets]);
  }
  return bounds;
}

std::string BoundText(const std::optional<int64_t>& bound) {
  return bound ? ShortTime(*bound) : "";
}

std::string Text(const Split& split) {
  if (const auto* range = std::get_if<DateRange>(&split)) {
    return "[" + BoundText(range->lower) + "," + BoundText(range->upper) + ")";
  }
  return std::holds_alternative<NullRows>(split) ? "null" : "whole";
}

std::vector<std::string> Texts(const Partitioning& plan) {
  std::vector<std::string> texts;
  for (const WorkUnit& unit : plan.units) texts.push_back(Text(unit.split));
  return texts;
}

std::vector<int64_t> RowsOf(const Partitioning& plan) {
  std::vector<int64_t> rows;
  for (const WorkUnit& unit : plan.units) rows.push_back(unit.estimated_rows);
  return rows;
}

/// How many of `values` each unit holds.
std::vector<int64_t> Counted(const Partitioning& plan, const std::vector<int64_t>& values) {
  std::vector<int64_t> counts;
  for (const WorkUnit& unit : plan.units) {
    const auto& range = std::get<DateRange>(unit.split);
    counts.push_back(std::ranges::count_if(values, [&](int64_t value) {
      return (!range.lower || value >= *range.lower) && (!range.upper || value < *range.upper);
    }));
  }
  return counts;
}

/// A table with an indexed column `at`.
class DateRangeTest : public ::testing::Test {
 protected:
  DateRangeTest() {
    description_.table = {.schema = "public", .name = "events", .query = {}, .alias = {}};
    description_.columns = {TimeColumn("at", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"))};
    statistics_.rows = 5'000'000;
    at().indexed = true;
  }

  static Column TimeColumn(std::string name, std::shared_ptr<arrow::DataType> type,
                           bool nullable = false) {
    Column column;
    column.name = std::move(name);
    column.type = std::move(type);
    column.nullable = nullable;
    return column;
  }

  ColumnStatistics& at() { return statistics_.columns["at"]; }

  void SetEnds(int64_t minimum, int64_t maximum) {
    at().minimum = minimum;
    at().maximum = maximum;
  }

  void SetHistogram(std::vector<int64_t> bounds) {
    SetEnds(bounds.front(), bounds.back());
    at().histogram = std::move(bounds);
  }

  Partitioning Plan(PlanKnobs knobs = {}) {
    knobs.strategy = Strategy::kDateRange;
    auto plan = PlanUnits(description_, statistics_,
                          {.strategies = {Strategy::kDateRange, Strategy::kNone}}, knobs, "p");
    EXPECT_TRUE(plan.ok()) << plan.status();
    return plan.ok() ? *plan : Partitioning();
  }

  Description description_;
  Statistics statistics_;
};

TEST_F(DateRangeTest, AColumnThatNoUnitCanNameIsNotChosen) {
  SetEnds(kMonday, kMonday + 365 * kMicrosPerDay);
  description_.columns.insert(description_.columns.begin(),
                              TimeColumn("a\xff", description_.columns[0].type));
  statistics_.columns["a\xff"] = at();
  EXPECT_EQ(Plan().column, "at");
}

TEST_F(DateRangeTest, AYearOfFiveMillionRowsIsADayAUnit) {
  for (const int64_t start : {kMonday, kWednesday}) {
    const int64_t end = start + 365 * kMicrosPerDay - 1;
    at() = {.indexed = true};
    SetEnds(start, end);
    const Partitioning even = Plan();
    EXPECT_EQ(even.units.size(), 365U);
    SetHistogram(Evenly(start, end, 100));
    const Partitioning plan = Plan();
    EXPECT_EQ(plan.units.size(), 365U);
    EXPECT_EQ(plan.strategy, Strategy::kDateRange);
    EXPECT_EQ(plan.column, "at");
    EXPECT_NEAR(static_cast<double>(plan.units[7].estimated_rows), 13'699, 1);
    EXPECT_THAT(plan.warnings, IsEmpty());
  }
  EXPECT_THAT(Plan().why,
              HasSubstr("cut by days, whose rows are told by a histogram of 101 values"));
  EXPECT_EQ(Text(Plan().units[0].split), "[,2025-01-02)");
  EXPECT_EQ(Text(Plan().units[1].split), "[2025-01-02,2025-01-03)");
  EXPECT_EQ(Text(Plan().units[364].split), "[2025-12-31,)");
}

TEST_F(DateRangeTest, AYearOfDates) {
  description_.columns = {TimeColumn("at", arrow::date32())};
  SetEnds(kMonday, kMonday + 364 * kMicrosPerDay);
  EXPECT_EQ(Plan().units.size(), 365U);
  std::vector<int64_t> days;
  for (int day = 0; day < 365; ++day) days.push_back(kMonday + day * kMicrosPerDay);
  SetHistogram(HistogramOf(days));
  EXPECT_EQ(Plan().units.size(), 365U);
}

/// A sample of an even load is not even itself.
TEST_F(DateRangeTest, WeeksAThirdAboveTheTargetAreWeeksThroughout) {
  std::vector<int64_t> bounds = Evenly(kMonday, kMonday + int64_t{52} * 7 * kMicrosPerDay - 1, 100);
  for (size_t i = 1; i + 1 < bounds.size(); ++i) {
    bounds[i] += (static_cast<int64_t>(i * 37 % 21) - 10) * 4 * kHour;
  }
  SetHistogram(bounds);
  statistics_.rows = int64_t{52} * 60'480;
  const Partitioning plan = Plan();
  EXPECT_EQ(plan.units.size(), 52U);
  EXPECT_THAT(plan.why, HasSubstr("cut by weeks,"));
  EXPECT_THAT(plan.warnings, IsEmpty());
}

TEST_F(DateRangeTest, FewRowsAreWeeksAndFewerAreSeveral) {
  SetEnds(kMonday, kMonday + 364 * kMicrosPerDay - 1);
  statistics_.rows = 2'000'000;
  const Partitioning weeks = Plan();
  EXPECT_EQ(weeks.units.size(), 52U);
  EXPECT_EQ(Text(weeks.units[1].split), "[2024-01-08,2024-01-15)");
  EXPECT_THAT(weeks.why, HasSubstr("cut by weeks, taken to be spread evenly from 2024-01-01 to"));
  EXPECT_THAT(weeks.warnings, Contains(HasSubstr("no statistics of \"at\"")));
  statistics_.rows = 100'000;
  const Partitioning few = Plan();
  EXPECT_THAT(RowsOf(few), Each(Le(55'000)));
  EXPECT_LE(few.units.size(), 3U);
}

TEST_F(DateRangeTest, FullDaysAreHoursAndQuartersThatHoldAboutWhatIsWanted) {
  SetEnds(kMonday, kMonday + 2 * kMicrosPerDay - 1);
  const Partitioning hours = Plan({.target_rows = 500'000});
  EXPECT_THAT(RowsOf(hours), Each(Le(550'000)));
  EXPECT_THAT(Texts(hours), Contains("[2024-01-02,2024-01-02 05:00)"));
  const Partitioning quarters = Plan();
  EXPECT_THAT(RowsOf(quarters), Each(Le(55'000)));
  EXPECT_LE(quarters.units.size(), 200U);
}

TEST_F(DateRangeTest, SparseDaysMakeNoEmptyUnits) {
  std::vector<int64_t> values;
  for (int day = 0; day < 10; ++day) {
    for (int i = 0; i < 1'000; ++i) {
      values.push_back(kWednesday + kMicrosPerDay * 40 * day + i * (kMicrosPerDay / 1'000));
    }
  }
  SetHistogram(HistogramOf(values));
  for (const int64_t rows : {136'990, 5'000'000, 500'000'000}) {
    statistics_.rows = rows;
    const Partitioning plan = Plan({.target_rows = rows / 100});
    EXPECT_THAT(Counted(plan, values), Each(Ge(1))) << rows;
    EXPECT_GE(plan.units.size(), 100U) << rows;
    const Partitioning days = Plan({.target_rows = rows / 10});
    EXPECT_EQ(days.units.size(), 10U) << rows;
  }
}

TEST_F(DateRangeTest, TenDatesOfAYearAreTenUnits) {
  description_.columns = {TimeColumn("at", arrow::date32())};
  for (int day = 0; day < 10; ++day) {
    at().common.push_back({kWednesday + kMicrosPerDay * 40 * day, 0.1});
  }
  SetEnds(at().common.front().value, at().common.back().value);
  const Partitioning plan = Plan({.target_rows = 500'000});
  EXPECT_EQ(plan.units.size(), 10U);
  EXPECT_EQ(Plan().units.size(), 10U);
  EXPECT_THAT(Plan().warnings,
              ElementsAre(HasSubstr("10 units hold more than 50,000 rows, because no range is "
                                    "shorter than a day; the fullest, ")));
}

TEST_F(DateRangeTest, ADayWithMostRowsIsSplitAndTheOthersAreNot) {
  std::vector<int64_t> values;
  for (int i = 0; i < 40'000; ++i) values.push_back(kMonday + i * (364 * kMicrosPerDay / 40'000));
  const int64_t noon = kMonday + 100 * kMicrosPerDay + 12 * kHour;
  for (int i = 0; i < 60'000; ++i) values.push_back(noon + i * (kHour / 60'000));
  SetHistogram(HistogramOf(values));
  statistics_.rows = 1'000'000;
  const Partitioning plan = Plan();
  const auto texts = Texts(plan);
  EXPECT_THAT(texts, Contains("[2024-04-10 12:15,2024-04-10 12:30)"));
  EXPECT_THAT(texts, Contains("[2024-04-10 12:30,2024-04-10 12:45)"));
  EXPECT_LE(plan.units.size(), 70U) << "the others stay weeks";
  EXPECT_THAT(Counted(plan, values), Each(Le(15'500))) << "of 100,000: a quarter of the hour";
  EXPECT_THAT(plan.warnings,
              ElementsAre(HasSubstr("4 units hold more than 50,000 rows, because no "
                                    "range is shorter than 15 minutes; the fullest, ")));
}

TEST_F(DateRangeTest, CommonValuesLieWhereTheyLie) {
  SetHistogram(Evenly(kMonday, kMonday + 364 * kMicrosPerDay - 1, 100));
  statistics_.rows = 1'000'000;
  const int64_t noon = kMonday + 100 * kMicrosPerDay + 12 * kHour;
  at().common = {{noon, 0.2}, {noon + kHour, 0.04}};
  const Partitioning plan = Plan();
  EXPECT_THAT(Texts(plan), Contains("[2024-04-10 12:00,2024-04-10 13:00)"));
  EXPECT_THAT(plan.warnings, ElementsAre(HasSubstr("1 unit holds more than 50,000 rows")));
  EXPECT_LE(plan.units.size(), 60U);
  EXPECT_THAT(RowsOf(plan), Contains(Ge(200'000)));
}

TEST_F(DateRangeTest, OneInstantIsOneUnitAndAWarning) {
  SetHistogram(std::vector<int64_t>(101, kMonday));
  const Partitioning plan = Plan();
  EXPECT_THAT(Texts(plan), ElementsAre("whole"));
  EXPECT_EQ(plan.strategy, Strategy::kNone);
  EXPECT_THAT(plan.why, HasSubstr("that \"at\" does not tell apart"));
  EXPECT_THAT(plan.warnings,
              ElementsAre("1 unit holds more than 50,000 rows, because no range is "
                          "shorter than 15 minutes; the fullest, every at that is not "
                          "NULL, holds about 5,000,000"));
}

TEST_F(DateRangeTest, SmallTablesAreOneUnit) {
  statistics_.rows = 50'000;
  SetEnds(kMonday, kMonday + 365 * kMicrosPerDay);
  const Partitioning plan = Plan();
  EXPECT_THAT(Texts(plan), ElementsAre("whole"));
  EXPECT_THAT(plan.warnings, IsEmpty());
}

TEST_F(DateRangeTest, NullsHaveAUnitAndInfinitiesARange) {
  description_.columns[0].nullable = true;
  statistics_.rows = 400'000;
  SetEnds(kMonday, kMonday + 14 * kMicrosPerDay - 1);
  at().null_fraction = 0.25;
  at().share_before = 0.25;
  at().share_after = 0.25;
  const Partitioning plan = Plan({.column = "at", .target_rows = 100'000});
  EXPECT_THAT(Texts(plan), ElementsAre("[,2024-01-01)", "[2024-01-01,2024-01-08)",
                                       "[2024-01-08,2024-01-15)", "[2024-01-15,)", "null"));
  EXPECT_THAT(RowsOf(plan), ElementsAre(100'000, 50'000, 50'000, 100'000, 100'000));
}

TEST_F(DateRangeTest, ValuesBeyondTheHistogramGetUnitsAndAWarning) {
  SetHistogram(Evenly(kMonday, kMonday + 182 * kMicrosPerDay, 100));
  at().maximum = kMonday + 364 * kMicrosPerDay - 1;
  const Partitioning plan = Plan();
  EXPECT_EQ(plan.units.size(), 364U);
  EXPECT_THAT(plan.warnings, ElementsAre("stale statistics: \"at\" has values outside of its "
                                         "histogram, which ends at 2024-07-01"));
}

TEST_F(DateRangeTest, AMadeUpTimeFarAwayGetsNoUnits) {
  SetHistogram(Evenly(kMonday, kMonday + 364 * kMicrosPerDay - 1, 100));
  at().minimum = Time("0001-01-01T00:00:00");
  at().maximum = Time("9999-12-31T00:00:00");
  EXPECT_EQ(Plan().units.size(), 364U);
  EXPECT_THAT(Plan().warnings, IsEmpty());
  // The same of a table that had a tenth of its rows when it was analysed: it is cut further there.
  description_.leaves = {{.schema = "public", .name = "events", .pages = 1'000, .rows = 500'000}};
  EXPECT_THAT(Plan().warnings, ElementsAre(HasSubstr("stale statistics")));
}

TEST_F(DateRangeTest, ExtremesOfTheTypeCostNothing) {
  SetHistogram({std::numeric_limits<int64_t>::min(), kMonday, kMonday + kMicrosPerDay,
                std::numeric_limits<int64_t>::max()});
  const Partitioning plan = Plan();
  EXPECT_LE(plan.units.size(), 300U);
  SetEnds(std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max());
  at().histogram.clear();
  EXPECT_LE(Plan().units.size(), 150U);
}

TEST_F(DateRangeTest, NeverMoreThanTheMostUnits) {
  description_.columns[0].nullable = true;
  statistics_.rows = 4'000'000'000;
  SetEnds(kMonday, kMonday + 400'000 * kMicrosPerDay);
  const Partitioning plan = Plan({.column = "at"});
  EXPECT_LE(static_cast<double>(plan.units.size()), kMaxUnits);
  EXPECT_THAT(plan.warnings,
              ElementsAre(HasSubstr("the calendar would give 400,"), HasSubstr("no statistics")));
}

TEST_F(DateRangeTest, UnknownRowsAreGuessed) {
  statistics_.rows = -1;
  SetEnds(kMonday, kMonday + 364 * kMicrosPerDay);
  const Partitioning plan = Plan();
  EXPECT_GT(plan.units.size(), 10U);
  EXPECT_THAT(plan.warnings,
              ElementsAre(HasSubstr("row count and size unknown"), HasSubstr("no statistics")));
}

TEST_F(DateRangeTest, WithoutAColumnTheFirstIndexedOneWithoutNullIsTaken) {
  const auto timestamp = arrow::timestamp(arrow::TimeUnit::MICRO);
  description_.columns = {TimeColumn("maybe", timestamp, true), TimeColumn("plain", timestamp),
                          TimeColumn("day", arrow::date32()), TimeColumn("at", timestamp)};
  const ColumnStatistics known{.minimum = 0, .maximum = 365 * kMicrosPerDay, .indexed = true};
  statistics_.columns = {{"maybe", known}, {"plain", known}, {"day", known}, {"at", known}};
  statistics_.columns["plain"].indexed = false;
  const Partitioning plan = Plan();
  EXPECT_EQ(plan.column, "day");
  EXPECT_THAT(plan.why, HasSubstr("the job wants it; \"day\" is the first date or timestamp column "
                                  "with an index and without NULL"));
  EXPECT_EQ(Plan({.column = "maybe"}).column, "maybe");
  EXPECT_THAT(Plan({.column = "plain"}).warnings,
              ElementsAre(HasSubstr("no statistics"), HasSubstr("no index on \"plain\"")));
}

struct EpochCase {
  TimeEncoding encoding;
  const char* text;
};

TEST_F(DateRangeTest, IntegersAreReadAsTheTimeThatTheirSizeTells) {
  for (const EpochCase& epoch : {EpochCase{TimeEncoding::kSeconds, "seconds"},
                                 EpochCase{TimeEncoding::kMillis, "milliseconds"},
                                 EpochCase{TimeEncoding::kMicros, "microseconds"}}) {
    SCOPED_TRACE(epoch.text);
    description_.columns = {TimeColumn("at", arrow::int64())};
    const int64_t unit = MicrosPerNumber(epoch.encoding);
    SetHistogram(Evenly(kMonday / unit, (kMonday + 365 * kMicrosPerDay - 1) / unit, 100));
    const Partitioning plan = Plan({.column = "at"});
    EXPECT_EQ(plan.units.size(), 365U);
    EXPECT_EQ(Text(plan.units[1].split), "[2024-01-02,2024-01-03)");
    EXPECT_EQ(std::get<DateRange>(plan.units[1].split).encoding, epoch.encoding);
    EXPECT_THAT(plan.why, HasSubstr("read as " + std::string(epoch.text) + " since 1970; about "));
    EXPECT_THAT(plan.warnings, IsEmpty());
  }
}

TEST_F(DateRangeTest, IntegersAreTimesOnlyWhereTheJobSaysSo) {
  description_.columns = {TimeColumn("at", arrow::int64())};
  SetHistogram(Evenly(kMonday, kMonday + 365 * kMicrosPerDay, 100));
  EXPECT_THAT(Plan().warnings, ElementsAre(HasSubstr("it has no date or timestamp column")));
  const auto by_column =
      PlanUnits(description_, statistics_,
                {.strategies = {Strategy::kIdRange, Strategy::kDateRange}}, {.column = "at"}, "p");
  EXPECT_EQ(by_column->strategy, Strategy::kIdRange);
}

TEST_F(DateRangeTest, MisfitsAreSentences) {
  const auto misfit = [this](const std::string& column = "") {
    const Partitioning plan = Plan({.column = column});
    EXPECT_EQ(plan.units.size(), 1U);
    return plan.warnings.empty() ? "" : plan.warnings.front();
  };
  EXPECT_THAT(misfit("at"), HasSubstr("nothing is known of the values of \"at\""));
  EXPECT_THAT(misfit(), HasSubstr("no date or timestamp column that is never NULL, has an index"));
  description_.columns.push_back(TimeColumn("name", arrow::utf8()));
  EXPECT_THAT(misfit("name"), HasSubstr("\"name\" is no date, timestamp or integer column"));
  description_.columns.push_back(TimeColumn("id", arrow::int64()));
  statistics_.columns["id"] = {.minimum = 0, .maximum = std::numeric_limits<int64_t>::max()};
  EXPECT_THAT(misfit("id"), HasSubstr("the numbers of \"id\" are no seconds, milliseconds"));
  statistics_.rows = 0;
  EXPECT_THAT(misfit(), HasSubstr("it is empty"));
  description_.kind = RelationKind::kView;
  EXPECT_THAT(misfit("at"), HasSubstr("a view cannot be cut by date"));
}

}  // namespace
}  // namespace headrace
