#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/cast.h>
#include <arrow/type.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "headrace/model/civil_time.h"
#include "headrace/transform/cast_rule.h"

// Texts of dates and timestamps, flat and inside of values, of all years that the types reach.
namespace headrace {
namespace {

using TypePtr = std::shared_ptr<arrow::DataType>;
using ArrayPtr = std::shared_ptr<arrow::Array>;

TypePtr MicrosIn(const std::string& zone) { return arrow::timestamp(arrow::TimeUnit::MICRO, zone); }

template <typename Type>
ArrayPtr ArrayOf(const TypePtr& type, const std::vector<typename Type::c_type>& values) {
  typename arrow::TypeTraits<Type>::BuilderType builder(type, arrow::default_memory_pool());
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return builder.Finish().ValueOrDie();
}

std::string TextOf(const ArrayPtr& values) {
  const auto text = FindCast(*values->type(), *arrow::utf8())(*values, arrow::utf8());
  if (!text.ok()) return text.status().ToString();
  return static_cast<const arrow::StringArray&>(**text).GetString(0);
}

std::string TextOfMicros(int64_t micros, const std::string& zone) {
  return TextOf(ArrayOf<arrow::TimestampType>(MicrosIn(zone), {micros}));
}

ArrayPtr ListOf(const ArrayPtr& values) {
  const auto offsets =
      ArrayOf<arrow::Int32Type>(arrow::int32(), {0, static_cast<int32_t>(values->length())});
  return arrow::ListArray::FromArrays(*offsets, *values).ValueOrDie();
}

ArrayPtr StructOf(const ArrayPtr& values) {
  return arrow::StructArray::Make({values}, std::vector<std::string>{"at"}).ValueOrDie();
}

/// IsoTime's form with a space, and with all digits of the fraction.
std::string PaddedIsoTime(int64_t micros) {
  std::string text = IsoTime(micros);
  text.replace(text.find('T'), 1, " ");
  if (text.find('.') == std::string::npos) text += ".000000";
  return text;
}

int64_t AnyMicros() {
  constexpr int64_t kYear = 366 * kMicrosPerDay;
  return *rc::gen::oneOf(rc::gen::arbitrary<int64_t>(),
                         rc::gen::inRange<int64_t>(-40'000 * kYear, 40'000 * kYear),
                         rc::gen::inRange<int64_t>(-3'000 * kYear, 9'000 * kYear),
                         rc::gen::element(std::numeric_limits<int64_t>::min(), int64_t{-1},
                                          int64_t{0}, std::numeric_limits<int64_t>::max()));
}

TEST(TimeTextTest, YearsBeyondFourDigitsHaveASign) {
  const int64_t noon_of_40000 = *MicrosOfIsoTime("+40000-06-01T12:00:00");
  EXPECT_EQ(TextOfMicros(noon_of_40000, "UTC"), "+40000-06-01 12:00:00.000000Z");
  EXPECT_EQ(TextOfMicros(noon_of_40000, ""), "+40000-06-01 12:00:00.000000");
  EXPECT_EQ(TextOfMicros(*MicrosOfIsoTime("+32768-01-01T00:00:00"), "UTC"),
            "+32768-01-01 00:00:00.000000Z");
  EXPECT_EQ(TextOfMicros(*MicrosOfIsoTime("+10000-01-01T00:00:00"), ""),
            "+10000-01-01 00:00:00.000000");
  EXPECT_EQ(TextOfMicros(*MicrosOfIsoTime("-0043-03-15T00:00:00"), "UTC"),
            "-0043-03-15 00:00:00.000000Z");
  EXPECT_EQ(TextOf(ArrayOf<arrow::Date32Type>(arrow::date32(), {2147483647})), "+5881580-07-11");
  EXPECT_EQ(TextOf(ArrayOf<arrow::Date32Type>(arrow::date32(), {-2147483647 - 1})),
            "-5877641-06-23");
}

TEST(TimeTextTest, AFractionHasTheDigitsOfItsUnit) {
  const auto text = [](arrow::TimeUnit::type unit, int64_t value) {
    return TextOf(ArrayOf<arrow::TimestampType>(arrow::timestamp(unit, "UTC"), {value}));
  };
  EXPECT_EQ(text(arrow::TimeUnit::SECOND, -1), "1969-12-31 23:59:59Z");
  EXPECT_EQ(text(arrow::TimeUnit::MILLI, -1), "1969-12-31 23:59:59.999Z");
  EXPECT_EQ(text(arrow::TimeUnit::NANO, 1), "1970-01-01 00:00:00.000000001Z");
  EXPECT_EQ(text(arrow::TimeUnit::SECOND, std::numeric_limits<int64_t>::max()),
            "+292277026596-12-04 15:30:07Z");
}

RC_GTEST_PROP(TimeTextProperty, TimestampsAreWrittenAsTheCalendarKnowsThem, ()) {
  const int64_t micros = AnyMicros();
  const std::string zone = *rc::gen::element<std::string>("", "UTC");
  const std::string expected = PaddedIsoTime(micros) + (zone.empty() ? "" : "Z");
  const ArrayPtr flat = ArrayOf<arrow::TimestampType>(MicrosIn(zone), {micros});
  RC_ASSERT(TextOf(flat) == expected);
  RC_ASSERT(TextOf(ListOf(flat)) == "[\"" + expected + "\"]");
  RC_ASSERT(TextOf(StructOf(flat)) == "{\"at\":\"" + expected + "\"}");
  RC_ASSERT(TextOf(ListOf(StructOf(flat))) == "[{\"at\":\"" + expected + "\"}]");
}

/// Whatever zone a type names, its values are instants.
RC_GTEST_PROP(TimeTextProperty, InstantsAreWrittenInUtc, ()) {
  const int64_t micros = AnyMicros();
  const std::string zone = *rc::gen::element<std::string>("Europe/Berlin", "+05:30", "Etc/UTC");
  const ArrayPtr flat = ArrayOf<arrow::TimestampType>(MicrosIn(zone), {micros});
  RC_ASSERT(TextOf(flat) == PaddedIsoTime(micros) + "Z");
}

RC_GTEST_PROP(TimeTextProperty, DatesAreWrittenAsTheCalendarKnowsThem, ()) {
  constexpr int32_t kMostDays = std::numeric_limits<int64_t>::max() / kMicrosPerDay;
  const auto days = *rc::gen::inRange(-kMostDays, kMostDays);
  const std::string iso = IsoTime(days * kMicrosPerDay);
  const ArrayPtr flat = ArrayOf<arrow::Date32Type>(arrow::date32(), {days});
  RC_ASSERT(TextOf(flat) == iso.substr(0, iso.find('T')));
  RC_ASSERT(TextOf(ListOf(flat)) == "[\"" + iso.substr(0, iso.find('T')) + "\"]");
}

/// Of years that need no sign the text is what it is everywhere.
RC_GTEST_PROP(TimeTextProperty, OrdinaryYearsAreWrittenAsArrowDoes, ()) {
  constexpr int64_t kYear0 = -719'528;
  constexpr int64_t kYear10000 = 2'932'897;
  const auto days = *rc::gen::inRange(kYear0, kYear10000);
  const int64_t micros = days * kMicrosPerDay + *rc::gen::inRange(int64_t{0}, kMicrosPerDay);
  const std::string zone = *rc::gen::element<std::string>("", "UTC");
  for (const ArrayPtr& values :
       {ArrayOf<arrow::TimestampType>(MicrosIn(zone), {micros}),
        ArrayOf<arrow::Date32Type>(arrow::date32(), {static_cast<int32_t>(days)})}) {
    const auto arrows = arrow::compute::Cast(*values, arrow::utf8()).ValueOrDie();
    RC_ASSERT(TextOf(values) == static_cast<const arrow::StringArray&>(*arrows).GetString(0));
  }
}

}  // namespace
}  // namespace headrace
