#include "headrace/transform/cast_rule.h"

#include <arrow/array.h>
#include <arrow/compare.h>
#include <arrow/json/from_string.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "headrace/model/type_name.h"
#include "headrace/transform/text_bound.h"

namespace headrace {
namespace {

using TypePtr = std::shared_ptr<arrow::DataType>;

TypePtr Micros() { return arrow::timestamp(arrow::TimeUnit::MICRO); }
TypePtr MicrosUtc() { return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"); }
TypePtr TimeMicros() { return arrow::time64(arrow::TimeUnit::MICRO); }
TypePtr Tags() { return arrow::list(arrow::utf8()); }
TypePtr Point() {
  return arrow::struct_({arrow::field("x", arrow::float64()), arrow::field("on", arrow::date32())});
}

/// One cast: values before and after, as the JSON of arrow/json/from_string.h.
struct CastCase {
  TypePtr from;
  std::string before;
  TypePtr to;
  std::string after;  ///< Empty: there is no equal value of that type.
};

std::ostream& operator<<(std::ostream& out, const CastCase& c) {
  return out << c.from->ToString() << " " << c.before << " -> " << c.to->ToString();
}

std::shared_ptr<arrow::Array> FromJson(const TypePtr& type, const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

class CastRuleTest : public ::testing::TestWithParam<CastCase> {};

TEST_P(CastRuleTest, KeepsTheValueOrFails) {
  const CastCase& c = GetParam();
  const CastFunction cast = FindCast(*c.from, *c.to);
  ASSERT_NE(cast, nullptr);
  const auto result = cast(*FromJson(c.from, c.before), c.to);
  if (c.after.empty()) {
    ASSERT_FALSE(result.ok()) << (*result)->ToString();
    EXPECT_TRUE(result.status().IsInvalid()) << result.status();
  } else {
    ASSERT_TRUE(result.ok()) << result.status();
    ASSERT_TRUE((*result)->ValidateFull().ok());
    EXPECT_TRUE((*result)->Equals(FromJson(c.to, c.after),
                                  arrow::EqualOptions::Defaults().nans_equal(true)))
        << (*result)->ToString();
  }
}

TEST_P(CastRuleTest, TextIsWithinItsBound) {
  const CastCase& c = GetParam();
  if (c.after.empty() || c.to->id() != arrow::Type::STRING) return;
  const auto values = FromJson(c.from, c.before);
  const auto text = FindCast(*c.from, *c.to)(*values, c.to).ValueOrDie();
  EXPECT_LE(TextBytesOf(ArrayRange::Whole(*text->data())),
            MostTextBytes(ArrayRange::Whole(*values->data())));
}

INSTANTIATE_TEST_SUITE_P(
    Numbers, CastRuleTest,
    ::testing::Values(
        CastCase{arrow::int64(), "[5, null, -7]", arrow::int16(), "[5, null, -7]"},
        CastCase{arrow::int64(), "[32768]", arrow::int16(), ""},
        CastCase{arrow::int64(), "[0, 1, null]", arrow::boolean(), "[false, true, null]"},
        CastCase{arrow::int64(), "[2]", arrow::boolean(), ""},
        CastCase{arrow::boolean(), "[true, null]", arrow::int32(), "[1, null]"},
        CastCase{arrow::int64(), "[9007199254740992]", arrow::float64(), "[9007199254740992]"},
        CastCase{arrow::int64(), "[9007199254740993, null]", arrow::float64(),
                 "[9007199254740992, null]"},
        CastCase{arrow::int64(), "[-9223372036854775807]", arrow::float32(),
                 "[-9223372036854775808]"},
        CastCase{arrow::float64(), "[1.00000000001]", arrow::float32(), "[1]"},
        CastCase{arrow::decimal128(38, 3), R"(["123456789012345678901.123"])", arrow::float64(),
                 "[1.2345678901234568e+20]"},
        CastCase{arrow::int64(), "[5, null]", arrow::decimal128(12, 2), R"(["5.00", null])"},
        CastCase{arrow::int64(), "[12345678901]", arrow::decimal128(12, 2), ""},
        CastCase{arrow::int64(), "[1]", arrow::decimal256(76, 70),
                 R"(["1.0000000000000000000000000000000000000000000000000000000000000000000000"])"},
        CastCase{arrow::float64(), "[2.0, null]", arrow::int32(), "[2, null]"},
        CastCase{arrow::float64(), "[1.5]", arrow::int32(), ""},
        CastCase{arrow::float64(), "[NaN]", arrow::int64(), ""},
        CastCase{arrow::float64(), "[9223372036854775808]", arrow::int64(), ""},
        CastCase{arrow::float64(), "[0.5, NaN, Inf, null]", arrow::float32(),
                 "[0.5, NaN, Inf, null]"},
        CastCase{arrow::float64(), "[1e300]", arrow::float32(), ""},
        CastCase{arrow::float64(), "[1e-300]", arrow::float32(), ""},
        CastCase{arrow::float64(), "[0.1, 2]", arrow::decimal128(12, 2), R"(["0.10", "2.00"])"},
        CastCase{arrow::float64(), "[1.239]", arrow::decimal128(12, 2), ""},
        CastCase{arrow::float64(), "[NaN]", arrow::decimal128(12, 2), ""},
        CastCase{arrow::decimal128(12, 2), R"(["2.00", null])", arrow::int64(), "[2, null]"},
        CastCase{arrow::decimal128(12, 2), R"(["1.50"])", arrow::int64(), ""},
        CastCase{arrow::decimal128(38, 2), R"(["100000000000000000000.00"])", arrow::int64(), ""},
        CastCase{arrow::decimal128(12, 2), R"(["1.50"])", arrow::decimal128(5, 1), R"(["1.5"])"},
        CastCase{arrow::decimal128(12, 2), R"(["1.55"])", arrow::decimal128(12, 1), ""},
        CastCase{arrow::decimal128(12, 2), R"(["1234.55"])", arrow::decimal128(5, 2), ""},
        CastCase{arrow::decimal128(12, 2), R"(["0.10", null])", arrow::float64(), "[0.1, null]"},
        CastCase{arrow::decimal128(12, 2), R"(["2165727388.22"])", arrow::float64(),
                 "[2165727388.22]"},
        CastCase{arrow::decimal256(76, 76), R"(["0E-76"])", arrow::float64(), "[0]"},
        CastCase{arrow::decimal128(38, 0), R"(["400000000000000000000000000000"])",
                 arrow::decimal128(38, 9), ""},
        CastCase{arrow::decimal128(38, 0), R"(["10000000000000000000000000000"])",
                 arrow::decimal128(38, 9), R"(["10000000000000000000000000000.000000000"])"},
        CastCase{arrow::int64(), "[40]", arrow::decimal128(38, 37), ""},
        CastCase{arrow::float64(), "[4e29]", arrow::decimal128(38, 9), ""},
        CastCase{arrow::decimal256(41, 16), R"(["1234567890123456789012345.5000000000000000"])",
                 arrow::decimal128(38, 9), R"(["1234567890123456789012345.500000000"])"},
        CastCase{arrow::decimal256(76, 0), R"(["1)" + std::string(70, '0') + R"("])",
                 arrow::float32(), ""}));

INSTANTIATE_TEST_SUITE_P(
    FromText, CastRuleTest,
    ::testing::Values(
        CastCase{arrow::utf8(), R"(["12", "-7", null])", arrow::int64(), "[12, -7, null]"},
        CastCase{arrow::utf8(), R"(["0x1F"])", arrow::int64(), ""},
        CastCase{arrow::utf8(), R"(["5.00", "+7", "1e3", "120e-1", "-0", "007"])", arrow::int64(),
                 "[5, 7, 1000, 12, 0, 7]"},
        CastCase{arrow::utf8(), R"(["-32768.0"])", arrow::int16(), "[-32768]"},
        CastCase{arrow::utf8(), R"(["32768"])", arrow::int16(), ""},
        CastCase{arrow::utf8(), R"(["-9223372036854775808.0"])", arrow::int64(),
                 "[-9223372036854775808]"},
        CastCase{arrow::utf8(), R"(["-9223372036854775809"])", arrow::int64(), ""},
        CastCase{arrow::utf8(), R"(["1e400"])", arrow::int64(), ""},
        CastCase{arrow::utf8(), R"(["5.5"])", arrow::int64(), ""},
        CastCase{arrow::utf8(), R"(["NaN"])", arrow::int64(), ""},
        CastCase{arrow::utf8(), R"([" 5"])", arrow::int64(), ""},
        CastCase{arrow::utf8(), R"([""])", arrow::int64(), ""},
        CastCase{arrow::utf8(), R"(["9223372036854775808"])", arrow::int64(), ""},
        CastCase{arrow::utf8(), R"(["0.1", "1e3", "inf", null])", arrow::float64(),
                 "[0.1, 1000, Inf, null]"},
        CastCase{arrow::utf8(), R"(["0.000", "-0e5"])", arrow::float64(), "[0.0, -0.0]"},
        CastCase{arrow::utf8(), R"(["1e400"])", arrow::float64(), ""},
        CastCase{arrow::utf8(), R"(["1e-400"])", arrow::float64(), ""},
        CastCase{arrow::utf8(), R"(["1e40"])", arrow::float32(), ""},
        CastCase{arrow::utf8(), R"(["12.3", "-0.05", null])", arrow::decimal128(12, 2),
                 R"(["12.30", "-0.05", null])"},
        CastCase{arrow::utf8(), R"(["12.345"])", arrow::decimal128(12, 2), ""},
        CastCase{arrow::utf8(), R"(["4e29"])", arrow::decimal128(38, 9), ""},
        CastCase{arrow::utf8(), R"(["-4e38"])", arrow::decimal128(38, 0), ""},
        CastCase{arrow::utf8(), R"(["400000000000000000000000000000000000000"])",
                 arrow::decimal128(38, 0), ""},
        CastCase{arrow::utf8(), R"(["1e37"])", arrow::decimal256(76, 70), ""},
        CastCase{arrow::utf8(), R"(["1234567890123456789012345.5000000000000000"])",
                 arrow::decimal128(38, 9), R"(["1234567890123456789012345.500000000"])"},
        CastCase{arrow::utf8(), R"(["NaN"])", arrow::decimal128(12, 2), ""},
        CastCase{arrow::utf8(), R"(["12345678901"])", arrow::decimal128(12, 2), ""},
        CastCase{arrow::utf8(), R"(["true", "FALSE", "0", null])", arrow::boolean(),
                 "[true, false, false, null]"},
        CastCase{arrow::utf8(), R"(["t", "f", "1"])", arrow::boolean(), "[true, false, true]"},
        CastCase{arrow::utf8(), R"(["yes"])", arrow::boolean(), ""},
        CastCase{
            arrow::utf8(),
            R"(["2024-01-01 00:00:00.000", "2024-01-01T00:00:00", "-0043-03-15", "+12024-01-01"])",
            arrow::date32(), "[19723, 19723, -735160, 3672148]"},
        CastCase{arrow::utf8(), R"(["+5881580-07-11", "-5877641-06-23"])", arrow::date32(),
                 "[2147483647, -2147483648]"},
        CastCase{arrow::utf8(), R"(["+5881580-07-12"])", arrow::date32(), ""},
        CastCase{arrow::utf8(), R"(["12024-01-01"])", arrow::date32(), ""},
        CastCase{arrow::utf8(), R"(["2024-01-01 00:00:01"])", arrow::date32(), ""},
        CastCase{arrow::utf8(), R"(["2024-01-01 00:00:00."])", arrow::date32(), ""},
        CastCase{arrow::utf8(), R"(["2024-01-01 00:00:00Z"])", arrow::date32(), ""},
        CastCase{arrow::utf8(), R"(["2024-13-01"])", arrow::date32(), ""},
        CastCase{arrow::utf8(), R"(["2024-1-01"])", arrow::date32(), ""},
        CastCase{arrow::utf8(), R"(["2024-02-29", null])", arrow::date32(), "[19782, null]"},
        CastCase{arrow::utf8(), R"(["2023-02-29"])", arrow::date32(), ""},
        CastCase{arrow::utf8(), R"(["10:00:00.000001", "23:59:59", null])", TimeMicros(),
                 "[36000000001, 86399000000, null]"},
        CastCase{arrow::utf8(), R"(["24:00:00"])", TimeMicros(), ""},
        CastCase{arrow::utf8(), R"(["10:00:00+02"])", TimeMicros(), ""},
        CastCase{arrow::utf8(), R"([""])", TimeMicros(), ""},
        CastCase{arrow::utf8(), R"(["10:00:00"])", arrow::time32(arrow::TimeUnit::SECOND),
                 "[36000]"},
        CastCase{arrow::utf8(), R"(["10:00:00.5"])", arrow::time32(arrow::TimeUnit::SECOND), ""},
        CastCase{arrow::utf8(), R"(["2024-01-01 10:00:00.123456", null])", Micros(),
                 R"(["2024-01-01 10:00:00.123456", null])"},
        CastCase{arrow::utf8(), R"(["2024-01-01 10:00:00.1234567"])", Micros(), ""},
        CastCase{arrow::utf8(), R"(["2024-01-01 10:00:00Z"])", Micros(), ""},
        CastCase{arrow::utf8(), R"(["2024-01-01 10:00:00+02"])", MicrosUtc(),
                 R"(["2024-01-01 08:00:00Z"])"},
        CastCase{arrow::utf8(), R"(["2024-01-01 10:00:00"])", MicrosUtc(), ""},
        CastCase{arrow::utf8(), R"(["ab", null])", arrow::binary(), R"(["ab", null])"}));

INSTANTIATE_TEST_SUITE_P(
    Times, CastRuleTest,
    ::testing::Values(CastCase{arrow::date32(), "[1, null]", Micros(), R"(["1970-01-02", null])"},
                      CastCase{arrow::date32(), "[2147483647]", Micros(), ""},
                      CastCase{Micros(), R"(["2024-01-01", null])", arrow::date32(),
                               "[19723, null]"},
                      CastCase{Micros(), R"(["2024-01-01 00:00:01"])", arrow::date32(), ""},
                      CastCase{Micros(), R"(["2024-01-01 00:00:00.5"])",
                               arrow::timestamp(arrow::TimeUnit::SECOND), ""},
                      CastCase{MicrosUtc(), R"(["2024-01-01 10:00:00Z"])", Micros(),
                               R"(["2024-01-01 10:00:00"])"}));

INSTANTIATE_TEST_SUITE_P(
    ToText, CastRuleTest,
    ::testing::Values(
        CastCase{arrow::boolean(), "[true, null]", arrow::utf8(), R"(["true", null])"},
        CastCase{arrow::int64(), "[-5, null]", arrow::utf8(), R"(["-5", null])"},
        CastCase{arrow::float64(), "[0.1, 1e20, NaN]", arrow::utf8(), R"(["0.1", "1e+20", "nan"])"},
        CastCase{arrow::decimal128(38, 10), R"(["0.0000001000", "-12.5000000000", null])",
                 arrow::utf8(), R"(["0.0000001000", "-12.5000000000", null])"},
        CastCase{arrow::decimal128(5, 5), R"(["-0.00001", "0.00000"])", arrow::utf8(),
                 R"(["-0.00001", "0.00000"])"},
        CastCase{arrow::decimal256(50, 0), R"(["123"])", arrow::utf8(), R"(["123"])"},
        CastCase{arrow::date32(), "[0, null]", arrow::utf8(), R"(["1970-01-01", null])"},
        CastCase{arrow::date32(), "[2147483647]", arrow::utf8(), R"(["+5881580-07-11"])"},
        CastCase{TimeMicros(), "[3723000004]", arrow::utf8(), R"(["01:02:03.000004"])"},
        CastCase{Micros(), R"(["2024-01-01 05:00:00"])", arrow::utf8(),
                 R"(["2024-01-01 05:00:00.000000"])"},
        CastCase{MicrosUtc(), R"(["2024-01-01 05:00:00Z"])", arrow::utf8(),
                 R"(["2024-01-01 05:00:00.000000Z"])"},
        CastCase{arrow::binary(), R"(["ab", null])", arrow::utf8(), R"(["ab", null])"},
        CastCase{Tags(), R"([["a", "q\"", null], [], null])", arrow::utf8(),
                 R"(["[\"a\",\"q\\\"\",null]", "[]", null])"},
        CastCase{arrow::list(arrow::int32()), "[[1, null], [2]]", arrow::utf8(),
                 R"(["[1,null]", "[2]"])"},
        CastCase{Point(), R"([{"x": 1.5, "on": 0}, {"x": NaN, "on": null}, null])", arrow::utf8(),
                 R"(["{\"x\":1.5,\"on\":\"1970-01-01\"}", "{\"x\":\"nan\",\"on\":null}", null])"}));

TEST(FindCastTest, WhatHasNoObviousMeaningIsNotThere) {
  EXPECT_EQ(FindCast(*arrow::int64(), *Micros()), nullptr);
  EXPECT_EQ(FindCast(*arrow::int32(), *arrow::date32()), nullptr);
  EXPECT_EQ(FindCast(*Micros(), *TimeMicros()), nullptr);
  EXPECT_EQ(FindCast(*Tags(), *arrow::int64()), nullptr);
  EXPECT_EQ(FindCast(*arrow::binary(), *arrow::int64()), nullptr);
}

/// What FindCast has a function for, Arrow can do: on no values at all it fails for none.
TEST(FindCastTest, WhatIsThereWorks) {
  std::vector<TypePtr> types = {Tags(), Point()};
  for (const TypeName& name : TypeNames()) {
    const bool decimal = name.name == "decimal(p,s)";
    types.push_back(ParseTypeName(decimal ? "decimal(12,2)" : name.name).ValueOrDie());
  }
  types.push_back(arrow::decimal256(50, 2));
  for (const TypePtr& from : types) {
    for (const TypePtr& to : types) {
      const CastFunction cast = FindCast(*from, *to);
      if (cast == nullptr) continue;
      const auto result = cast(*FromJson(from, "[null]"), to);
      EXPECT_TRUE(result.ok()) << from->ToString() << " -> " << to->ToString() << result.status();
    }
  }
}

TEST(CastTargetsTest, NamesTypesOfTheJobFile) {
  EXPECT_EQ(CastTargets(*arrow::binary()), "string, bytes");
  EXPECT_EQ(CastTargets(*Tags()), "string");
  EXPECT_EQ(CastTargets(*arrow::int64()),
            "bool, int16, int32, int64, float, double, decimal(p,s), string");
}

TEST(RoundsToBitsTest, OnlyWhereATypeHoldsMoreDigits) {
  for (const TypePtr& from : {arrow::int64(), arrow::utf8(), arrow::decimal128(12, 2)}) {
    EXPECT_EQ(RoundsToBits(*from, *arrow::float64()), 53) << from->ToString();
    EXPECT_EQ(RoundsToBits(*from, *arrow::float32()), 24) << from->ToString();
    EXPECT_EQ(RoundsToBits(*from, *arrow::int32()), 0) << from->ToString();
  }
  EXPECT_EQ(RoundsToBits(*arrow::int32(), *arrow::float64()), 0);
  EXPECT_EQ(RoundsToBits(*arrow::int32(), *arrow::float32()), 24);
  EXPECT_EQ(RoundsToBits(*arrow::int16(), *arrow::float32()), 0);
  EXPECT_EQ(RoundsToBits(*arrow::float64(), *arrow::float32()), 24);
  EXPECT_EQ(RoundsToBits(*arrow::float32(), *arrow::float64()), 0);
}

TEST(FindCastTest, TextOfNestedValuesIsWithinItsBound) {
  const TypePtr odd_names = arrow::struct_({arrow::field("a\"b\\c\n", arrow::boolean()),
                                            arrow::field("d\u00e9", arrow::utf8()),
                                            arrow::field("e", arrow::list(arrow::int64()))});
  const std::string json =
      R"([[{"a\"b\\c\n": false, "dé": "\u0001\u0002\"", "e": [-9223372036854775808, null]},
           {"a\"b\\c\n": null, "dé": null, "e": []}, null], null, []])";
  const auto values = FromJson(arrow::list(odd_names), json);
  const auto text = FindCast(*values->type(), *arrow::utf8())(*values, arrow::utf8()).ValueOrDie();
  for (int64_t row = 0; row < 3; ++row) {
    EXPECT_LE(TextBytesOf(ArrayRange::Whole(*text->Slice(row, 1)->data())),
              MostTextBytes(ArrayRange::Whole(*values->Slice(row, 1)->data())));
  }
  EXPECT_EQ(static_cast<const arrow::StringArray&>(*text).GetView(0),
            R"([{"a\"b\\c\n":false,"dé":"\u0001\u0002\"","e":[-9223372036854775808,null]},)"
            R"({"a\"b\\c\n":null,"dé":null,"e":[]},null])");
}

