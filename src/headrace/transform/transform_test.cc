#include "headrace/transform/transform.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/model/batch_bytes.h"

namespace headrace {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

PlannedColumn Planned(std::string source_name, std::shared_ptr<arrow::DataType> read,
                      std::string name, std::shared_ptr<arrow::DataType> type,
                      OverflowPolicy policy = OverflowPolicy::kError) {
  PlannedColumn column;
  column.source_name = std::move(source_name);
  column.read_type = std::move(read);
  column.name = std::move(name);
  column.type = std::move(type);
  column.on_overflow = policy;
  return column;
}

/// A batch of one column, `amount`, from JSON.
std::shared_ptr<arrow::RecordBatch> Amounts(const std::shared_ptr<arrow::DataType>& type,
                                            const std::string& json) {
  const auto values = arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("amount", type)}), values->length(),
                                  {values});
}

TablePlan AmountPlan(OverflowPolicy policy) {
  TablePlan plan;
  plan.columns = {Planned("amount", arrow::utf8(), "amount_usd", arrow::decimal128(5, 2), policy)};
  return plan;
}

std::string ErrorOf(const TablePlan& plan, const std::shared_ptr<arrow::RecordBatch>& batch,
                    ErrorClass expected) {
  auto transform = Transform::Make(plan);
  const arrow::Status status =
      transform.ok() ? transform->Apply(batch).status() : transform.status();
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(ClassOf(status), expected);
  return status.message();
}

TEST(TransformTest, RenameSharesTheArrays) {
  TablePlan plan;
  plan.columns = {Planned("amount", arrow::int64(), "total", arrow::int64())};
  auto transform = Transform::Make(plan).ValueOrDie();
  const auto batch = Amounts(arrow::int64(), "[1, null]");
  const auto output = transform.Apply(batch).ValueOrDie();
  EXPECT_EQ(output->schema()->field(0)->name(), "total");
  EXPECT_EQ(output->column(0), batch->column(0));
  EXPECT_EQ(transform.TakeNulledValues(), 0);
}

TEST(TransformTest, CastsToTheOutputSchema) {
  const TablePlan plan = AmountPlan(OverflowPolicy::kError);
  auto transform = Transform::Make(plan).ValueOrDie();
  const auto output = transform.Apply(Amounts(arrow::utf8(), R"(["1.5", null])")).ValueOrDie();
  EXPECT_TRUE(output->schema()->Equals(OutputSchema(plan), true));
  ASSERT_TRUE(output->ValidateFull().ok());
  const auto expected =
      arrow::json::ArrayFromJSONString(arrow::decimal128(5, 2), R"(["1.50", null])").ValueOrDie();
  EXPECT_TRUE(output->column(0)->Equals(expected));
}

TEST(TransformTest, ErrorNamesColumnValueAndRow) {
  EXPECT_EQ(
      ErrorOf(AmountPlan(OverflowPolicy::kError),
              Amounts(arrow::utf8(), R"(["1.5", "2", "12.345", "x"])"), ErrorClass::kPermanent),
      "column \"amount\": 12.345 does not fit decimal128(5, 2) (amount = 12.345; more "
      "digits behind the point than 2); on_overflow: null would load it");
}

TEST(TransformTest, WhatIsNoNumberIsAnOverflowAsAnyOther) {
  EXPECT_THAT(
      ErrorOf(AmountPlan(OverflowPolicy::kError), Amounts(arrow::utf8(), R"(["NaN"])"),
              ErrorClass::kPermanent),
      AllOf(HasSubstr("column \"amount\": NaN does not fit decimal128(5, 2) (amount = NaN; "),
            HasSubstr("; on_overflow: null would load it")));
}

TEST(TransformTest, ErrorNamesTheRowsKeyWhereTheBatchHoldsIt) {
  TablePlan plan = AmountPlan(OverflowPolicy::kError);
  plan.columns.push_back(Planned("id", arrow::int64(), "id", arrow::int64()));
  plan.description.keys = {{.name = "pk", .columns = {"id"}, .primary = true}};
  const auto amounts =
      arrow::json::ArrayFromJSONString(arrow::utf8(), R"(["1.5", "12.345"])").ValueOrDie();
  const auto ids = arrow::json::ArrayFromJSONString(arrow::int64(), "[7, 8]").ValueOrDie();
  const auto batch = arrow::RecordBatch::Make(ReadSchema(plan), 2, {amounts, ids});
  EXPECT_THAT(ErrorOf(plan, batch, ErrorClass::kPermanent),
              HasSubstr("column \"amount\": 12.345 does not fit decimal128(5, 2) (id = 8; "));
}

