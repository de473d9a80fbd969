#include "headrace/model/table_plan.h"

#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <gtest/gtest.h>

namespace headrace {
namespace {

TablePlan RenamedAndCast() {
  PlannedColumn column;
  column.source_name = "amount";
  column.source_type = "numeric(12,2)";
  column.read_type = arrow::utf8();
  column.name = "amount_usd";
  column.type = arrow::decimal128(12, 2);
  column.nullable = false;
  column.comment = "in dollars";
  TablePlan plan;
  plan.columns = {column};
  return plan;
}

TEST(TablePlanTest, ReadSchemaIsTheSources) {
  EXPECT_TRUE(ReadSchema(RenamedAndCast())
                  ->Equals(*arrow::schema({arrow::field("amount", arrow::utf8(), false)})));
}

TEST(TablePlanTest, OutputSchemaIsTheDestinations) {
  const auto schema = OutputSchema(RenamedAndCast());
  EXPECT_TRUE(schema->Equals(
      *arrow::schema({arrow::field("amount_usd", arrow::decimal128(12, 2), false)}), false));
  const auto& metadata = *schema->field(0)->metadata();
  EXPECT_EQ(*metadata.Get("headrace.source_type"), "numeric(12,2)");
  EXPECT_EQ(*metadata.Get("headrace.comment"), "in dollars");
}

TEST(TablePlanTest, ColumnsWithoutCommentHaveNoneInTheirMetadata) {
  TablePlan plan = RenamedAndCast();
  plan.columns[0].comment.clear();
  EXPECT_FALSE(OutputSchema(plan)->field(0)->metadata()->Contains("headrace.comment"));
}

TEST(TablePlanTest, LineageColumnsAreLastAndNeverNull) {
  TablePlan plan = RenamedAndCast();
  plan.lineage.enabled = true;
  const auto schema = OutputSchema(plan);
  ASSERT_EQ(schema->num_fields(), 3);
  EXPECT_TRUE(schema->field(1)->Equals(arrow::field("_headrace_run", arrow::utf8(), false)));
  EXPECT_TRUE(schema->field(2)->Equals(
      arrow::field("_headrace_loaded_at", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), false)));
}

TEST(TablePlanTest, Names) {
  EXPECT_EQ(OverflowPolicyName(OverflowPolicy::kNull), "null");
  EXPECT_EQ(StrategyName(Strategy::kIdRange), "id_range");
  EXPECT_EQ(StrategyName(Strategy::kNone), "none");
  EXPECT_EQ(SnapshotKindName(SnapshotKind::kTransaction), "transaction");
}

TEST(DescriptionTest, FindColumnIsCaseSensitive) {
  Description description;
  description.columns = {{.name = "Id", .source_type = "", .type = arrow::int64()}};
  ASSERT_NE(description.FindColumn("Id"), nullptr);
  EXPECT_EQ(description.FindColumn("Id"), description.columns.data());
  EXPECT_EQ(description.FindColumn("id"), nullptr);
}

}  // namespace
}  // namespace headrace
