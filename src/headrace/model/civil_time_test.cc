#include "headrace/model/civil_time.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

namespace headrace {
namespace {

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
constexpr int64_t kGreatest = std::numeric_limits<int64_t>::max();

TEST(CivilTimeTest, IsoTimes) {
  EXPECT_EQ(IsoTime(0), "1970-01-01T00:00:00");
  EXPECT_EQ(IsoTime(1'709'210'096'000'000), "2024-02-29T12:34:56");
  EXPECT_EQ(IsoTime(-1), "1969-12-31T23:59:59.999999");
  EXPECT_EQ(IsoTime(kLeast), "-290308-12-21T19:59:05.224192");
  EXPECT_EQ(IsoTime(kGreatest), "+294247-01-10T04:00:54.775807");
  // PostgreSQL's first day, 4714-11-24 BC.
  EXPECT_EQ(IsoTime(-2'440'588 * kMicrosPerDay), "-4713-11-24T00:00:00");
  EXPECT_EQ(IsoTime(-719'528 * kMicrosPerDay), "0000-01-01T00:00:00");
}

TEST(CivilTimeTest, OtherTextsAreNoTimes) {
  for (const char* text : {"",
                           "2024-01-01",
                           "2024-01-01 00:00:00",
                           "2024-01-01T00:00:00Z",
                           "24-01-01T00:00:00",
                           "2024-02-30T00:00:00",
                           "2023-02-29T00:00:00",
                           "2024-13-01T00:00:00",
                           "2024-00-01T00:00:00",
                           "2024-01-00T00:00:00",
                           "2024-01-01T24:00:00",
                           "2024-01-01T00:60:00",
                           "2024-01-01T00:00:60",
                           "2024-01-01T00:00:00.1",
                           "2024-01-01T00:00:00.",
                           "+294247-01-10T04:00:54.775808",
                           "-290308-12-21T19:59:05.224191",
                           "12024-01-01T00:00:00",
                           "+1234567-01-01T00:00:00",
                           "2024-01-01T00:00:00.0000000",
                           "infinity"}) {
    EXPECT_EQ(MicrosOfIsoTime(text), std::nullopt) << text;
  }
}

TEST(CivilTimeTest, SecondsReachFurtherThanMicroseconds) {
  const auto text = [](int64_t seconds) {
    std::string date;
    AppendDate(CivilTimeOfSeconds(seconds), date);
    date += ' ';
    AppendTimeOfDay(CivilTimeOfSeconds(seconds), date);
    return date;
  };
  EXPECT_EQ(text(-1), "1969-12-31 23:59:59");
  EXPECT_EQ(text(kLeast), "-292277022657-01-27 08:29:52");
  EXPECT_EQ(text(kGreatest), "+292277026596-12-04 15:30:07");
}

TEST(CivilTimeTest, ShortTimes) {
  const auto text = [](const char* iso) { return ShortTime(*MicrosOfIsoTime(iso)); };
  EXPECT_EQ(text("2024-01-01T00:00:00"), "2024-01-01");
  EXPECT_EQ(text("2024-01-01T09:15:00"), "2024-01-01 09:15");
  EXPECT_EQ(text("2024-01-01T00:00:07"), "2024-01-01 00:00:07");
  EXPECT_EQ(text("2024-01-01T00:00:00.000001"), "2024-01-01 00:00:00.000001");
  EXPECT_EQ(text("-0043-03-15T00:00:00"), "-0043-03-15");
}

RC_GTEST_PROP(CivilTimeProperty, RoundTrips, ()) {
  const auto micros = *rc::gen::oneOf(
      rc::gen::arbitrary<int64_t>(),
      rc::gen::inRange<int64_t>(-kMicrosPerDay * 366 * 3000, kMicrosPerDay * 366 * 3000),
      rc::gen::element(kLeast, kLeast + 1, int64_t{-1}, int64_t{0}, kGreatest - 1, kGreatest));
  RC_ASSERT(MicrosOfIsoTime(IsoTime(micros)) == micros);
}

}  // namespace
}  // namespace headrace
