#include "headrace/destination/bigquery/schema_change.h"

#include <arrow/type.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace headrace {
namespace {

using arrow::field;
using Json = nlohmann::json;

/// A table's schema of `fields`, the text of a JSON array.
Json Table(const std::string& fields) { return Json::parse("{\"fields\":" + fields + "}"); }

std::vector<BigQueryColumn> RunColumns(const arrow::FieldVector& fields) {
  return ColumnsOf(*arrow::schema(fields))->columns;
}

std::vector<TableField> FieldsOf(const std::vector<BigQueryColumn>& columns) {
  std::vector<TableField> fields;
  for (const BigQueryColumn& column : columns) fields.push_back(column.field);
  return fields;
}

SchemaChange Change(const Json& table, const arrow::FieldVector& run) {
  return CompareSchemas(*TableFieldsFromJson(table), FieldsOf(RunColumns(run)));
}

TEST(SchemaChangeTest, OtherNamesOfATypeOrderAndCapitalsAreNoDifference) {
  const Json table = Table(R"([
      {"name":"Flag","type":"BOOLEAN"}, {"name":"rate","type":"FLOAT64"},
      {"name":"id","type":"INT64","mode":"REQUIRED"},
      {"name":"Home","type":"STRUCT","fields":[{"name":"ZIP","type":"STRING"}]},
      {"name":"amount","type":"NUMERIC"}, {"name":"code","type":"STRING","maxLength":"20"}])");
  const SchemaChange change =
      Change(table, {field("id", arrow::int32(), false), field("flag", arrow::boolean()),
                     field("home", arrow::struct_({field("zip", arrow::utf8())})),
                     field("rate", arrow::float32()), field("amount", arrow::decimal128(12, 2)),
                     field("code", arrow::utf8())});
  EXPECT_TRUE(change.empty()) << ChangeText(change);
  EXPECT_EQ(ChangeText(change), "");
  EXPECT_EQ(EvolvedSchema(table, change), table);
}

TEST(SchemaChangeTest, AddedAndMissingColumns) {
  const Json table = Table(R"([{"name":"id","type":"INTEGER","policyTags":{"names":["p"]}},
                               {"name":"old","type":"DATE"}])");
  const SchemaChange change =
      Change(table, {field("id", arrow::int64()), field("new", arrow::utf8(), false)});
  ASSERT_EQ(change.added.size(), 1);
  EXPECT_EQ(change.added[0].parent, "");
  ASSERT_EQ(change.missing.size(), 1);
  EXPECT_EQ(change.missing[0].path, "old");
  EXPECT_FALSE(change.needs_change_of_table());
  EXPECT_EQ(ChangeText(change), "\n- old: DATE\n+ new: STRING REQUIRED");
  EXPECT_EQ(EvolvedSchema(table, change),
            Table(R"([{"name":"id","type":"INTEGER","policyTags":{"names":["p"]}},
                      {"name":"old","type":"DATE"},
                      {"name":"new","type":"STRING","mode":"NULLABLE"}])"));
}

TEST(SchemaChangeTest, RequiredColumnsAreRelaxed) {
  const Json table = Table(R"([{"name":"id","type":"INTEGER","mode":"REQUIRED"},
                               {"name":"gone","type":"STRING","mode":"REQUIRED"},
                               {"name":"kept","type":"STRING","mode":"NULLABLE"}])");
  const SchemaChange change =
      Change(table, {field("id", arrow::int64()), field("kept", arrow::utf8(), false)});
  ASSERT_EQ(change.relaxed.size(), 2);
  EXPECT_TRUE(change.needs_change_of_table());
  EXPECT_EQ(ChangeText(change), "\n- gone: STRING REQUIRED\n- id: INTEGER REQUIRED\n+ id: INTEGER");
  EXPECT_EQ(EvolvedSchema(table, change),
            Table(R"([{"name":"id","type":"INTEGER","mode":"NULLABLE"},
                      {"name":"gone","type":"STRING","mode":"NULLABLE"},
                      {"name":"kept","type":"STRING","mode":"NULLABLE"}])"));
}

