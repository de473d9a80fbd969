#include "headrace/source/postgres/time_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/model/civil_time.h"

namespace headrace {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string Iso(std::string_view text) {
  const auto micros = MicrosOfTimeText(text);
  return micros ? IsoTime(*micros) : "none";
}

TEST(TimeTextTest, AsTheServerPrintsThem) {
  EXPECT_EQ(Iso("2024-02-29"), "2024-02-29T00:00:00");
  EXPECT_EQ(Iso("2024-02-29 12:34:56"), "2024-02-29T12:34:56");
  EXPECT_EQ(Iso("2024-02-29 12:34:56.000001"), "2024-02-29T12:34:56.000001");
  EXPECT_EQ(Iso("2024-02-29 12:34:56.5+00"), "2024-02-29T12:34:56.500000");
  EXPECT_EQ(Iso("2024-01-01 00:00:00+05:30"), "2023-12-31T18:30:00");
  EXPECT_EQ(Iso("2023-12-31 23:00:00-03"), "2024-01-01T02:00:00");
  EXPECT_EQ(Iso("0001-01-01 00:19:32+00:19:32"), "0001-01-01T00:00:00");
  EXPECT_EQ(Iso("4714-11-24 BC"), "-4713-11-24T00:00:00");
  EXPECT_EQ(Iso("0001-12-31 23:59:59+00 BC"), "0000-12-31T23:59:59");
  EXPECT_EQ(Iso("10000-01-01"), "+10000-01-01T00:00:00");
}

TEST(TimeTextTest, WhatInt64DoesNotHold) {
  EXPECT_EQ(MicrosOfTimeText("infinity"), kFarFuture);
  EXPECT_EQ(MicrosOfTimeText("-infinity"), kFarPast);
  EXPECT_EQ(MicrosOfTimeText("294276-12-31 23:59:59.999999"), kFarFuture);
  EXPECT_EQ(MicrosOfTimeText("5874897-12-31"), kFarFuture);
}

TEST(TimeTextTest, OtherTextsAreNone) {
  for (const char* text :
       {"", "now", "2024", "2024-01", "01/02/2024", "2024-13-01", "2024-01-01 12",
        "2024-01-01 12:00:00 UTC", "2024-01-01 00:00:00.1234567", "-2024-01-01",
        "99999999999999999999-01-01"}) {
    EXPECT_EQ(MicrosOfTimeText(text), std::nullopt) << text;
  }
}

TEST(TimeTextTest, Arrays) {
  EXPECT_THAT(ParseTimeArray("{1970-01-01,1970-01-02,infinity}"),
              ElementsAre(0, kMicrosPerDay, kFarFuture));
  EXPECT_THAT(ParseTimeArray(R"({"1970-01-01 00:00:00+00","0001-01-01 00:00:00+00 BC"})"),
              ElementsAre(0, *MicrosOfIsoTime("0000-01-01T00:00:00")));
  for (const char* text : {"", "{}", "{", "{a}", "{1970-01-01,}", "{1970-01-01,NULL}"}) {
    EXPECT_THAT(ParseTimeArray(text), IsEmpty()) << text;
  }
}

}  // namespace
}  // namespace headrace
