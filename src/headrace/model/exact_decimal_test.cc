#include "headrace/model/exact_decimal.h"

#include <arrow/type.h>
#include <gtest/gtest.h>

#include <string>

namespace headrace {
namespace {

constexpr DecimalShape kMoney{.precision = 5, .scale = 2};

template <typename Decimal>
std::string Parsed(std::string_view text, DecimalShape shape = kMoney) {
  Decimal unscaled(-1);
  const DecimalFit fit = ParseDecimal(text, shape, unscaled);
  if (fit == DecimalFit::kFits) return unscaled.ToIntegerString();
  EXPECT_EQ(unscaled, Decimal(-1)) << "set, though the number does not fit: " << text;
  return ReasonText(fit, shape);
}

void ExpectParsed(std::string_view text, const std::string& expected) {
  EXPECT_EQ(Parsed<arrow::Decimal128>(text), expected) << text;
  EXPECT_EQ(Parsed<arrow::Decimal256>(text), expected) << text;
}

TEST(ParseDecimalTest, WhatIsWrittenAndNothingElse) {
  ExpectParsed("12.3", "1230");
  ExpectParsed("-0.05", "-5");
  ExpectParsed("+.5", "50");
  ExpectParsed("7.", "700");
  ExpectParsed("999.99", "99999");
  ExpectParsed("-0", "0");
  ExpectParsed("000001.50000000000", "150");
  ExpectParsed("1e2", "10000");
  ExpectParsed("1E+2", "10000");
  ExpectParsed("12300e-2", "12300");
  ExpectParsed("0.0000000123e10", "12300");
}

TEST(ParseDecimalTest, WhatDoesNotFitHasAReason) {
  ExpectParsed("1000", "more digits before the point than 3");
  ExpectParsed("1e3", "more digits before the point than 3");
  ExpectParsed("1e99999999999999999999", "more digits before the point than 3");
  ExpectParsed("0.001", "more digits behind the point than 2");
  ExpectParsed("1e-3", "more digits behind the point than 2");
  ExpectParsed("1e-99999999999999999999", "more digits behind the point than 2");
  ExpectParsed("0e99999999999999999999", "0");
}

TEST(ParseDecimalTest, WhatWritesNoNumber) {
  for (const char* text : {"", "-", ".", "-.", "e5", "1e", "1e+", "1,5", " 1", "1 ", "--1", "1.2.3",
                           "1e5.", "NaN", "inf", "0x1F", "1_000"}) {
    ExpectParsed(text, "not a decimal number");
  }
}

TEST(ParseDecimalTest, AsManyDigitsAsATypeHas) {
  const std::string nines38(38, '9');
  const std::string nines76(76, '9');
  EXPECT_EQ(Parsed<arrow::Decimal128>("-" + nines38, {.precision = 38}), "-" + nines38);
  EXPECT_EQ(Parsed<arrow::Decimal128>("0." + nines38, {.precision = 38, .scale = 38}), nines38);
  EXPECT_EQ(Parsed<arrow::Decimal256>("-" + nines76, {.precision = 76}), "-" + nines76);
  EXPECT_EQ(Parsed<arrow::Decimal256>("0." + nines76, {.precision = 76, .scale = 76}), nines76);
  EXPECT_EQ(Parsed<arrow::Decimal128>(nines38 + "9", {.precision = 38}),
            "more digits before the point than 38");
}

template <typename From, typename To>
std::string Rescaled(const std::string& unscaled, int32_t scale, DecimalShape shape) {
  To rescaled(-1);
  const DecimalRescaler<From, To> rescale(scale, shape);
  const DecimalFit fit = rescale(From(unscaled), rescaled);
  return fit == DecimalFit::kFits ? rescaled.ToIntegerString() : ReasonText(fit, shape);
}

TEST(DecimalRescalerTest, GrowsUpToThePrecision) {
  constexpr DecimalShape kWide{.precision = 38, .scale = 9};
  const auto rescaled = Rescaled<arrow::Decimal128, arrow::Decimal128>;
  const std::string nines29(29, '9');
  EXPECT_EQ(rescaled(nines29, 0, kWide), nines29 + "000000000");
  EXPECT_EQ(rescaled("-" + nines29, 0, kWide), "-" + nines29 + "000000000");
  EXPECT_EQ(rescaled("1" + std::string(29, '0'), 0, kWide), "more digits before the point than 29");
  EXPECT_EQ(rescaled("-4" + std::string(29, '0'), 0, kWide),
            "more digits before the point than 29");
  EXPECT_EQ(rescaled("0", 0, {.precision = 38, .scale = 38}), "0");
  EXPECT_EQ(rescaled("1", 0, {.precision = 38, .scale = 38}),
            "more digits before the point than 0");
}

TEST(DecimalRescalerTest, ShrinksByZerosAlone) {
  const auto rescaled = Rescaled<arrow::Decimal128, arrow::Decimal128>;
  EXPECT_EQ(rescaled("-123000", 5, kMoney), "-123");
  EXPECT_EQ(rescaled("123001", 5, kMoney), "more digits behind the point than 2");
  EXPECT_EQ(rescaled("100000000", 5, kMoney), "more digits before the point than 3");
}

TEST(DecimalRescalerTest, BetweenTheWidths) {
  const std::string nines38(38, '9');
  EXPECT_EQ((Rescaled<arrow::Decimal128, arrow::Decimal256>("-" + nines38, 0,
                                                            {.precision = 76, .scale = 38})),
            "-" + nines38 + std::string(38, '0'));
  EXPECT_EQ((Rescaled<arrow::Decimal256, arrow::Decimal128>("-" + nines38 + std::string(38, '0'),
                                                            38, {.precision = 38})),
            "-" + nines38);
  EXPECT_EQ((Rescaled<arrow::Decimal256, arrow::Decimal128>("1" + nines38, 0, {.precision = 38})),
            "more digits before the point than 38");
}

TEST(ShapeOfTest, OfBothWidths) {
  EXPECT_EQ(ShapeOf(*arrow::decimal128(12, 2)).precision, 12);
  EXPECT_EQ(ShapeOf(*arrow::decimal256(60, 7)).scale, 7);
}

}  // namespace
}  // namespace headrace
