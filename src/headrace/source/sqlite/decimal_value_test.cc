#include "headrace/source/sqlite/decimal_value.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace headrace::sqlite {
namespace {

/// As text at scale 2 of 10 digits; "none" where it does not fit.
std::string Shown(const std::optional<arrow::Decimal128>& value, int32_t scale = 2) {
  return value ? value->ToString(scale) : "none";
}

DecimalScale Money() { return {10, 2}; }

TEST(DecimalScaleTest, Integers) {
  EXPECT_EQ(Shown(Money().OfInteger(12)), "12.00");
  EXPECT_EQ(Shown(Money().OfInteger(-99'999'999)), "-99999999.00");
  EXPECT_EQ(Shown(Money().OfInteger(100'000'000)), "none");
  EXPECT_EQ(Shown(Money().OfInteger(INT64_MIN)), "none");
  EXPECT_EQ(Shown(DecimalScale(38, 19).OfInteger(INT64_MIN), 19),
            "-9223372036854775808.0000000000000000000");
  EXPECT_EQ(Shown(DecimalScale(38, 37).OfInteger(-9), 37), "-9." + std::string(37, '0'));
  EXPECT_EQ(Shown(DecimalScale(38, 37).OfInteger(10), 37), "none");
  EXPECT_EQ(Shown(DecimalScale(38, 37).OfInteger(40), 37), "none");
  EXPECT_EQ(Shown(DecimalScale(38, 38).OfInteger(INT64_MAX), 38), "none");
}

/// Whatever the number of digits, what does not fit is never what is left of it modulo 2^128.
TEST(DecimalScaleTest, PowersOfTenFitUpToThePrecision) {
  for (int32_t scale = 0; scale <= 38; ++scale) {
    const DecimalScale wide(38, scale);
    for (int32_t power = 0; power <= 80; ++power) {
      for (const char digit : {'1', '4', '7', '9'}) {
        const std::string text = "-" + (digit + std::string(static_cast<size_t>(power), '0'));
        const std::string expected =
            power + scale < 38 ? text + std::string(static_cast<size_t>(scale), '0') : "none";
        ASSERT_EQ(Shown(wide.OfText(text), 0), expected) << text << " at scale " << scale;
        ASSERT_EQ(Shown(wide.OfText(text + ".000"), 0), expected);
        if (power < 18) ASSERT_EQ(Shown(wide.OfInteger(std::stoll(text)), 0), expected);
      }
    }
  }
}

TEST(DecimalScaleTest, RealsStandForTheDecimalThatSqliteWouldStoreAsTheSame) {
  EXPECT_EQ(Shown(Money().OfReal(12.3)), "12.30");
  EXPECT_EQ(Shown(Money().OfReal(0.29)), "0.29");
  EXPECT_EQ(Shown(Money().OfReal(-1234567.89)), "-1234567.89");
  EXPECT_EQ(Shown(Money().OfReal(99'999'999.99)), "99999999.99");
  EXPECT_EQ(Shown(Money().OfReal(0.1 + 0.2)), "none");
  EXPECT_EQ(Shown(Money().OfReal(0.125)), "none");
  EXPECT_EQ(Shown(Money().OfReal(1e8)), "none");
  EXPECT_EQ(Shown(Money().OfReal(std::numeric_limits<double>::infinity())), "none");
}

TEST(DecimalScaleTest, EveryCentComesBack) {
  for (int64_t cents = -200'000; cents <= 200'000; ++cents) {
    const std::string text = arrow::Decimal128(cents).ToString(2);
    ASSERT_EQ(Shown(Money().OfReal(std::stod(text))), text);
  }
}

TEST(DecimalScaleTest, LargeReals) {
  const DecimalScale wide(38, 10);
  EXPECT_EQ(Shown(wide.OfReal(1e20), 10), "100000000000000000000.0000000000");
  EXPECT_EQ(Shown(wide.OfReal(-1.5e15), 10), "-1500000000000000.0000000000");
  EXPECT_EQ(Shown(wide.OfReal(1e30), 10), "none");
  EXPECT_EQ(Shown(wide.OfReal(4e29), 10), "none");
  EXPECT_EQ(Shown(DecimalScale(38, 9).OfReal(-4e29), 9), "none");
  EXPECT_EQ(Shown(wide.OfReal(1e300), 10), "none");
  EXPECT_EQ(Shown(wide.OfReal(1e-300), 10), "none");
}

/// Neighbouring doubles are further apart than the scale's steps here, so that several decimals
/// would be stored as the same one.
TEST(DecimalScaleTest, ARealWhoseExactValueFitsIsThatValue) {
  EXPECT_EQ(Shown(DecimalScale(20, 4).OfReal(1234567890123456.75), 4), "1234567890123456.7500");
  EXPECT_EQ(Shown(DecimalScale(20, 4).OfReal(-1234567890123456.25), 4), "-1234567890123456.2500");
  EXPECT_EQ(Shown(DecimalScale(20, 2).OfReal(1234567890123456.75), 2), "1234567890123456.75");
  EXPECT_EQ(Shown(DecimalScale(38, 0).OfReal(1e23), 0), "99999999999999991611392");
  EXPECT_EQ(Shown(DecimalScale(38, 38).OfReal(0.5), 38), "0." + ("5" + std::string(37, '0')));
  EXPECT_EQ(Shown(DecimalScale(38, 0).OfReal(1e38), 0), "99999999999999997748809823456034029568");
  EXPECT_EQ(Shown(DecimalScale(38, 0).OfReal(1.01e38), 0), "none");
}

TEST(DecimalScaleTest, ARealWhoseExactValueDoesNotFitIsItsShortestDecimal) {
  EXPECT_EQ(Shown(DecimalScale(20, 1).OfReal(1234567890123456.75), 1), "1234567890123456.8");
  EXPECT_EQ(Shown(DecimalScale(20, 0).OfReal(1234567890123456.75), 0), "none");
  EXPECT_EQ(Shown(DecimalScale(38, 30).OfReal(0.1), 30), "0.1" + std::string(29, '0'));
}

TEST(DecimalScaleTest, Text) {
  EXPECT_EQ(Shown(Money().OfText("12.3")), "12.30");
  EXPECT_EQ(Shown(Money().OfText("-0.05")), "-0.05");
  EXPECT_EQ(Shown(Money().OfText("1.2e3")), "1200.00");
  EXPECT_EQ(Shown(Money().OfText("1.500")), "1.50");
  EXPECT_EQ(Shown(Money().OfText("1.5" + std::string(60, '0'))), "1.50");
  EXPECT_EQ(Shown(Money().OfText("0e999999999999")), "0.00");
  for (const char* text : {"1.005", "", "abc", "1,5", " 1", "NaN", "123456789.00", "1e-60",
                           "123456789012345678901234567890123456789012"}) {
    EXPECT_EQ(Shown(Money().OfText(text)), "none") << text;
  }
}

}  // namespace
}  // namespace headrace::sqlite