TEST(FindCastTest, ManyElementsAreCastLikeFew) {
  constexpr int kElements = 5'000;
  std::string json;
  for (int i = 0; i < kElements; ++i) json += (i > 0 ? "," : "") + std::to_string(i);
  const TypePtr list = arrow::list(arrow::int16());
  const auto values = FromJson(list, "[[7], [" + json + "], [], [8, 9]]")->Slice(1);
  const auto text = FindCast(*list, *arrow::utf8())(*values, arrow::utf8()).ValueOrDie();
  EXPECT_TRUE(text->Equals(FromJson(arrow::utf8(), "[\"[" + json + "]\", \"[]\", \"[8,9]\"]")));
}

TEST(FindCastTest, SlicesOfListsAreCastLikeTheWhole) {
  const TypePtr list = arrow::list(arrow::list(arrow::int64()));
  const auto values = FromJson(list, "[[[1], [2, 3]], null, [[4, 5], []], [[6]], [null, [7]]]");
  const auto whole = FindCast(*list, *arrow::utf8())(*values, arrow::utf8()).ValueOrDie();
  for (int64_t first = 0; first <= values->length(); ++first) {
    for (int64_t count = 0; count <= values->length() - first; ++count) {
      const auto part =
          FindCast(*list, *arrow::utf8())(*values->Slice(first, count), arrow::utf8()).ValueOrDie();
      EXPECT_TRUE(part->Equals(whole->Slice(first, count))) << part->ToString();
    }
  }
}

TEST(FindCastTest, SlicesAreCastLikeTheWhole) {
  const auto values = FromJson(arrow::utf8(), R"(["x", "1.50", null, "2"])")->Slice(1);
  const TypePtr decimal = arrow::decimal128(5, 2);
  const auto decimals = FindCast(*arrow::utf8(), *decimal)(*values, decimal);
  ASSERT_TRUE(decimals.ok()) << decimals.status();
  EXPECT_TRUE((*decimals)->Equals(FromJson(decimal, R"(["1.50", null, "2.00"])")));
  const auto text = FindCast(*decimal, *arrow::utf8())(*(*decimals)->Slice(1), arrow::utf8());
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_TRUE((*text)->Equals(FromJson(arrow::utf8(), R"([null, "2.00"])")));
}

}  // namespace
}  // namespace headrace
