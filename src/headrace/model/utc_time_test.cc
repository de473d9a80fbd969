#include "headrace/model/utc_time.h"

#include <gtest/gtest.h>

namespace headrace {
namespace {

TEST(UtcTimeTest, KeepsMicroseconds) {
  for (const int64_t micros : {int64_t{0}, int64_t{1'769'903'998'000'123}, int64_t{999'999}}) {
    const std::chrono::system_clock::time_point time{std::chrono::microseconds(micros)};
    EXPECT_EQ(MicrosOfUtcTime(UtcTime(time)).ValueOrDie(), micros) << UtcTime(time);
  }
  EXPECT_EQ(UtcTime(std::chrono::system_clock::time_point{std::chrono::microseconds(1'000'042)}),
            "1970-01-01T00:00:01.000042Z");
}

TEST(UtcTimeTest, SecondsLeaveTheFractionOut) {
  EXPECT_EQ(UtcSeconds(std::chrono::system_clock::time_point{std::chrono::microseconds(1'999'999)}),
            "1970-01-01T00:00:01Z");
}

TEST(UtcTimeTest, ATimeMayHaveNoFraction) {
  EXPECT_EQ(MicrosOfUtcTime("1970-01-02T00:00:01Z").ValueOrDie(), 86'401'000'000);
}

TEST(UtcTimeTest, AFractionMayHaveOtherDigits) {
  EXPECT_EQ(MicrosOfUtcTime("1970-01-01T00:00:01.25Z").ValueOrDie(), 1'250'000);
  EXPECT_EQ(MicrosOfUtcTime("1970-01-01T00:00:00.000001999Z").ValueOrDie(), 1);
}

TEST(UtcTimeTest, OtherTextIsAnError) {
  for (const char* text :
       {"", "Z", "1970-01-01T00:00:00", "1970-01-01 00:00:00Z", "1970-01-01T00:00:00.Z",
        "1970-01-01T00:00:00.000000", "1970-01-01T00:00:00.0000000000Z", "1970-01-01T00:00:00,5Z",
        "1970-01-01T00:00:00.5"}) {
    EXPECT_EQ(ClassOf(MicrosOfUtcTime(text).status()), ErrorClass::kPermanent) << text;
  }
}

}  // namespace
}  // namespace headrace