TEST(TransformTest, WithoutItsKeyARowIsNamedByItsFirstPlainColumns) {
  TablePlan plan = AmountPlan(OverflowPolicy::kError);
  plan.description.keys = {{.name = "pk", .columns = {"id"}, .primary = true}};
  const auto ints = arrow::list(arrow::int64());
  plan.columns.push_back(Planned("list", ints, "list", ints));
  arrow::ArrayVector columns = {
      arrow::json::ArrayFromJSONString(arrow::utf8(), R"(["12.345"])").ValueOrDie(),
      arrow::json::ArrayFromJSONString(ints, "[[1]]").ValueOrDie()};
  for (const char* name : {"a", "b", "c", "d"}) {
    plan.columns.push_back(Planned(name, arrow::int64(), name, arrow::int64()));
    columns.push_back(arrow::json::ArrayFromJSONString(arrow::int64(), "[7]").ValueOrDie());
  }
  const auto batch = arrow::RecordBatch::Make(ReadSchema(plan), 1, columns);
  EXPECT_THAT(ErrorOf(plan, batch, ErrorClass::kPermanent),
              HasSubstr("(amount = 12.345, a = 7, b = 7, c = 7; "));
}

TEST(TransformTest, RowsAreNamedByTheTextsOfTimesInAnyYear) {
  TablePlan plan = AmountPlan(OverflowPolicy::kError);
  const auto instants = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  plan.columns.push_back(Planned("day", arrow::date32(), "day", arrow::date32()));
  plan.columns.push_back(Planned("at", instants, "at", instants));
  plan.description.keys = {{.name = "pk", .columns = {"day", "at"}, .primary = true}};
  const auto batch = arrow::RecordBatch::Make(
      ReadSchema(plan), 1,
      {arrow::json::ArrayFromJSONString(arrow::utf8(), R"(["12.345"])").ValueOrDie(),
       arrow::json::ArrayFromJSONString(arrow::date32(), "[2147483647]").ValueOrDie(),
       arrow::json::ArrayFromJSONString(instants, "[9223372036854775807]").ValueOrDie()});
  EXPECT_THAT(ErrorOf(plan, batch, ErrorClass::kPermanent),
              HasSubstr("(day = +5881580-07-11, at = +294247-01-10 04:00:54.775807Z; "));
}

TEST(TransformTest, ATimeThatDoesNotFitIsNamedInAnyYear) {
  TablePlan plan;
  plan.columns = {
      Planned("amount", arrow::date32(), "amount", arrow::timestamp(arrow::TimeUnit::MICRO))};
  EXPECT_THAT(ErrorOf(plan, Amounts(arrow::date32(), "[2147483647]"), ErrorClass::kPermanent),
              HasSubstr("column \"amount\": +5881580-07-11 does not fit timestamp[us]"));
}

TEST(TransformTest, ErrorsOfTextAreInPlainWords) {
  struct Case {
    std::shared_ptr<arrow::DataType> type;
    std::string text;
    std::string reason;
  };
  for (const Case& c : {Case{arrow::int64(), "x", "not a decimal number"},
                        Case{arrow::int64(), "5.5", "not a whole number"},
                        Case{arrow::int16(), "32768", "out of the range of int16"},
                        Case{arrow::int64(), "1e30", "out of the range of int64"},
                        Case{arrow::boolean(), "x", "neither true nor false"},
                        Case{arrow::float64(), "x", "not a number"},
                        Case{arrow::float64(), "1e400", "out of the range of double"},
                        Case{arrow::date32(), "x", "not a date"},
                        Case{arrow::time64(arrow::TimeUnit::MICRO), "x",
                             "not a time of day of whole microseconds without a zone"},
                        Case{arrow::timestamp(arrow::TimeUnit::MICRO), "2024-01-01 10:00:00Z",
                             "not a date and time of whole microseconds without a zone"},
                        Case{arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), "2024-01-01 10:00:00",
                             "not a date and time of whole microseconds with a zone"}}) {
    TablePlan plan;
    plan.columns = {Planned("amount", arrow::utf8(), "amount", c.type)};
    EXPECT_THAT(
        ErrorOf(plan, Amounts(arrow::utf8(), "[\"" + c.text + "\"]"), ErrorClass::kPermanent),
        HasSubstr("(amount = " + c.text + "; " + c.reason + "); on_overflow"));
  }
}