TEST(SchemaChangeTest, OtherTypes) {
  const Json table = Table(R"([{"name":"a","type":"INTEGER"}, {"name":"b","type":"STRING"},
                               {"name":"c","type":"DATETIME"}, {"name":"d","type":"JSON"}])");
  const SchemaChange change =
      Change(table, {field("a", arrow::uint64()), field("b", arrow::list(arrow::utf8())),
                     field("c", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")),
                     field("d", arrow::utf8())});
  EXPECT_EQ(change.retyped.size(), 4);
  EXPECT_TRUE(change.needs_change_of_table());
  EXPECT_EQ(ChangeText(change),
            "\n- a: INTEGER\n- b: STRING\n- c: DATETIME\n- d: JSON"
            "\n+ a: NUMERIC(20,0)\n+ b: STRING REPEATED\n+ c: TIMESTAMP\n+ d: STRING");
  EXPECT_EQ(EvolvedSchema(table, change), table);
}

TEST(SchemaChangeTest, DeclaredDigitsHaveToHoldTheRuns) {
  const auto declared = [](const std::string& precision, const std::string& scale,
                           const std::shared_ptr<arrow::DataType>& run) {
    return ChangeText(Change(Table(R"([{"name":"n","type":"NUMERIC","precision":")" + precision +
                                   R"(","scale":")" + scale + R"("}])"),
                             {field("n", run)}));
  };
  EXPECT_EQ(declared("12", "2", arrow::decimal128(12, 2)), "");
  EXPECT_EQ(declared("14", "3", arrow::decimal128(12, 2)), "");
  EXPECT_EQ(declared("12", "3", arrow::decimal128(12, 2)),
            "\n- n: NUMERIC(12,3)\n+ n: NUMERIC(12,2)");
  EXPECT_EQ(declared("12", "1", arrow::decimal128(12, 2)),
            "\n- n: NUMERIC(12,1)\n+ n: NUMERIC(12,2)");
}

TEST(SchemaChangeTest, FieldsOfRecordsAreComparedOneByOne) {
  const Json table = Table(R"([{"name":"home","type":"RECORD","mode":"REPEATED","fields":[
      {"name":"zip","type":"STRING","mode":"REQUIRED"}, {"name":"floor","type":"INTEGER"},
      {"name":"geo","type":"RECORD","fields":[{"name":"x","type":"FLOAT"}]}]}])");
  const auto geo = arrow::struct_({field("x", arrow::utf8()), field("y", arrow::float64())});
  const auto home = arrow::struct_({field("zip", arrow::utf8()), field("geo", geo)});
  const SchemaChange change = Change(table, {field("home", arrow::list(home))});
  EXPECT_EQ(ChangeText(change),
            "\n- home.floor: INTEGER\n- home.geo.x: FLOAT\n- home.zip: STRING REQUIRED"
            "\n+ home.geo.x: STRING\n+ home.zip: STRING\n+ home.geo.y: FLOAT");
  EXPECT_EQ(EvolvedSchema(table, change),
            Table(R"([{"name":"home","type":"RECORD","mode":"REPEATED","fields":[
      {"name":"zip","type":"STRING","mode":"NULLABLE"}, {"name":"floor","type":"INTEGER"},
      {"name":"geo","type":"RECORD","fields":[{"name":"x","type":"FLOAT"},
                                              {"name":"y","type":"FLOAT","mode":"NULLABLE"}]}]}])"));
}

TEST(SchemaChangeTest, WhatIsAddedIsNowhereRequiredButForTheKeyOfAMap) {
  const auto pair = arrow::struct_({field("x", arrow::int32(), false)});
  const SchemaChange change = Change(
      Json::object(),
      {field("pair", pair, false), field("tags", arrow::map(arrow::utf8(), arrow::int32()))});
  EXPECT_EQ(EvolvedSchema(Json::object(), change),
            Table(R"([{"name":"pair","type":"RECORD","mode":"NULLABLE",
                       "fields":[{"name":"x","type":"INTEGER","mode":"NULLABLE"}]},
                      {"name":"tags","type":"RECORD","mode":"REPEATED",
                       "fields":[{"name":"key","type":"STRING","mode":"REQUIRED"},
                                 {"name":"value","type":"INTEGER","mode":"NULLABLE"}]}])"));
}

