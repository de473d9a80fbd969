#include "headrace/observe/human.h"

#include <gtest/gtest.h>

#include <limits>

namespace headrace {
namespace {

TEST(HumanCount, GroupsDigitsByThousands) {
  EXPECT_EQ(HumanCount(0), "0");
  EXPECT_EQ(HumanCount(999), "999");
  EXPECT_EQ(HumanCount(1000), "1,000");
  EXPECT_EQ(HumanCount(1234567), "1,234,567");
  EXPECT_EQ(HumanCount(-123456), "-123,456");
  EXPECT_EQ(HumanCount(std::numeric_limits<int64_t>::min()), "-9,223,372,036,854,775,808");
}

TEST(HumanBytes, ChangesUnitBeforeAFourthDigit) {
  EXPECT_EQ(HumanBytes(0), "0 B");
  EXPECT_EQ(HumanBytes(999), "999 B");
  EXPECT_EQ(HumanBytes(1000), "1.0 kB");
  EXPECT_EQ(HumanBytes(12'345'678), "12.3 MB");
  EXPECT_EQ(HumanBytes(402'000'000), "402 MB");
  EXPECT_EQ(HumanBytes(999'900'000), "1.0 GB");
  EXPECT_EQ(HumanBytes(99'960'000), "100 MB");
  EXPECT_EQ(HumanBytes(2e18), "2000 PB");
}

TEST(HumanSeconds, KeepsTwoOrThreeDigits) {
  EXPECT_EQ(HumanSeconds(-1), "0.00 s");
  EXPECT_EQ(HumanSeconds(0.0421), "0.04 s");
  EXPECT_EQ(HumanSeconds(0.999), "1.0 s");
  EXPECT_EQ(HumanSeconds(9.96), "10 s");
  EXPECT_EQ(HumanSeconds(59.7), "1 min 00 s");
  EXPECT_EQ(HumanSeconds(185), "3 min 05 s");
  EXPECT_EQ(HumanSeconds(7500), "2 h 05 min");
  EXPECT_EQ(HumanWholeSeconds(0.2), "1 s");
  EXPECT_EQ(HumanWholeSeconds(2), "2 s");
}

TEST(HumanPercent, IsHonestAtTheEnds) {
  EXPECT_EQ(HumanPercent(0), "0%");
  EXPECT_EQ(HumanPercent(0.0001), "1%");
  EXPECT_EQ(HumanPercent(0.524), "52%");
  EXPECT_EQ(HumanPercent(0.9999), "99%");
  EXPECT_EQ(HumanPercent(1), "100%");
}

TEST(HumanNumberOf, AddsThePlural) {
  EXPECT_EQ(HumanNumberOf(1, "table"), "1 table");
  EXPECT_EQ(HumanNumberOf(0, "row"), "0 rows");
  EXPECT_EQ(HumanNumberOf(5000, "row"), "5,000 rows");
}

TEST(HumanEstimate, AdmitsWhatIsUnknown) {
  EXPECT_EQ(HumanEstimate(5000, "row"), "about 5,000 rows");
  EXPECT_EQ(HumanEstimate(-1, "row"), "rows unknown");
}

TEST(DisplayWidth, CountsColumnsNotBytes) {
  EXPECT_EQ(DisplayWidth("orders"), 6);
  EXPECT_EQ(DisplayWidth("Straße"), 6);
  EXPECT_EQ(DisplayWidth("注文"), 4);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1);
  EXPECT_EQ(DisplayWidth("\xff\xc3"), 2) << "broken sequences take a column per byte";
}

TEST(TruncateToWidth, NeverCutsACodePoint) {
  EXPECT_EQ(TruncateToWidth("orders", 6), "orders");
  EXPECT_EQ(TruncateToWidth("orders", 4), "ord…");
  EXPECT_EQ(TruncateToWidth("注文注文", 4), "注…");
  EXPECT_EQ(TruncateToWidth("orders", 0), "");
}

TEST(PlainLines, KeepsLinesAndNothingElse) {
  EXPECT_EQ(PlainLines("a\n\tb\x1b[2J\r\n"), "a\n  b\\x1b[2J\\x0d\n");
}

TEST(EscapeControls, LeavesNothingThatCommandsATerminal) {
  EXPECT_EQ(EscapeControls("a\nb\tc\x1b[2J\x7f"), "a\\nb\\tc\\x1b[2J\\x7f");
  EXPECT_EQ(EscapeControls("Straße"), "Straße");
  EXPECT_EQ(EscapeControls("a\xC2\x9B"
                           "31m"),
            "a\\x9b31m");
}

TEST(EscapeControls, ReplacesWhatIsNoText) {
  EXPECT_EQ(EscapeControls("caf\xE9 \xFF"), "caf\uFFFD \uFFFD");
  EXPECT_EQ(PlainLines("\xE9\n\tà"), "\uFFFD\n  à");
}

}  // namespace
}  // namespace headrace
