#include "headrace/model/held_values.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/json/from_string.h>
#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace headrace {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Rows = std::vector<int64_t>;
using TypePtr = std::shared_ptr<arrow::DataType>;

constexpr StoredRange kTens = {.first = -10, .last = 10};
constexpr StoredRange kDays = {.first = 1, .last = 100};

std::shared_ptr<arrow::Array> FromJson(const TypePtr& type, const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

HeldValues NoNull() { return {.holds_null = false}; }
HeldValues Of(HeldValues elements) { return {.children = {std::move(elements)}}; }

TypePtr DaysType() { return arrow::struct_({arrow::field("day", arrow::date32())}); }

/// Numbers of 64 bits, of which `valid`, a bit each, are not NULL.
std::shared_ptr<arrow::Array> Stored(const TypePtr& type, const std::vector<int64_t>& numbers,
                                     uint8_t valid) {
  const std::string bytes(reinterpret_cast<const char*>(numbers.data()),
                          numbers.size() * sizeof(int64_t));
  return arrow::MakeArray(
      arrow::ArrayData::Make(type, static_cast<int64_t>(numbers.size()),
                             {arrow::Buffer::FromString(std::string(1, static_cast<char>(valid))),
                              arrow::Buffer::FromString(bytes)}));
}

TEST(HeldValuesTest, AllIsHeldByDefault) {
  EXPECT_TRUE(HeldValues{}.holds_all());
  EXPECT_TRUE(Of({}).holds_all());
  EXPECT_FALSE(NoNull().holds_all());
  EXPECT_FALSE(HeldValues{.range = kTens}.holds_all());
  EXPECT_FALSE(Of(Of({.range = kTens})).holds_all());
  EXPECT_THAT(RowsNotHeld(*FromJson(arrow::int32(), "[1, null]"), {}), IsEmpty());
}

TEST(HeldValuesTest, BothEndsOfARangeAreHeldByEveryType) {
  const TypePtr types[] = {arrow::int8(),
                           arrow::int16(),
                           arrow::int32(),
                           arrow::int64(),
                           arrow::date32(),
                           arrow::timestamp(arrow::TimeUnit::SECOND),
                           arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"),
                           arrow::time32(arrow::TimeUnit::SECOND),
                           arrow::time64(arrow::TimeUnit::MICRO)};
  for (const TypePtr& type : types) {
    const auto values = FromJson(type, "[-10, 10, -11, null, 11, 0]");
    EXPECT_EQ(RowsNotHeld(*values, {.range = kTens}), (Rows{2, 4})) << type->ToString();
  }
  for (const TypePtr& type : {arrow::uint8(), arrow::uint16(), arrow::uint32(), arrow::uint64()}) {
    const auto values = FromJson(type, "[0, 10, 11, null]");
    EXPECT_EQ(RowsNotHeld(*values, {.range = kTens}), (Rows{2})) << type->ToString();
  }
}

TEST(HeldValuesTest, NumbersAreComparedAsWhatTheyAre) {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  constexpr int64_t kGreatest = std::numeric_limits<int64_t>::max();
  const auto ends =
      FromJson(arrow::int64(), "[-9223372036854775808, 9223372036854775807, 0, -1, 1]");
  EXPECT_THAT(RowsNotHeld(*ends, {.range = StoredRange{kLeast, kGreatest}}), IsEmpty());
  EXPECT_THAT(RowsNotHeld(*ends, {.range = StoredRange{0, kGreatest}}), ElementsAre(0, 3));
  EXPECT_THAT(RowsNotHeld(*ends, {.range = StoredRange{kLeast, 0}}), ElementsAre(1, 4));
  const auto beyond = FromJson(arrow::uint64(), "[18446744073709551615, 9223372036854775807]");
  EXPECT_THAT(RowsNotHeld(*beyond, {.range = StoredRange{kLeast, kGreatest}}), ElementsAre(0));
}

TEST(HeldValuesTest, WhatIsStoredForANullDoesNotCount) {
  const auto values = Stored(arrow::int64(), {0, 99, 5, -99}, 0b0101);
  EXPECT_THAT(RowsNotHeld(*values, {.range = kTens}), IsEmpty());
  EXPECT_THAT(RowsNotHeld(*values, {.range = StoredRange{0, 4}}), ElementsAre(2));
  EXPECT_THAT(RowsNotHeld(*values, {.range = kTens, .holds_null = false}), ElementsAre(1, 3));
}

TEST(HeldValuesTest, RowsAreThoseOfTheSlice) {
  const auto values = FromJson(arrow::int32(), "[99, 1, 99, null, 99]");
  EXPECT_THAT(RowsNotHeld(*values->Slice(1, 3), {.range = kTens}), ElementsAre(1));
  EXPECT_THAT(RowsNotHeld(*values->Slice(3, 1), NoNull()), ElementsAre(0));
  EXPECT_THAT(RowsNotHeld(*values->Slice(1, 0), {.range = kTens}), IsEmpty());
}

TEST(HeldValuesTest, ARowWithAnElementThatIsNotHeldIsNot) {
  const TypePtr types[] = {arrow::list(arrow::int32()), arrow::large_list(arrow::int32()),
                           arrow::list(arrow::int16())};
  for (const TypePtr& type : types) {
    const auto values = FromJson(type, "[[1, null], [], null, [1, 99], [3], [-99, 2], [1]]");
    EXPECT_EQ(RowsNotHeld(*values, Of({.range = kTens})), (Rows{3, 5}));
    EXPECT_EQ(RowsNotHeld(*values, Of(NoNull())), (Rows{0}));
    EXPECT_EQ(RowsNotHeld(*values->Slice(2, 3), Of({.range = kTens})), (Rows{1}));
  }
  const auto pairs = FromJson(arrow::fixed_size_list(arrow::int32(), 2), "[[1, 2], null, [3, 99]]");
  EXPECT_EQ(RowsNotHeld(*pairs, Of({.range = kTens})), (Rows{2}));
  EXPECT_EQ(RowsNotHeld(*pairs->Slice(1), Of({.range = kTens})), (Rows{1}));
}

TEST(HeldValuesTest, NothingBelowANullIsLookedAt) {
  const auto days = FromJson(arrow::date32(), "[1, null, 999]");
  const auto valid = arrow::Buffer::FromString(std::string(1, '\1'));
  const auto structs =
      std::make_shared<arrow::StructArray>(DaysType(), 3, arrow::ArrayVector{days}, valid);
  const HeldValues day = {.range = kDays, .holds_null = false};
  EXPECT_THAT(RowsNotHeld(*structs, Of(day)), IsEmpty());
  const auto offsets = FromJson(arrow::int32(), "[0, 1, 3]");
  const auto lists = std::make_shared<arrow::ListArray>(
      arrow::list(arrow::date32()), 2,
      std::static_pointer_cast<arrow::Int32Array>(offsets)->values(), days, valid);
  EXPECT_THAT(RowsNotHeld(*lists, Of(day)), IsEmpty());
}

TEST(HeldValuesTest, AMapIsOfEntries) {
  const auto maps =
      FromJson(arrow::map(arrow::int32(), arrow::date32()),
               R"([[[1, 1]], null, [[2, 200], [3, null]], [[4, null]], [[99, 3]], []])");
  EXPECT_THAT(RowsNotHeld(*maps, Of({.children = {{}, {.range = kDays}}})), ElementsAre(2));
  EXPECT_THAT(RowsNotHeld(*maps, Of({.children = {{}, NoNull()}})), ElementsAre(2, 3));
  EXPECT_THAT(RowsNotHeld(*maps, Of({.children = {{.range = kTens}, {}}})), ElementsAre(4));
}

TEST(HeldValuesTest, TheFirstValueNotHeldIsNamedByItsPath) {
  const auto lines = FromJson(arrow::list(DaysType()),
                              R"([[{"day": 1}], null, [{"day": 2}, null, {"day": 200}, {}]])");
  const HeldValues days = Of(Of({.range = kDays}));
  EXPECT_FALSE(FirstNotHeld(*lines, 0, days).has_value());
  EXPECT_FALSE(FirstNotHeld(*lines, 1, days).has_value());
  const auto day = FirstNotHeld(*lines->Slice(1), 1, days);
  ASSERT_TRUE(day.has_value());
  EXPECT_EQ(day->path, "[3].day");
  EXPECT_EQ(day->range, kDays);
  EXPECT_EQ(static_cast<const arrow::Date32Array&>(*day->values).Value(day->row), 200);
  const auto null = FirstNotHeld(*lines, 2, Of(NoNull()));
  ASSERT_TRUE(null.has_value());
  EXPECT_EQ(null->path, "[2]");
  EXPECT_EQ(null->range, std::nullopt);
  EXPECT_TRUE(null->values->IsNull(null->row));
  EXPECT_EQ(FirstNotHeld(*lines, 2, Of(Of(NoNull())))->path, "[4].day");
  EXPECT_EQ(FirstNotHeld(*lines, 1, NoNull())->path, "");
}

TEST(HeldValuesTest, FieldsOfFieldsAreNamedFromTheOutside) {
  const auto inner = arrow::struct_(
      {arrow::field("a", arrow::int64()), arrow::field("b", arrow::list(arrow::date32()))});
  const auto values = FromJson(arrow::struct_({arrow::field("in", inner)}),
                               R"([{"in": {"a": 1000, "b": [1, 2, 200]}}])");
  const HeldValues held = Of({.children = {{}, Of({.range = kDays})}});
  EXPECT_EQ(FirstNotHeld(*values, 0, held)->path, "in.b[3]");
}

}  // namespace
}  // namespace headrace