TEST(SchemaChangeTest, NamesThatCouldBeTakenForMoreAreInQuotes) {
  const Json table = Table(R"([{"name":"a: INTEGER","type":"STRING"}])");
  EXPECT_EQ(ChangeText(Change(table, {})), "\n- \"a: INTEGER\": STRING");
}

/// What is left of `run` in a table of `table`.
std::string FilesFor(const Json& table, const arrow::FieldVector& run) {
  const auto columns = ColumnsForTable(RunColumns(run), *TableFieldsFromJson(table));
  return StagedSchema(columns)->ToString() + "\n" + SchemaJson(columns).dump();
}

TEST(SchemaChangeTest, FilesAgreeWithTheTable) {
  const Json table = Table(R"([{"name":"Id","type":"INTEGER","mode":"NULLABLE"},
                               {"name":"day","type":"DATE","mode":"REQUIRED"},
                               {"name":"home","type":"RECORD","mode":"REQUIRED","fields":[
                                   {"name":"zip","type":"STRING","mode":"REQUIRED"}]},
                               {"name":"lines","type":"RECORD","mode":"REPEATED","fields":[
                                   {"name":"n","type":"INTEGER","mode":"REQUIRED"}]},
                               {"name":"tags","type":"STRING","mode":"REPEATED"}])");
  const auto home = arrow::struct_({field("floor", arrow::int32()), field("zip", arrow::utf8())});
  const auto lines = arrow::struct_({field("n", arrow::int32()), field("m", arrow::int32())});
  EXPECT_EQ(FilesFor(table, {field("id", arrow::int64(), false), field("day", arrow::date32()),
                             field("new", arrow::utf8()), field("home", home),
                             field("lines", arrow::list(lines)),
                             field("tags", arrow::list(arrow::utf8()))}),
            "Id: int64\n"
            "day: date32[day] not null\n"
            "home: struct<zip: string not null> not null\n"
            "lines: list<element: struct<n: int32 not null>>\n"
            "tags: list<element: string>\n"
            R"({"fields":[{"mode":"NULLABLE","name":"Id","type":"INTEGER"},)"
            R"({"mode":"REQUIRED","name":"day","type":"DATE"},)"
            R"({"fields":[{"mode":"REQUIRED","name":"zip","type":"STRING"}],)"
            R"("mode":"REQUIRED","name":"home","type":"RECORD"},)"
            R"({"fields":[{"mode":"REQUIRED","name":"n","type":"INTEGER"}],)"
            R"("mode":"REPEATED","name":"lines","type":"RECORD"},)"
            R"({"mode":"REPEATED","name":"tags","type":"STRING"}]})");
}

TEST(SchemaChangeTest, AnEvolvedTableTakesAllOfTheRun) {
  const Json table = Table(R"([{"name":"id","type":"INTEGER","mode":"REQUIRED"}])");
  const arrow::FieldVector run = {
      field("id", arrow::int64()), field("day", arrow::date32(), false),
      field("home", arrow::struct_({field("zip", arrow::utf8(), false)}), false)};
  const Json evolved = EvolvedSchema(table, Change(table, run));
  EXPECT_TRUE(Change(evolved, run).empty());
  const auto columns = ColumnsForTable(RunColumns(run), *TableFieldsFromJson(evolved));
  EXPECT_EQ(SchemaJson(columns), evolved);
  EXPECT_EQ(StagedSchema(columns)->ToString(),
            "id: int64\nday: date32[day]\nhome: struct<zip: string>");
}

}  // namespace
}  // namespace headrace
