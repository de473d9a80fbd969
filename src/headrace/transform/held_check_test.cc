#include "headrace/transform/held_check.h"

#include <arrow/array.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/transform/transform.h"

namespace headrace {
namespace {

using ::testing::HasSubstr;

/// Years 1 to 9999.
constexpr StoredRange kDates = {.first = -719'162, .last = 2'932'896};
constexpr StoredRange kInstants = {.first = -62'135'596'800'000'000,
                                   .last = 253'402'300'799'999'999};
constexpr StoredRange kTimesOfDay = {.first = 0, .last = 86'399'999'999};

PlannedColumn HeldColumn(const std::shared_ptr<arrow::DataType>& type, HeldValues held,
                         OverflowPolicy policy = OverflowPolicy::kError) {
  PlannedColumn column;
  column.source_name = "c";
  column.read_type = type;
  column.name = "c_there";
  column.type = type;
  column.on_overflow = policy;
  column.held = std::move(held);
  return column;
}

HeldValues ElementsOfHeld(HeldValues elements) { return {.children = {std::move(elements)}}; }

TablePlan PlanOfKeyAnd(PlannedColumn column) {
  TablePlan plan;
  plan.columns = {HeldColumn(arrow::int64(), {}), std::move(column)};
  plan.columns.front().source_name = "id";
  plan.description.keys = {{.name = "pk", .columns = {"id"}, .primary = true}};
  return plan;
}

/// `json` as the column of `plan` behind its key, which counts from 1.
std::shared_ptr<arrow::RecordBatch> Numbered(const TablePlan& plan, const std::string& json) {
  const auto schema = ReadSchema(plan);
  const auto values = arrow::json::ArrayFromJSONString(schema->field(1)->type(), json).ValueOrDie();
  const auto ids =
      arrow::json::ArrayFromJSONString(arrow::int64(), "[1, 2, 3, 4, 5, 6]").ValueOrDie();
  return arrow::RecordBatch::Make(schema, values->length(),
                                  {ids->Slice(0, values->length()), values});
}

std::string HeldErrorOf(PlannedColumn column, const std::string& json) {
  const TablePlan plan = PlanOfKeyAnd(std::move(column));
  auto transform = Transform::Make(plan).ValueOrDie();
  const auto output = transform.Apply(Numbered(plan, json));
  if (output.ok()) return "no error";
  EXPECT_EQ(ClassOf(output.status()), ErrorClass::kPermanent);
  EXPECT_EQ(transform.TakeNulledValues(), 0);
  return output.status().message();
}

std::shared_ptr<arrow::DataType> UtcInstants() {
  return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
}

TEST(HeldCheckTest, ValuesThatAreHeldAreNotTouched) {
  for (const auto policy :
       {OverflowPolicy::kError, OverflowPolicy::kNull, OverflowPolicy::kString}) {
    const TablePlan plan = PlanOfKeyAnd(HeldColumn(arrow::date32(), {.range = kDates}, policy));
    auto transform = Transform::Make(plan).ValueOrDie();
    const auto batch = Numbered(plan, "[-719162, null, 2932896]");
    const auto output = transform.Apply(batch).ValueOrDie();
    EXPECT_EQ(output->column(1), batch->column(1));
    EXPECT_EQ(transform.TakeNulledValues(), 0);
  }
}

TEST(HeldCheckTest, TheErrorNamesColumnValueRowAndWhatIsHeld) {
  for (const auto policy : {OverflowPolicy::kError, OverflowPolicy::kString}) {
    EXPECT_EQ(HeldErrorOf(HeldColumn(arrow::date32(), {.range = kDates}, policy),
                          "[0, null, 2932897, 2932898]"),
              "column \"c\": +10000-01-01 does not fit the destination's column (id = 3; it holds "
              "0001-01-01 to 9999-12-31); on_overflow: null would load it");
  }
}

TEST(HeldCheckTest, NumbersAreShownAsTheValuesThatTheyStandFor) {
  EXPECT_THAT(HeldErrorOf(HeldColumn(UtcInstants(), {.range = kInstants}), "[-62135596800000001]"),
              HasSubstr("column \"c\": 0000-12-31 23:59:59.999999Z does not fit the destination's "
                        "column (id = 1; it holds 0001-01-01 00:00:00.000000Z to 9999-12-31 "
                        "23:59:59.999999Z); "));
  EXPECT_THAT(HeldErrorOf(HeldColumn(arrow::time64(arrow::TimeUnit::MICRO), {.range = kTimesOfDay}),
                          "[86399999999, 86400000000]"),
              HasSubstr("column \"c\": 24:00:00 does not fit the destination's column (id = 2; it "
                        "holds 00:00:00 to 23:59:59.999999); "));
  EXPECT_THAT(HeldErrorOf(HeldColumn(arrow::int16(), {.range = StoredRange{-5, 300}}), "[-6]"),
              HasSubstr("column \"c\": -6 does not fit the destination's column (id = 1; it holds "
                        "-5 to 300); "));
}

TEST(HeldCheckTest, NullIsNoWayOutOfAColumnWithoutNull) {
  for (const auto policy : {OverflowPolicy::kError, OverflowPolicy::kNull}) {
    const PlannedColumn column =
        HeldColumn(arrow::date32(), {.range = kDates, .holds_null = false}, policy);
    EXPECT_EQ(HeldErrorOf(column, "[0, null]"),
              "column \"c\": NULL does not fit the destination's column (id = 2; it holds no "
              "NULL); correct it in the source, or leave the row out with `where`");
    EXPECT_EQ(HeldErrorOf(column, "[2932897, null]"),
              "column \"c\": +10000-01-01 does not fit the destination's column (id = 1; it holds "
              "0001-01-01 to 9999-12-31); correct it in the source, or leave the row out with "
              "`where`");
  }
}

TEST(HeldCheckTest, OfAListItSaysWhichElement) {
  const auto days = arrow::list(arrow::date32());
  EXPECT_EQ(HeldErrorOf(HeldColumn(days, ElementsOfHeld({.range = kDates, .holds_null = false})),
                        "[[1], [1, 2, null, 2932897]]"),
            "column \"c\": NULL at [3] does not fit the destination's column (id = 2; it holds no "
            "NULL there); on_overflow: null would load the row, with NULL for the whole of \"c\"");
  EXPECT_THAT(HeldErrorOf(HeldColumn(days, ElementsOfHeld({.range = kDates})), "[[null, 2932897]]"),
              HasSubstr("column \"c\": +10000-01-01 at [2] does not fit the destination's column "
                        "(id = 1; it holds 0001-01-01 to 9999-12-31 there); "));
}

TEST(HeldCheckTest, OfAStructItSaysWhichField) {
  const auto lines = arrow::list(arrow::struct_({arrow::field("day", arrow::date32())}));
  EXPECT_THAT(HeldErrorOf(HeldColumn(lines, ElementsOfHeld(ElementsOfHeld({.range = kDates}))),
                          R"([[{"day": 1}, {"day": 2932897}]])"),
              HasSubstr("column \"c\": +10000-01-01 at [2].day does not fit"));
}

TEST(HeldCheckTest, NullPolicyNullsWhatIsNotHeldAndCounts) {
  const auto days = arrow::list(arrow::date32());
  const TablePlan plan = PlanOfKeyAnd(HeldColumn(
      days, ElementsOfHeld({.range = kDates, .holds_null = false}), OverflowPolicy::kNull));
  auto transform = Transform::Make(plan).ValueOrDie();
  const auto batch = Numbered(plan, "[[2932897], [1, 2], [null, 3], null, [], [4, 2932897, null]]");
  const auto output = transform.Apply(batch->Slice(1)).ValueOrDie();
  ASSERT_TRUE(output->ValidateFull().ok());
  EXPECT_TRUE(output->column(1)->Equals(
      arrow::json::ArrayFromJSONString(days, "[[1, 2], null, null, [], null]").ValueOrDie()))
      << output->column(1)->ToString();
  EXPECT_EQ(transform.TakeNulledValues(), 2);
  EXPECT_TRUE(batch->column(1)->IsValid(2));  // The input is not touched.
}

TEST(HeldCheckTest, WhatACastMakesIsLookedAt) {
  PlannedColumn column = HeldColumn(arrow::date32(), {.range = kDates}, OverflowPolicy::kNull);
  column.read_type = arrow::utf8();
  const TablePlan plan = PlanOfKeyAnd(column);
  auto transform = Transform::Make(plan).ValueOrDie();
  const std::string json = R"(["2024-02-29", "no day", "0000-12-31", null, "9999-12-31"])";
  const auto output = transform.Apply(Numbered(plan, json)).ValueOrDie();
  EXPECT_TRUE(output->column(1)->Equals(
      arrow::json::ArrayFromJSONString(arrow::date32(), "[19782, null, null, null, 2932896]")
          .ValueOrDie()))
      << output->column(1)->ToString();
  EXPECT_EQ(transform.TakeNulledValues(), 2);
  column.on_overflow = OverflowPolicy::kError;
  EXPECT_THAT(
      HeldErrorOf(column, R"(["0000-12-31"])"),
      HasSubstr("column \"c\": 0000-12-31 does not fit the destination's column (id = 1; "));
}

}  // namespace
}  // namespace headrace
