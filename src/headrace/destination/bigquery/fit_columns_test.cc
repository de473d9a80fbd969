#include "headrace/destination/bigquery/fit_columns.h"

#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/destination/bigquery/column_range.h"

namespace headrace {
namespace {

using arrow::field;
using testing::ElementsAre;
using testing::HasSubstr;
using Json = nlohmann::json;

PlannedColumn Planned(const std::string& name, const std::shared_ptr<arrow::DataType>& type,
                      bool nullable = true) {
  return {.source_name = name,
          .source_type = "x",
          .read_type = type,
          .name = name,
          .type = type,
          .nullable = nullable};
}

/// `columns` fitted to a table of `fields`, the text of a JSON array; empty: one that is made.
TablePlan Fitted(std::vector<PlannedColumn> columns, const std::string& fields = {}) {
  TablePlan plan;
  plan.table = {.schema = "public", .name = "t", .query = "", .alias = ""};
  plan.columns = std::move(columns);
  TableSettings table;
  table.on_schema_change = SchemaChangePolicy::kDiscardColumns;
  TableState state;
  if (!fields.empty()) {
    state.table = {{"type", "TABLE"}, {"location", "EU"}};
    (*state.table)["schema"]["fields"] = Json::parse(fields);
  }
  const LoadRequest request{.table = {"p", "d", "t"},
                            .label = "public.t",
                            .mode = WriteMode::kAppend,
                            .schema = OutputSchema(plan)};
  FitColumns(DecideLoad({}, table, request, state).ValueOrDie(), plan);
  return plan;
}

TEST(FitColumnsTest, ColumnsGetTheNamesOfBigQuery) {
  const TablePlan plan = Fitted({Planned("a b", arrow::int64()), Planned("ok", arrow::int64()),
                                 Planned("1", arrow::int64())});
  ASSERT_EQ(plan.columns.size(), 3);
  EXPECT_EQ(plan.columns[0].name, "a_b");
  EXPECT_EQ(plan.columns[0].source_name, "a b");
  EXPECT_EQ(plan.columns[0].note, "called a_b in BigQuery");
  EXPECT_EQ(plan.columns[1].name, "ok");
  EXPECT_EQ(plan.columns[1].note, "");
  EXPECT_EQ(plan.columns[2].name, "_1");
  // Fitted ones are so already.
  TablePlan again = Fitted(plan.columns);
  EXPECT_EQ(again.columns[0].note, "called a_b in BigQuery");
  // The table's capitals are its own.
  EXPECT_EQ(Fitted({Planned("id", arrow::int64())}, R"([{"name":"ID","type":"INTEGER"}])")
                .columns[0]
                .name,
            "ID");
}

TEST(FitColumnsTest, NotesAreAddedToThoseThatAreThere) {
  PlannedColumn column = Planned("a b", arrow::timestamp(arrow::TimeUnit::NANO));
  column.note = "said before";
  EXPECT_THAT(Fitted({column}).columns[0].note,
              testing::StartsWith("said before; called a_b in BigQuery; microseconds: "));
}

TEST(FitColumnsTest, ColumnsThatTheTableHasNotLeaveThePlan) {
  const TablePlan plan = Fitted({Planned("new", arrow::int64()), Planned("id", arrow::int64())},
                                R"([{"name":"id","type":"INTEGER"},{"name":"old","type":"DATE"}])");
  ASSERT_EQ(plan.columns.size(), 1);
  EXPECT_EQ(plan.columns[0].name, "id");
  EXPECT_THAT(plan.warnings, ElementsAre(HasSubstr("column new is left out")));
}

TEST(FitColumnsTest, WhatCanBeCastIsCastByTheTransform) {
  const TablePlan plan =
      Fitted({Planned("n", arrow::uint64()), Planned("t", arrow::timestamp(arrow::TimeUnit::NANO)),
              Planned("l", arrow::list(arrow::uint64()))});
  for (const PlannedColumn& column : plan.columns) {
    const auto staged = ColumnsOf(*arrow::schema({field(column.name, column.read_type)}))
                            .ValueOrDie()
                            .columns[0]
                            .staged->type();
    const bool is_cast = column.type->Equals(*staged);
    EXPECT_TRUE(is_cast || column.type->Equals(*column.read_type)) << column.type->ToString();
    if (column.name == "l") EXPECT_FALSE(is_cast);
  }
}

TEST(FitColumnsTest, ValuesAreHeldWhereTheFormIsTheSame) {
  const auto micros = arrow::timestamp(arrow::TimeUnit::MICRO);
  const auto home = arrow::struct_({field("the day", arrow::date32()), field("n", arrow::int64())});
  const TablePlan plan = Fitted(
      {Planned("day", arrow::date32()), Planned("id", arrow::int64(), false), Planned("t", micros),
       Planned("home", home), Planned("days", arrow::list(arrow::date32())),
       Planned("large", arrow::large_list(arrow::date32())),
       Planned("dates", arrow::list(arrow::date64()))});
  const auto& columns = plan.columns;
  EXPECT_EQ(columns[0].held.range, (StoredRange{kFirstBigQueryDay, kLastBigQueryDay}));
  EXPECT_TRUE(columns[0].held.holds_null);
  EXPECT_FALSE(columns[1].held.holds_null);
  EXPECT_EQ(columns[2].held.range, (StoredRange{kFirstBigQueryMicros, kLastBigQueryMicros}));
  ASSERT_EQ(columns[3].held.children.size(), 2);
  EXPECT_EQ(columns[3].held.children[0].range, (StoredRange{kFirstBigQueryDay, kLastBigQueryDay}));
  for (const size_t list : {4, 5}) {
    ASSERT_EQ(columns[list].held.children.size(), 1) << list;
    EXPECT_FALSE(columns[list].held.children[0].holds_null);
  }
  // Days are not milliseconds.
  EXPECT_TRUE(columns[6].held.holds_all());
}

TEST(FitColumnsTest, WhatTheTableRequiresIsHeldSo) {
  const TablePlan plan = Fitted({Planned("id", arrow::int64())},
                                R"([{"name":"id","type":"INTEGER","mode":"REQUIRED"}])");
  EXPECT_FALSE(plan.columns[0].held.holds_null);
}

TEST(IntoTextTest, SaysWhereAndHow) {
  TableLoad load;
  load.target.table = {"p", "d", "t"};
  load.location = "EU";
  EXPECT_EQ(IntoText(load, "gs://b/x"), "p.d.t, by one load job in EU of files in gs://b/x");
  load.target.is_new = true;
  load.target.layout = Json::parse(R"({"timePartitioning":{"type":"DAY","field":"day"},
                                       "clustering":{"fields":["a","b"]}})");
  EXPECT_EQ(IntoText(load, "gs://b"),
            "p.d.t, which is made, partitioned by day of day, clustered by a, b, by one load job "
            "in EU of files in gs://b");
  load.makes_dataset = true;
  load.target.layout = Json::parse(R"({"rangePartitioning":{"field":"id"}})");
  EXPECT_THAT(IntoText(load, "gs://b"),
              HasSubstr("which is made with its dataset, partitioned by ranges of id, by"));
  load.target.layout = Json::parse(R"({"timePartitioning":{"type":"HOUR"},"clustering":7})");
  EXPECT_THAT(IntoText(load, "gs://b"), HasSubstr(", partitioned by hour, by one"));
}

}  // namespace
}  // namespace headrace
