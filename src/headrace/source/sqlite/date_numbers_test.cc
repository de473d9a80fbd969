#include "headrace/source/sqlite/date_numbers.h"

#include <gtest/gtest.h>

#include "headrace/source/sqlite/catalog.h"
#include "headrace/source/sqlite/test_database.h"

namespace headrace::sqlite {
namespace {

TEST(DateNumbersTest, OnlyDaysOfTheCalendarAreDates) {
  for (const int64_t date : {19000101, 20240101, 20240229, 21001231}) {
    EXPECT_TRUE(IsDateAsDigits(date)) << date;
  }
  for (const int64_t other :
       {0, 18991231, 20230229, 20241301, 20240001, 20240100, 20240132, 21010101, 202401010}) {
    EXPECT_FALSE(IsDateAsDigits(other)) << other;
  }
  EXPECT_FALSE(IsDateAsDigits(INT64_MIN));
  EXPECT_FALSE(IsDateAsDigits(INT64_MAX));
}

TEST(DateNumbersTest, AColumnOfTimesWhoseIntegersAreAllDatesIsWarnedOf) {
  TestDatabase database;
  database.Execute(
      "CREATE TABLE t (at DATETIME, mixed DATETIME, iso DATE, number INTEGER);"
      "INSERT INTO t VALUES ('20240101', 20240101, '2024-01-01', 20240101),"
      "('2024-01-02', 1704067200, NULL, 20240102), (NULL, NULL, NULL, NULL);"
      "CREATE VIEW v AS SELECT * FROM t");
  const Description table = DescribeRelation(database.writer(), TableNamed("t"), {}).ValueOrDie();
  const std::string& warning = table.columns[0].warning;
  for (const char* part : {"column \"at\"", "(1)", "20240101", "1970-08-23 06:15:01"}) {
    EXPECT_NE(warning.find(part), std::string::npos) << warning;
  }
  for (const size_t other : {1, 2, 3}) EXPECT_EQ(table.columns[other].warning, "");
  const Description view = DescribeRelation(database.writer(), TableNamed("v"), {}).ValueOrDie();
  EXPECT_EQ(view.columns[0].warning, "");
}

}  // namespace
}  // namespace headrace::sqlite