TEST(TransformTest, LongValuesAreShortenedBetweenCharacters) {
  std::string euros;
  for (int i = 0; i < 40; ++i) euros += "€";
  const std::string message =
      ErrorOf(AmountPlan(OverflowPolicy::kString), Amounts(arrow::utf8(), "[\"" + euros + "\"]"),
              ErrorClass::kPermanent);
  EXPECT_THAT(message, HasSubstr(": " + euros.substr(0, 78) + "… does not fit "));
}

TEST(TransformTest, NullPolicyNullsOnlyWhatDoesNotFitAndCounts) {
  auto transform = Transform::Make(AmountPlan(OverflowPolicy::kNull)).ValueOrDie();
  const auto batch =
      Amounts(arrow::utf8(), R"(["skipped", "1", "NaN", null, "2.5", "99999", "3"])")->Slice(1);
  const auto output = transform.Apply(batch).ValueOrDie();
  ASSERT_TRUE(output->ValidateFull().ok());
  const auto expected =
      arrow::json::ArrayFromJSONString(arrow::decimal128(5, 2),
                                       R"(["1.00", null, null, "2.50", null, "3.00"])")
          .ValueOrDie();
  EXPECT_TRUE(output->column(0)->Equals(expected)) << output->column(0)->ToString();
  EXPECT_EQ(transform.TakeNulledValues(), 2);
  EXPECT_EQ(transform.TakeNulledValues(), 0);
}

TEST(TransformTest, ALongValueIsShortenedWhereverItStands) {
  const std::string value(5000, 'x');
  for (const auto& type : {arrow::int64(), arrow::float64(), arrow::decimal128(5, 2),
                           arrow::date32(), arrow::boolean(), arrow::time64(arrow::TimeUnit::MICRO),
                           arrow::timestamp(arrow::TimeUnit::MICRO)}) {
    TablePlan plan;
    plan.columns = {Planned("amount", arrow::utf8(), "amount", type)};
    plan.description.keys = {{.name = "key", .columns = {"amount"}, .primary = true}};
    const std::string message =
        ErrorOf(plan, Amounts(arrow::utf8(), "[\"" + value + "\"]"), ErrorClass::kPermanent);
    EXPECT_THAT(message, HasSubstr("amount = xxx"));
    EXPECT_LT(message.size(), 600U) << message;
  }
}

TEST(TransformTest, NullPolicyWithoutNullsBefore) {
  TablePlan plan;
  plan.columns = {
      Planned("amount", arrow::int64(), "amount", arrow::int16(), OverflowPolicy::kNull)};
  auto transform = Transform::Make(plan).ValueOrDie();
  const auto input = Amounts(arrow::int64(), "[1, 70000, 3]");
  const auto output = transform.Apply(input).ValueOrDie();
  EXPECT_TRUE(output->column(0)->Equals(
      arrow::json::ArrayFromJSONString(arrow::int16(), "[1, null, 3]").ValueOrDie()));
  EXPECT_EQ(input->column(0)->null_count(), 0);  // The input is not touched.
  EXPECT_EQ(transform.TakeNulledValues(), 1);
}

TEST(TransformTest, ImpossibleCastIsAnErrorOfTheJob) {
  TablePlan plan;
  plan.columns = {Planned("tags", arrow::list(arrow::utf8()), "tags", arrow::int64())};
  EXPECT_THAT(ErrorOf(plan, nullptr, ErrorClass::kUser),
              HasSubstr("column \"tags\": there is no cast from list<"));
}

TEST(TransformTest, BatchOfAnotherTypeIsABug) {
  EXPECT_EQ(
      ErrorOf(AmountPlan(OverflowPolicy::kError), Amounts(arrow::int64(), "[1]"), ErrorClass::kBug),
      "column \"amount\" was read as int64 instead of string");
}

