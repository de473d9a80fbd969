#include "headrace/destination/bigquery/listed_value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "headrace/destination/bigquery/column_range.h"
#include "headrace/model/civil_time.h"

namespace headrace {
namespace {

TEST(ListedValueTest, Booleans) {
  EXPECT_EQ(ListedBool("true"), true);
  EXPECT_EQ(ListedBool("false"), false);
  for (const auto* text : {"", "TRUE", "1", "t", "true "}) {
    EXPECT_EQ(ListedBool(text), std::nullopt) << text;
  }
}

TEST(ListedValueTest, Integers) {
  EXPECT_EQ(ListedInteger<int64_t>("-9223372036854775808"), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(ListedInteger<int64_t>("9223372036854775807"), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(ListedInteger<int64_t>("9223372036854775808"), std::nullopt);
  EXPECT_EQ(ListedInteger<int16_t>("-32768"), std::numeric_limits<int16_t>::min());
  EXPECT_EQ(ListedInteger<int16_t>("32768"), std::nullopt);
  for (const auto* text : {"", "-", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "12x"}) {
    EXPECT_EQ(ListedInteger<int32_t>(text), std::nullopt) << text;
  }
}

TEST(ListedValueTest, Floats) {
  EXPECT_EQ(ListedDouble("1.5"), 1.5);
  EXPECT_EQ(ListedDouble("0.1"), 0.1);
  EXPECT_EQ(ListedDouble("1.7976931348623157e+308"), std::numeric_limits<double>::max());
  EXPECT_EQ(ListedDouble("4.9406564584124654E-324"), std::numeric_limits<double>::denorm_min());
  EXPECT_TRUE(std::isnan(*ListedDouble("NaN")));
  EXPECT_TRUE(std::signbit(*ListedDouble("-0.0")));
  for (const auto* text : {"Infinity", "Inf"}) {
    EXPECT_EQ(ListedDouble(text), std::numeric_limits<double>::infinity()) << text;
    EXPECT_EQ(ListedDouble(std::string("-") + text), -std::numeric_limits<double>::infinity());
  }
  for (const auto* text : {"", "-", ".", "1e", "1e400", "1,5", "0x1p3", "NaN(1)", "+1", "null"}) {
    EXPECT_EQ(ListedDouble(text), std::nullopt) << text;
  }
}

TEST(ListedValueTest, FloatsThatWereStoredAsDoubles) {
  EXPECT_EQ(ListedFloat("0.10000000149011612"), 0.1F);
  EXPECT_EQ(ListedFloat("3.4028234663852886e+38"), std::numeric_limits<float>::max());
  EXPECT_EQ(ListedFloat("1.401298464324817e-45"), std::numeric_limits<float>::denorm_min());
  EXPECT_EQ(ListedFloat("-Infinity"), -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(*ListedFloat("NaN")));
  // No float: another value than any that was staged.
  EXPECT_EQ(ListedFloat("0.1"), std::nullopt);
  EXPECT_EQ(ListedFloat("3.5e38"), std::nullopt);
  EXPECT_EQ(ListedFloat("1e-50"), std::nullopt);
}

TEST(ListedValueTest, Dates) {
  EXPECT_EQ(ListedDate("1970-01-01"), 0);
  EXPECT_EQ(ListedDate("0001-01-01"), kFirstBigQueryDay);
  EXPECT_EQ(ListedDate("9999-12-31"), kLastBigQueryDay);
  EXPECT_EQ(ListedDate("2024-02-29"), 19'782);
  for (const auto* text : {"", "2023-02-29", "2024-13-01", "2024-00-01", "2024-01-00", "2024-1-1",
                           "10183-09-21", "-001-01-01", "2024-01-01T00:00:00", "2024/01/01"}) {
    EXPECT_EQ(ListedDate(text), std::nullopt) << text;
  }
}

TEST(ListedValueTest, TimesOfDay) {
  EXPECT_EQ(ListedTime("00:00:00"), 0);
  EXPECT_EQ(ListedTime("23:59:59.999999"), kLastBigQueryTimeOfDay);
  EXPECT_EQ(ListedTime("00:00:01.000001"), 1'000'001);
  EXPECT_EQ(ListedTime("00:00:01.5"), 1'500'000);
  for (const auto* text : {"", "24:00:00", "00:60:00", "00:00:60", "00:00", "0:00:00", "00:00:00.",
                           "00:00:00.0000001", "00:00:00Z", "-0:00:00"}) {
    EXPECT_EQ(ListedTime(text), std::nullopt) << text;
  }
}

TEST(ListedValueTest, Datetimes) {
  EXPECT_EQ(ListedDatetime("0001-01-01T00:00:00"), kFirstBigQueryMicros);
  EXPECT_EQ(ListedDatetime("9999-12-31T23:59:59.999999"), kLastBigQueryMicros);
  EXPECT_EQ(ListedDatetime("1969-12-31T23:59:59.999999"), -1);
  for (const auto* text : {"", "2024-01-01", "2024-01-01 00:00:00", "2024-01-01T00:00:00Z",
                           "2024-02-30T00:00:00", "2024-01-01T24:00:00"}) {
    EXPECT_EQ(ListedDatetime(text), std::nullopt) << text;
  }
}

TEST(ListedValueTest, TimestampsInMicroseconds) {
  EXPECT_EQ(ListedTimestamp("0"), 0);
  EXPECT_EQ(ListedTimestamp("-1"), -1);
  EXPECT_EQ(ListedTimestamp("-62135596800000000"), kFirstBigQueryMicros);
  EXPECT_EQ(ListedTimestamp("253402300799999999"), kLastBigQueryMicros);
}

TEST(ListedValueTest, TimestampsInSeconds) {
  EXPECT_EQ(ListedTimestamp("1.000001"), 1'000'001);
  EXPECT_EQ(ListedTimestamp("0.0"), 0);
  EXPECT_EQ(ListedTimestamp("-0.000001"), -1);
  EXPECT_EQ(ListedTimestamp("1.7E9"), 1'700'000'000'000'000);
  EXPECT_EQ(ListedTimestamp("1.408452095220E9"), 1'408'452'095'220'000);
  EXPECT_EQ(ListedTimestamp("-6.21355968E10"), kFirstBigQueryMicros);
  // As a double this is 253402300800.
  EXPECT_EQ(ListedTimestamp("253402300799.999999"), kLastBigQueryMicros);
}

TEST(ListedValueTest, NoTimestamps) {
  for (const auto* text : {"", "-", "1.0000001", "1e30", "1e-7", "NaN", "1970-01-01T00:00:00.0Z",
                           "9223372036854775808", "e", "."}) {
    EXPECT_EQ(ListedTimestamp(text), std::nullopt) << text;
  }
}

TEST(ListedValueTest, Bytes) {
  EXPECT_EQ(ListedBytes(""), "");
  EXPECT_EQ(ListedBytes("AP8="), std::string("\0\xff", 2));
  for (const auto* text : {"AP8", "A-8=", "AP8=AP8=", "====", "A"}) {
    EXPECT_EQ(ListedBytes(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace headrace
