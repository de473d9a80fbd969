#include "headrace/source/sqlite/moment.h"

#include <gtest/gtest.h>

namespace headrace::sqlite {
namespace {

constexpr int64_t kSecond = 1'000'000;

TEST(MomentOfTextTest, ReadsIso8601) {
  EXPECT_EQ(MicrosOfText("1970-01-02"), 86'400 * kSecond);
  EXPECT_EQ(MicrosOfText("1970-01-01 00:01"), 60 * kSecond);
  EXPECT_EQ(MicrosOfText("1970-01-01T00:00:01"), kSecond);
  EXPECT_EQ(MicrosOfText("1970-01-01 00:00:00.5"), 500'000);
  EXPECT_EQ(MicrosOfText("1969-12-31 23:59:59.999999"), -1);
  EXPECT_EQ(MicrosOfText("0001-01-01"), -62'135'596'800 * kSecond);
  EXPECT_EQ(MicrosOfText("9999-12-31 23:59:59"), 253'402'300'799 * kSecond);
}

TEST(MomentOfTextTest, OffsetsAreTakenToUtc) {
  EXPECT_EQ(MicrosOfText("1970-01-01 02:00:00+02:00"), 0);
  EXPECT_EQ(MicrosOfText("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(MicrosOfText("1969-12-31 19:00:00.25-0500"), 250'000);
}

TEST(MomentOfTextTest, DigitsBelowAMicrosecondMustBeZeros) {
  EXPECT_EQ(MicrosOfText("1970-01-01 00:00:00.1234560"), 123'456);
  EXPECT_EQ(MicrosOfText("1970-01-01 00:00:00.123456000000"), 123'456);
  EXPECT_EQ(MicrosOfText("1970-01-01 00:00:00.1234567"), std::nullopt);
}

TEST(MomentOfTextTest, AnythingElseIsNoMoment) {
  for (const char* text : {"", "2024", "2024-13-01", "2024-02-30", "2024-01-01 24:00:00",
                           "2024-01-01 10:60", "01/02/2024", "now", "12:00:00", " 2024-01-01",
                           "2024-01-01 ", "-4713-11-24", "10000-01-01", "0000-00-00"}) {
    EXPECT_EQ(MicrosOfText(text), std::nullopt) << text;
  }
}

TEST(MomentOfIntegerTest, IsUnixSecondsOfTheYears0To9999) {
  EXPECT_EQ(MicrosOfInteger(0), 0);
  EXPECT_EQ(MicrosOfInteger(-1), -kSecond);
  EXPECT_EQ(MicrosOfInteger(1'700'000'000), 1'700'000'000 * kSecond);
  EXPECT_EQ(MicrosOfInteger(253'402'300'799), 253'402'300'799 * kSecond);
  EXPECT_EQ(MicrosOfInteger(253'402'300'800), std::nullopt);
  EXPECT_EQ(MicrosOfInteger(1'700'000'000'000), std::nullopt) << "milliseconds";
  EXPECT_EQ(MicrosOfInteger(INT64_MIN), std::nullopt);
}

TEST(MomentOfIntegerTest, RefusesWhatMayBeAJulianDay) {
  EXPECT_EQ(MicrosOfInteger(2'460'311), std::nullopt);
  EXPECT_EQ(MicrosOfInteger(1'721'059), 1'721'059 * kSecond);
  EXPECT_EQ(MicrosOfInteger(5'373'485), 5'373'485 * kSecond);
}

TEST(MomentOfRealTest, IsAJulianDayToTheMillisecond) {
  EXPECT_EQ(MicrosOfReal(2'440'587.5), 0);
  // SELECT julianday('2024-02-29 12:34:56.789') of SQLite.
  EXPECT_EQ(MicrosOfReal(2460370.0242683911), MicrosOfText("2024-02-29 12:34:56.789"));
  EXPECT_EQ(MicrosOfReal(1'721'059.5), MicrosOfText("0000-01-01"));
}

TEST(MomentOfRealTest, BeyondJulianDaysIsUnixSecondsWithAFraction) {
  EXPECT_EQ(MicrosOfReal(1'700'000'000.25), 1'700'000'000 * kSecond + 250'000);
  EXPECT_EQ(MicrosOfReal(-0.5), -500'000);
  EXPECT_EQ(MicrosOfReal(0.5), std::nullopt);
  EXPECT_EQ(MicrosOfReal(1e300), std::nullopt);
  EXPECT_EQ(MicrosOfReal(-1e300), std::nullopt);
}

TEST(DaysTest, OnlyMidnightsAreDates) {
  EXPECT_EQ(DaysOfText("1970-01-02"), 1);
  EXPECT_EQ(DaysOfText("1969-12-31 00:00:00"), -1);
  EXPECT_EQ(DaysOfText("1970-01-02 00:00:01"), std::nullopt);
  EXPECT_EQ(DaysOfInteger(-86'400), -1);
  EXPECT_EQ(DaysOfInteger(86'401), std::nullopt);
  EXPECT_EQ(DaysOfInteger(2'505'600), 29) << "no date in Julian days is a whole number";
  EXPECT_EQ(DaysOfReal(2'440'588.5), 1);
  EXPECT_EQ(DaysOfReal(2'440'588.75), std::nullopt);
}

}  // namespace
}  // namespace headrace::sqlite