TEST(TransformTest, LineageColumnsFollow) {
  TablePlan plan;
  plan.columns = {Planned("amount", arrow::int64(), "amount", arrow::int64())};
  plan.lineage = {.enabled = true, .run = "run-7", .loaded_at_micros = 1'700'000'000'000'000};
  auto transform = Transform::Make(plan).ValueOrDie();
  for (const char* json : {"[1]", "[1, 2, 3]", "[1, 2]"}) {
    const auto output = transform.Apply(Amounts(arrow::int64(), json)).ValueOrDie();
    ASSERT_TRUE(output->ValidateFull().ok());
    EXPECT_TRUE(output->schema()->Equals(OutputSchema(plan), true));
    for (int64_t row = 0; row < output->num_rows(); ++row) {
      EXPECT_EQ(output->column(1)->GetScalar(row).ValueOrDie()->ToString(), "run-7");
      EXPECT_EQ(static_cast<const arrow::TimestampArray&>(*output->column(2)).Value(row),
                1'700'000'000'000'000);
    }
  }
}

TEST(TransformTest, LineageCostsEachBatchItsRows) {
  TablePlan plan;
  plan.columns = {Planned("amount", arrow::int64(), "amount", arrow::int64())};
  plan.lineage = {.enabled = true, .run = "run-7", .loaded_at_micros = 1'700'000'000'000'000};
  auto transform = Transform::Make(plan).ValueOrDie();
  const auto apply = [&](int64_t rows) {
    const auto values = arrow::MakeArrayFromScalar(arrow::Int64Scalar(1), rows).ValueOrDie();
    const auto batch = arrow::RecordBatch::Make(ReadSchema(plan), rows, {values});
    return BatchBytes(*transform.Apply(batch).ValueOrDie());
  };
  const int64_t one = apply(1);
  EXPECT_EQ(apply(50'000), 50'000 * one);
  EXPECT_EQ(apply(10), 10 * one);
}

TablePlan TagsAsText() {
  TablePlan plan;
  plan.columns = {Planned("id", arrow::int64(), "id", arrow::int64()),
                  Planned("days", arrow::list(arrow::date32()), "days", arrow::utf8())};
  return plan;
}

std::shared_ptr<arrow::RecordBatch> Days(const TablePlan& plan, const std::string& json) {
  const auto days =
      arrow::json::ArrayFromJSONString(arrow::list(arrow::date32()), json).ValueOrDie();
  const auto ids = arrow::MakeArrayFromScalar(arrow::Int64Scalar(7), days->length()).ValueOrDie();
  return arrow::RecordBatch::Make(ReadSchema(plan), days->length(), {ids, days});
}

TEST(TransformTest, RowsWithinBoundsTheText) {
  const TablePlan plan = TagsAsText();
  auto transform = Transform::Make(plan).ValueOrDie();
  std::string json = "[";
  for (int row = 0; row < 300; ++row) json += std::string(row > 0 ? "," : "") + "[1, 2, 3, null]";
  auto batch = Days(plan, json + "]");
  constexpr int64_t kBytes = 1000;
  int64_t rows = 0;
  int64_t parts = 0;
  for (; batch->num_rows() > 0; ++parts) {
    const int64_t count = transform.RowsWithin(*batch, kBytes);
    ASSERT_GE(count, 1);
    const auto part = transform.Apply(batch->Slice(0, count)).ValueOrDie();
    EXPECT_LE(static_cast<const arrow::StringArray&>(*part->column(1)).total_values_length(),
              kBytes);
    rows += count;
    batch = batch->Slice(count);
  }
  EXPECT_EQ(rows, 300);
  EXPECT_LT(parts, 60);  // Of 12,900 bytes in all.
}

TEST(TransformTest, RowsWithinIsOneRowAtLeast) {
  const TablePlan plan = TagsAsText();
  const auto transform = Transform::Make(plan).ValueOrDie();
  EXPECT_EQ(transform.RowsWithin(*Days(plan, "[[1, 2, 3], [4]]"), 1), 1);
}

TEST(TransformTest, RowsWithinIsAllRowsWhereNothingBecomesText) {
  const TablePlan plan = AmountPlan(OverflowPolicy::kError);
  const auto transform = Transform::Make(plan).ValueOrDie();
  EXPECT_EQ(transform.RowsWithin(*Amounts(arrow::utf8(), R"(["1.5", "2"])"), 1), 2);
}

TEST(TransformTest, NullPolicyLeavesOutListsWithoutText) {
  const auto lists = arrow::list(arrow::binary());
  TablePlan plan;
  plan.columns = {Planned("parts", lists, "parts", arrow::utf8(), OverflowPolicy::kNull)};
  auto transform = Transform::Make(plan).ValueOrDie();
  const auto parts =
      arrow::json::ArrayFromJSONString(lists, R"([["a"], ["b", "?", "c"], ["d", null], ["e"]])")
          .ValueOrDie();
  const auto& bytes = static_cast<const arrow::ListArray&>(*parts).values()->data();
  bytes->buffers[2]->mutable_data()[2] = 0xFF;
  const auto output =
      transform.Apply(arrow::RecordBatch::Make(ReadSchema(plan), 4, {parts})).ValueOrDie();
  EXPECT_EQ(transform.TakeNulledValues(), 1);
  EXPECT_TRUE(output->column(0)->Equals(
      arrow::json::ArrayFromJSONString(arrow::utf8(),
                                       R"(["[\"a\"]", null, "[\"d\",null]", "[\"e\"]"])")
          .ValueOrDie()))
      << output->column(0)->ToString();
}

}  // namespace
}  // namespace headrace
