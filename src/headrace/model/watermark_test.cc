#include "headrace/model/watermark.h"

#include <arrow/type.h>
#include <gtest/gtest.h>

#include <limits>
#include <variant>

#include "headrace/model/civil_time.h"

namespace headrace {
namespace {

std::shared_ptr<arrow::DataType> Zoned() { return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"); }
std::shared_ptr<arrow::DataType> Local() { return arrow::timestamp(arrow::TimeUnit::MICRO); }

struct Form {
  std::shared_ptr<arrow::DataType> type;
  int64_t value;
  std::string text;
};

std::vector<Form> Forms() {
  return {{arrow::int32(), 4711, "4711"},
          {arrow::int64(), std::numeric_limits<int64_t>::min(), "-9223372036854775808"},
          {arrow::date32(), 19'753 * kMicrosPerDay, "2024-01-31"},
          {Local(), 19'753 * kMicrosPerDay, "2024-01-31T00:00:00"},
          {Zoned(), 19'753 * kMicrosPerDay + 33'300'000'001, "2024-01-31T09:15:00.000001Z"}};
}

TEST(Watermark, ItsTextIsReadBack) {
  for (const Form& form : Forms()) {
    EXPECT_EQ(WatermarkText(*form.type, form.value), form.text);
    EXPECT_EQ(ParseWatermark(*form.type, form.text).ValueOr(0), form.value) << form.text;
  }
}

TEST(Watermark, PeopleWriteTimesInOtherWaysToo) {
  const int64_t day = 19'753 * kMicrosPerDay;
  EXPECT_EQ(ParseWatermark(*Zoned(), "2024-01-31").ValueOr(0), day);
  EXPECT_EQ(ParseWatermark(*Zoned(), "2024-01-31 00:00:01").ValueOr(0), day + kMicrosPerSecond);
  EXPECT_EQ(ParseWatermark(*Local(), "2024-01-31T00:00:00.5").ValueOr(0), day + 500'000);
  EXPECT_EQ(ParseWatermark(*arrow::date32(), "2024-01-31T00:00:00").ValueOr(0), day);
}

TEST(Watermark, WhatIsNoValueOfTheColumnIsRefused) {
  const std::vector<std::pair<std::shared_ptr<arrow::DataType>, std::string>> texts = {
      {arrow::int64(), "2024-01-31"},
      {arrow::int64(), "12 "},
      {arrow::int64(), ""},
      {arrow::int64(), "9223372036854775808"},
      {arrow::date32(), "2024-02-30"},
      {arrow::date32(), "2024-01-31T09:15:00"},
      {Local(), "2024-01-31T09:15:00Z"},
      {Local(), "4711"},
      {Zoned(), "2024-01-31T09:15:00+02:00"},
      {Zoned(), "yesterday"},
      {Zoned(), "2024-01-31T09:15:00."}};
  for (const auto& [type, text] : texts) {
    const auto parsed = ParseWatermark(*type, text);
    EXPECT_EQ(ClassOf(parsed.status()), ErrorClass::kUser) << text;
    EXPECT_NE(parsed.status().message().find("'" + text + "'"), std::string::npos);
  }
}

TEST(Watermark, OnlyWhatHasAnOrderOfItsOwnIsACursor) {
  for (const Form& form : Forms()) EXPECT_TRUE(IsCursorType(*form.type)) << form.type->ToString();
  for (const auto& type : {arrow::uint64(), arrow::utf8(), arrow::float64(), arrow::boolean()}) {
    EXPECT_FALSE(IsCursorType(*type)) << type->ToString();
  }
}

TEST(Watermark, AWindowIsARangeOfTheColumnsKind) {
  EXPECT_EQ(CursorSplit(*arrow::int16(), "id", 1, 9), Split(IdRange{"id", 1, 9}));
  EXPECT_EQ(CursorSplit(*Zoned(), "at", {}, 9), Split(DateRange{"at", {}, 9}));
}

}  // namespace
}  // namespace headrace
