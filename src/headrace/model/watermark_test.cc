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
  const int64_t hour = 3'600 * kMicrosPerSecond;
  for (const char* text : {"2024-01-31T02:00:00+02:00", "2024-01-31 02:00:00+02",
                           "2024-01-30T18:30:00-0530", "2024-01-31T00:00:00+00"}) {
    EXPECT_EQ(ParseWatermark(*Zoned(), text).ValueOr(0), day) << text;
  }
  EXPECT_EQ(ParseWatermark(*Zoned(), "2024-01-31T00:00:00.5-01:00").ValueOr(0),
            day + hour + 500'000);
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
      {Local(), "2024-01-31T09:15:00+02:00"},
      {arrow::date32(), "2024-01-31T00:00:00+00:00"},
      {Zoned(), "2024-01-31+02:00"},
      {Zoned(), "2024-01-31T09:15:00+2"},
      {Zoned(), "2024-01-31T09:15:00+02:60"},
      {Zoned(), "2024-01-31T09:15:00+16"},
      {Zoned(), "2024-01-31T09:15:00+02:00Z"},
      {Zoned(), "2024-01-31T09:15:00+"},
      {Zoned(), "-290308-12-21T19:59:05.224192+15"},
      {Zoned(), "yesterday"},
      {Zoned(), "2024-01-31T09:15:00."}};
  for (const auto& [type, text] : texts) {
    const auto parsed = ParseWatermark(*type, text);
    EXPECT_EQ(ClassOf(parsed.status()), ErrorClass::kUser) << text;
    EXPECT_NE(parsed.status().message().find("'" + text + "'"), std::string::npos);
  }
}

TEST(Watermark, WhatSomebodyWritesIsAValueOfTheColumn) {
  EXPECT_EQ(ParseCursorValue(*arrow::int16(), "32767").ValueOr(0), 32'767);
  EXPECT_EQ(ParseCursorValue(*arrow::int16(), "-32768").ValueOr(0), -32'768);
  EXPECT_EQ(ParseCursorValue(*arrow::int16(), "32768").status().message(),
            "expected an integer from -32768 to 32767, found '32768'");
  EXPECT_FALSE(ParseCursorValue(*arrow::int32(), "-2147483649").ok());
  EXPECT_FALSE(ParseCursorValue(*arrow::uint8(), "-1").ok());
  EXPECT_EQ(ParseCursorValue(*arrow::uint8(), "255").ValueOr(0), 255);
  for (const Form& form : Forms()) {
    EXPECT_EQ(ParseCursorValue(*form.type, form.text).ValueOr(0), form.value) << form.text;
  }
  EXPECT_EQ(ParseWatermark(*arrow::int16(), "32768").ValueOr(0), 32'768) << "behind the last one";
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
