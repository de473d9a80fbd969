#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "headrace/transform/cast_rule.h"
#include "headrace/transform/unfit_rows.h"

// What finds values that do not fit says the same of each value as its cast alone.
namespace headrace {
namespace {

using TypePtr = std::shared_ptr<arrow::DataType>;

std::vector<TypePtr> Targets() {
  return {arrow::boolean(),
          arrow::int16(),
          arrow::int32(),
          arrow::int64(),
          arrow::float32(),
          arrow::float64(),
          arrow::decimal128(12, 2),
          arrow::decimal128(38, 20),
          arrow::decimal256(60, 10),
          arrow::date32(),
          arrow::time64(arrow::TimeUnit::MICRO),
          arrow::timestamp(arrow::TimeUnit::MICRO),
          arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"),
          arrow::timestamp(arrow::TimeUnit::SECOND),
          arrow::time32(arrow::TimeUnit::SECOND),
          arrow::binary(),
          arrow::utf8()};
}

/// Each as it is, mutilated, or with something in front or behind.
std::string AnyText() {
  std::string text = *rc::gen::element<std::string>(
      "", "0", "1", "-1", "+1", "true", "FALSE", "t", "32767", "-32768", "32768", "2147483647",
      "-2147483648", "2147483648", "9223372036854775807", "-9223372036854775808",
      "9223372036854775808", "0x1F", "0007", "1.50", "-0.05", ".5", "5.", ".", "1e3", "1E-3", "1e",
      "1e400", "1e-400", "1e39", "1e-46", "inf", "-Infinity", "nan", "0e5", "2024-02-29",
      "2023-02-29", "2024-02-29 10:00:00", "2024-02-29T10:00:00.123456", "2024-02-29 10:00:00Z",
      "2024-02-29 10:00:00+02:00", "2024-02-29 10:00:00.1234567", "-0001-01-01", "10:00:00",
      "23:59:59.5", "24:00:00", "10:00", "10:00:00Z", "10:00:00.1234567", "5.00", "+7", "-32768.0",
      "1e18", "é",
      "99999999999999999999999999999999999999999999999999999999999999999999999999999.5");
  if (*rc::gen::inRange(0, 4) == 0) text += *rc::gen::element(' ', '0', '1', '.', 'e', '-', 'x');
  if (*rc::gen::inRange(0, 8) == 0) text = *rc::gen::element(' ', '0', '-', '+') + text;
  if (!text.empty() && *rc::gen::inRange(0, 8) == 0) text.pop_back();
  return text;
}

int64_t AnyInteger() {
  const auto edge = *rc::gen::element<int64_t>(0, 1, 2, INT16_MAX, INT16_MIN, INT32_MAX, INT32_MIN,
                                               INT64_MAX, INT64_MIN, 10'000'000'000);
  const auto step = *rc::gen::inRange<int64_t>(-1, 2);
  return edge == INT64_MAX || edge == INT64_MIN ? edge : edge + step;
}

double AnyReal() {
  return *rc::gen::element(0.0, -0.0, 0.5, -1.5, 1e300, 1e-300, 32767.0, 32768.0, -32769.0,
                           2147483647.0, 2147483648.0, -2147483649.0, 9223372036854775808.0,
                           -9223372036854775808.0, 9223372036854774784.0, 1e29, 12.345, 12.34,
                           std::numeric_limits<double>::infinity(),
                           std::numeric_limits<double>::quiet_NaN());
}

arrow::Decimal256 AnyPowerOfTen(int most) {
  arrow::Decimal256 power(*rc::gen::element(1, -1, 0));
  for (int i = *rc::gen::inRange(0, most + 1); i > 0; --i) power *= arrow::Decimal256(10);
  return power;
}

/// A character cut short, an overlong one, a surrogate and what is beyond the last are no UTF-8.
std::string AnyBytes() {
  return *rc::gen::element<std::string>("", "a", "é", "€", "\xF0\x9F\x98\x80", "\xFF", "\xC3",
                                        "a\x80", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80");
}

int32_t AnyDay() {
  return *rc::gen::oneOf(rc::gen::arbitrary<int32_t>(), rc::gen::inRange(-1'000'000, 20'000'000),
                         rc::gen::element(0, INT32_MAX, INT32_MIN, 106'751'991, 106'751'992,
                                          -106'751'991, -106'751'992));
}

int64_t AnyTick() {
  constexpr int64_t kDay = 86'400'000'000;
  return *rc::gen::oneOf(
      rc::gen::arbitrary<int64_t>(),
      rc::gen::map(rc::gen::inRange(-1'000'000, 1'000'000), [](int64_t day) { return day * kDay; }),
      rc::gen::map(rc::gen::arbitrary<int32_t>(), [](int64_t s) { return s * 1'000'000; }),
      rc::gen::map(rc::gen::arbitrary<int32_t>(), [](int64_t day) { return day * 86'400; }),
      rc::gen::element<int64_t>(0, 1, -1, INT64_MAX, INT64_MIN, kDay - 1));
}

/// Forty values, some of them NULL, of which the first three are cut off.
template <typename Builder, typename Any>
std::shared_ptr<arrow::Array> SliceOf(Builder& builder, const Any& any) {
  constexpr int kValues = 40;
  constexpr int kCut = 3;
  for (int i = 0; i < kValues; ++i) {
    const bool null = *rc::gen::inRange(0, 10) == 0;
    EXPECT_TRUE((null ? builder.AppendNull() : builder.Append(any())).ok());
  }
  return builder.Finish().ValueOrDie()->Slice(kCut);
}

std::vector<int64_t> UnfitByCasts(const arrow::Array& values, const TypePtr& to) {
  const CastFunction cast = FindCast(*values.type(), *to);
  std::vector<int64_t> rows;
  for (int64_t row = 0; row < values.length(); ++row) {
    if (!cast(*values.Slice(row, 1), to).ok()) rows.push_back(row);
  }
  return rows;
}

/// What has no such function fits.
UnfitResult Unfit(const arrow::Array& values, const TypePtr& to) {
  const UnfitFunction unfit = FindUnfit(*values.type(), *to);
  return unfit == nullptr ? std::vector<int64_t>{} : unfit(values, *to);
}

/// To every type that there is a cast to: `expected` of them.
void CheckAll(const std::shared_ptr<arrow::Array>& values, int expected) {
  int checked = 0;
  for (const TypePtr& to : Targets()) {
    if (FindCast(*values->type(), *to) == nullptr) continue;
    const auto rows = Unfit(*values, to);
    if (!rows.ok()) RC_FAIL(rows.status().ToString());
    RC_LOG() << values->ToString() << " to " << to->ToString() << "\n";
    RC_ASSERT(*rows == UnfitByCasts(*values, to));
    ++checked;
  }
  RC_ASSERT(checked == expected);
}

RC_GTEST_PROP(UnfitRowsProperty, Text, ()) {
  arrow::StringBuilder builder;
  CheckAll(SliceOf(builder, AnyText), 17);
}

RC_GTEST_PROP(UnfitRowsProperty, Integers, ()) {
  arrow::Int64Builder builder;
  CheckAll(SliceOf(builder, AnyInteger), 10);
}

RC_GTEST_PROP(UnfitRowsProperty, SmallIntegers, ()) {
  arrow::Int16Builder builder;
  CheckAll(SliceOf(builder, [] { return static_cast<int16_t>(AnyInteger()); }), 10);
}

RC_GTEST_PROP(UnfitRowsProperty, Reals, ()) {
  arrow::DoubleBuilder doubles;
  CheckAll(SliceOf(doubles, AnyReal), 9);
  arrow::FloatBuilder floats;
  CheckAll(SliceOf(floats, [] { return static_cast<float>(AnyReal()); }), 9);
}

RC_GTEST_PROP(UnfitRowsProperty, Decimals, ()) {
  const auto any = [] { return arrow::Decimal128(AnyInteger()); };
  arrow::Decimal128Builder whole(arrow::decimal128(38, 0));
  CheckAll(SliceOf(whole, any), 9);
  arrow::Decimal128Builder cents(arrow::decimal128(38, 2));
  CheckAll(SliceOf(cents, any), 9);
  arrow::Decimal256Builder wide(arrow::decimal256(70, 3));
  CheckAll(SliceOf(wide, [] { return arrow::Decimal256(AnyInteger()) * 1000; }), 9);
  arrow::Decimal256Builder large(arrow::decimal256(76, 0));
  CheckAll(SliceOf(large, [] { return AnyPowerOfTen(75); }), 9);
  arrow::Decimal256Builder small(arrow::decimal256(76, 76));
  CheckAll(SliceOf(small, [] { return AnyPowerOfTen(75); }), 9);
}

RC_GTEST_PROP(UnfitRowsProperty, Booleans, ()) {
  arrow::BooleanBuilder builder;
  CheckAll(SliceOf(builder, [] { return *rc::gen::arbitrary<bool>(); }), 4);
}

RC_GTEST_PROP(UnfitRowsProperty, Bytes, ()) {
  arrow::BinaryBuilder builder;
  CheckAll(SliceOf(builder, AnyBytes), 2);
}

RC_GTEST_PROP(UnfitRowsProperty, Dates, ()) {
  arrow::Date32Builder builder;
  CheckAll(SliceOf(builder, AnyDay), 4);
}

RC_GTEST_PROP(UnfitRowsProperty, Times, ()) {
  constexpr int64_t kDay = 86'400'000'000;
  arrow::Time64Builder builder(arrow::time64(arrow::TimeUnit::MICRO), arrow::default_memory_pool());
  CheckAll(SliceOf(builder,
                   [] {
                     return *rc::gen::oneOf(rc::gen::inRange<int64_t>(0, kDay),
                                            rc::gen::element<int64_t>(0, 1'000'000, kDay - 1));
                   }),
           3);
}

RC_GTEST_PROP(UnfitRowsProperty, Timestamps, ()) {
  for (const TypePtr& type :
       {arrow::timestamp(arrow::TimeUnit::MICRO), arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"),
        arrow::timestamp(arrow::TimeUnit::SECOND)}) {
    arrow::TimestampBuilder builder(type, arrow::default_memory_pool());
    CheckAll(SliceOf(builder, AnyTick), 5);
  }
}

/// Also under NULL the elements are some bytes or other, which nobody is to look at.
std::shared_ptr<arrow::Array> HidingNulls(const std::shared_ptr<arrow::Array>& values) {
  std::vector<int64_t> rows;
  for (int64_t row = 0; row < values->length(); ++row) {
    if (*rc::gen::inRange(0, 3) == 0) rows.push_back(row);
  }
  return WithNulls(*values, rows).ValueOrDie();
}

/// `count` lists of the elements in turn.
std::shared_ptr<arrow::Array> ListsOf(const std::shared_ptr<arrow::Array>& elements, int count) {
  arrow::Int32Builder offsets;
  const auto length = static_cast<int32_t>(elements->length());
  int32_t offset = *rc::gen::inRange(0, 3);
  for (int i = 0; i <= count; ++i) {
    EXPECT_TRUE(offsets.Append(std::min(offset, length)).ok());
    offset += *rc::gen::inRange(0, 4);
  }
  return arrow::ListArray::FromArrays(*offsets.Finish().ValueOrDie(), *elements).ValueOrDie();
}

RC_GTEST_PROP(UnfitRowsProperty, Nested, ()) {
  arrow::BinaryBuilder bytes;
  arrow::Date32Builder days;
  const auto structs =
      HidingNulls(arrow::StructArray::Make({SliceOf(bytes, AnyBytes), SliceOf(days, AnyDay)},
                                           std::vector<std::string>{"a", "b"})
                      .ValueOrDie());
  CheckAll(structs, 1);
  const auto lists = HidingNulls(ListsOf(structs, 20));
  CheckAll(lists->Slice(*rc::gen::inRange(0, 5)), 1);
  CheckAll(HidingNulls(ListsOf(lists, 8)), 1);
  CheckAll(HidingNulls(std::make_shared<arrow::FixedSizeListArray>(
                           arrow::fixed_size_list(structs->type(), 2), 18, structs)
                           ->Slice(*rc::gen::inRange(0, 5))),
           1);
}

}  // namespace
}  // namespace headrace
