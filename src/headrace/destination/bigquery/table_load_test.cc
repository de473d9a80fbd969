#include "headrace/destination/bigquery/table_load.h"

#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>

namespace headrace {
namespace {

using arrow::field;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Json = nlohmann::json;

class TableLoadTest : public testing::Test {
 protected:
  /// A table whose columns are `fields`, the text of a JSON array.
  static TableState There(const std::string& fields, Json more = Json::object()) {
    more["schema"]["fields"] = Json::parse(fields);
    more["type"] = "TABLE";
    more["location"] = "EU";
    more["creationTime"] = "77";
    return {.table = std::move(more), .dataset = {}};
  }

  arrow::Result<TableLoad> Decide(WriteMode mode, const arrow::FieldVector& run,
                                  const TableState& state) const {
    const LoadRequest request{
        .table = {"p", "d", "t"}, .label = "public.t", .mode = mode, .schema = arrow::schema(run)};
    return DecideLoad(settings_, table_, request, state);
  }

  /// The message of the error, which is the user's.
  std::string ErrorOf(WriteMode mode, const arrow::FieldVector& run,
                      const TableState& state) const {
    const auto load = Decide(mode, run, state);
    if (load.ok()) return "no error";
    EXPECT_EQ(ClassOf(load.status()), ErrorClass::kUser) << load.status();
    return load.status().message();
  }

  BigQuerySettings settings_;
  TableSettings table_;
  const arrow::FieldVector run_ = {field("id", arrow::int64(), false),
                                   field("day", arrow::date32()), field("n a", arrow::utf8())};
  const std::string same_ = R"([{"name":"id","type":"INTEGER","mode":"REQUIRED"},
      {"name":"day","type":"DATE"},{"name":"n_a","type":"STRING"}])";
};

TEST_F(TableLoadTest, ATableThatIsNotThereIsMade) {
  settings_.labels = {{"team", "shop"}};
  table_.layout = {.partition_by = "DAY",
                   .partition_type = "DAY",
                   .require_partition_filter = true,
                   .cluster_by = {"n_a"}};
  const TableLoad load = Decide(WriteMode::kAppend, run_, {}).ValueOrDie();
  EXPECT_TRUE(load.target.is_new);
  EXPECT_TRUE(load.makes_dataset);
  EXPECT_EQ(load.location, "US");
  EXPECT_EQ(load.target.labels, settings_.labels);
  EXPECT_EQ(load.target.schema, Json::parse(R"({"fields":[
      {"name":"id","type":"INTEGER","mode":"REQUIRED"},
      {"name":"day","type":"DATE","mode":"NULLABLE"},
      {"name":"n_a","type":"STRING","mode":"NULLABLE"}]})"));
  EXPECT_EQ(load.target.layout, Json::parse(R"({"timePartitioning":{"type":"DAY","field":"day"},
      "clustering":{"fields":["n_a"]}})"));
  EXPECT_EQ(load.patch, Json::parse(R"({"requirePartitionFilter":true})"));
  EXPECT_EQ(load.table_created, std::nullopt);
}

TEST_F(TableLoadTest, ATableThatExpiresGetsItsTimeBehindTheLoad) {
  table_.layout.table_expiration_ms = 1000;
  const TableLoad load = Decide(WriteMode::kReplace, run_, {}).ValueOrDie();
  EXPECT_GT(std::stoll(load.patch["expirationTime"].get<std::string>()), 1'700'000'000'000);
}

TEST_F(TableLoadTest, WhereATableLiesIsWhereItsDatasetIs) {
  const TableState state{.table = {}, .dataset = Json{{"location", "europe-west3"}}};
  EXPECT_EQ(Decide(WriteMode::kAppend, run_, state)->location, "europe-west3");
  EXPECT_FALSE(Decide(WriteMode::kAppend, run_, state)->makes_dataset);
  settings_.location = "EUROPE-WEST3";
  EXPECT_EQ(Decide(WriteMode::kAppend, run_, state)->location, "europe-west3");
  EXPECT_EQ(Decide(WriteMode::kAppend, run_, {})->location, "EUROPE-WEST3");
  settings_.location = "US";
  EXPECT_THAT(ErrorOf(WriteMode::kAppend, run_, state),
              AllOf(HasSubstr("table public.t: p.d.t lies in europe-west3"), HasSubstr("is US")));
  EXPECT_THAT(ErrorOf(WriteMode::kReplace, run_, There(same_)), HasSubstr("lies in EU"));
}

TEST_F(TableLoadTest, NothingIsMadeWhereTheJobForbidsIt) {
  settings_.create = CreatePolicy::kNever;
  EXPECT_THAT(ErrorOf(WriteMode::kAppend, run_, {}), HasSubstr("destination.create is never"));
  EXPECT_TRUE(Decide(WriteMode::kAppend, run_, There(same_)).ok());
}

TEST_F(TableLoadTest, OnlyTablesAreLoaded) {
  for (const char* type : {"VIEW", "MATERIALIZED_VIEW", "EXTERNAL", "SNAPSHOT"}) {
    TableState state = There(same_);
    (*state.table)["type"] = type;
    EXPECT_THAT(ErrorOf(WriteMode::kReplace, run_, state), HasSubstr(std::string("is a ") + type));
  }
}

TEST_F(TableLoadTest, WhatIsThereIsAnErrorForErrorIfExists) {
  EXPECT_THAT(ErrorOf(WriteMode::kErrorIfExists, run_, There(same_)),
              HasSubstr("is there already"));
  EXPECT_EQ(CodeOf(Decide(WriteMode::kErrorIfExists, run_, There(same_)).status()), "EEXIST");
  EXPECT_TRUE(Decide(WriteMode::kErrorIfExists, run_, {})->target.is_new);
}

TEST_F(TableLoadTest, PartitioningStaysAndMayNotBeAskedForOtherwise) {
  const Json by_day = Json::parse(R"({"timePartitioning":{"type":"DAY","field":"Day"}})");
  const Json by_range = Json::parse(R"({"rangePartitioning":{"field":"id",
      "range":{"start":"0","end":"10","interval":"1"}}})");
  const Json by_ingestion = Json::parse(R"({"timePartitioning":{"type":"DAY"}})");
  // The job says nothing: whatever there is stays.
  for (const Json& layout : {by_day, by_range, by_ingestion}) {
    for (const WriteMode mode : {WriteMode::kAppend, WriteMode::kReplace}) {
      const auto load = Decide(mode, run_, There(same_, layout));
      ASSERT_TRUE(load.ok()) << load.status();
      EXPECT_EQ(load->target.layout, layout);
      EXPECT_FALSE(load->target.is_new);
      EXPECT_EQ(load->table_created, "77");
      EXPECT_EQ(load->patch, nullptr);
    }
  }
  table_.layout = {.partition_by = "day", .partition_type = "DAY"};
  EXPECT_TRUE(Decide(WriteMode::kAppend, run_, There(same_, by_day)).ok());
  EXPECT_THAT(ErrorOf(WriteMode::kAppend, run_, There(same_)),
              HasSubstr("is partitioned by nothing, and the job wants day of day"));
  EXPECT_THAT(ErrorOf(WriteMode::kAppend, run_, There(same_, by_ingestion)),
              HasSubstr("day of ingestion"));
  EXPECT_THAT(ErrorOf(WriteMode::kReplace, run_, There(same_, by_range)),
              HasSubstr("ranges of id (0:10:1)"));
  table_.layout.partition_type = "MONTH";
  EXPECT_THAT(ErrorOf(WriteMode::kAppend, run_, There(same_, by_day)), HasSubstr("month of day"));
  table_.layout = {.partition_by = "id", .partition_type = "RANGE"};
  table_.layout.range = TableLayout::Range{.start = 0, .end = 10, .interval = 1};
  EXPECT_TRUE(Decide(WriteMode::kAppend, run_, There(same_, by_range)).ok());
  table_.layout.range->end = 20;
  EXPECT_THAT(ErrorOf(WriteMode::kAppend, run_, There(same_, by_range)),
              HasSubstr("ranges of id (0:20:1)"));
}

TEST_F(TableLoadTest, OtherClusteringStaysAndIsNoted) {
  const Json by_id = Json::parse(R"({"clustering":{"fields":["id"]}})");
  table_.layout.cluster_by = {"id"};
  EXPECT_THAT(Decide(WriteMode::kAppend, run_, There(same_, by_id))->notes, IsEmpty());
  table_.layout.cluster_by = {"day"};
  const TableLoad load = Decide(WriteMode::kAppend, run_, There(same_, by_id)).ValueOrDie();
  EXPECT_THAT(load.notes,
              ElementsAre("p.d.t is clustered otherwise than the job says, and stays as it is"));
  EXPECT_EQ(load.target.layout, by_id);
}

TEST_F(TableLoadTest, AppendToTheSameColumnsChangesNothing) {
  const std::string other_order = R"([{"name":"N_A","type":"STRING","description":"kept"},
      {"name":"day","type":"DATE"},{"name":"id","type":"INTEGER","mode":"REQUIRED"}])";
  for (const auto policy : {SchemaChangePolicy::kError, SchemaChangePolicy::kEvolve,
                            SchemaChangePolicy::kFreeze, SchemaChangePolicy::kDiscardColumns}) {
    table_.on_schema_change = policy;
    const TableState state = There(other_order);
    const TableLoad load = Decide(WriteMode::kAppend, run_, state).ValueOrDie();
    EXPECT_EQ(load.target.schema, state.table->at("schema"));
    EXPECT_THAT(load.target.schema_updates, IsEmpty());
    EXPECT_THAT(load.notes, IsEmpty());
    EXPECT_EQ(StagedSchema(load.columns)->ToString(),
              "id: int64 not null\nday: date32[day]\nN_A: string");
  }
}

/// What each policy makes of one difference: an error, or the columns that are staged.
struct PolicyCase {
  const char* name;
  const char* table;
  arrow::FieldVector run;
  const char* error;
  const char* evolve;
  const char* freeze;
  const char* discard;
};

constexpr const char* kMismatch = "schema_mismatch";
constexpr const char* kId = R"([{"name":"id","type":"INTEGER"}])";

std::vector<PolicyCase> ColumnCases() {
  return {
      {"added",
       kId,
       {field("id", arrow::int64()), field("new", arrow::utf8())},
       kMismatch,
       "id: int64\nnew: string",
       kMismatch,
       "id: int64"},
      {"missing",
       R"([{"name":"id","type":"INTEGER"},{"name":"old","type":"DATE"}])",
       {field("id", arrow::int64())},
       kMismatch,
       "id: int64",
       "id: int64",
       "id: int64"},
      {"missing and REQUIRED",
       R"([{"name":"id","type":"INTEGER"},{"name":"old","type":"DATE","mode":"REQUIRED"}])",
       {field("id", arrow::int64())},
       kMismatch,
       "id: int64",
       kMismatch,
       kMismatch},
      {"retyped", kId, {field("id", arrow::utf8())}, kMismatch, kMismatch, kMismatch, kMismatch},
      {"relaxed",
       R"([{"name":"id","type":"INTEGER","mode":"REQUIRED"}])",
       {field("id", arrow::int64())},
       "id: int64 not null",
       "id: int64",
       "id: int64 not null",
       "id: int64 not null"},
      {"no column in common",
       R"([{"name":"old","type":"DATE"}])",
       {field("id", arrow::int64())},
       kMismatch,
       "id: int64",
       kMismatch,
       kMismatch},
      {"a table without columns",
       "[]",
       {field("id", arrow::int64())},
       kMismatch,
       "id: int64",
       kMismatch,
       kMismatch},
  };
}

std::vector<PolicyCase> RecordCases() {
  const auto home = arrow::struct_({field("zip", arrow::utf8()), field("x", arrow::int64())});
  const auto zip = arrow::struct_({field("zip", arrow::utf8())});
  return {
      {"nested, added",
       R"([{"name":"h","type":"RECORD","fields":[{"name":"zip","type":"STRING"}]}])",
       {field("h", home)},
       kMismatch,
       "h: struct<zip: string, x: int64>",
       kMismatch,
       "h: struct<zip: string>"},
      {"nested, missing",
       R"([{"name":"h","type":"RECORD","fields":[{"name":"zip","type":"STRING"},
                                                 {"name":"x","type":"INTEGER"}]}])",
       {field("h", zip)},
       kMismatch,
       "h: struct<zip: string>",
       "h: struct<zip: string>",
       "h: struct<zip: string>"},
      {"nested, missing and REQUIRED",
       R"([{"name":"h","type":"RECORD","fields":[{"name":"zip","type":"STRING"},
                                                 {"name":"x","type":"INTEGER","mode":"REQUIRED"}]}])",
       {field("h", zip)},
       kMismatch,
       "h: struct<zip: string>",
       kMismatch,
       kMismatch},
      {"a record without a field in common",
       R"([{"name":"h","type":"RECORD","fields":[{"name":"y","type":"STRING"}]}])",
       {field("h", zip)},
       kMismatch,
       "h: struct<zip: string>",
       kMismatch,
       kMismatch},
      {"an array of them",
       R"([{"name":"h","type":"RECORD","mode":"REPEATED","fields":[{"name":"y","type":"STRING"}]}])",
       {field("h", arrow::list(zip))},
       kMismatch,
       "h: list<element: struct<zip: string>>",
       kMismatch,
       kMismatch},
  };
}

TEST_F(TableLoadTest, AppendToOtherColumnsGoesByThePolicy) {
  std::vector<PolicyCase> cases = ColumnCases();
  std::ranges::move(RecordCases(), std::back_inserter(cases));
  for (const PolicyCase& each : cases) {
    const std::pair<SchemaChangePolicy, const char*> expectations[] = {
        {SchemaChangePolicy::kError, each.error},
        {SchemaChangePolicy::kEvolve, each.evolve},
        {SchemaChangePolicy::kFreeze, each.freeze},
        {SchemaChangePolicy::kDiscardColumns, each.discard}};
    for (const auto& [policy, expected] : expectations) {
      SCOPED_TRACE(std::string(each.name) + ", policy " + std::to_string(static_cast<int>(policy)));
      table_.on_schema_change = policy;
      const auto load = Decide(WriteMode::kAppend, each.run, There(each.table));
      if (!load.ok()) {
        EXPECT_EQ(CodeOf(load.status()), expected) << load.status();
        EXPECT_EQ(ClassOf(load.status()), ErrorClass::kUser);
        continue;
      }
      EXPECT_EQ(StagedSchema(load->columns)->ToString(), expected);
      if (policy != SchemaChangePolicy::kEvolve) {
        EXPECT_EQ(load->target.schema, There(each.table).table->at("schema"));
        EXPECT_THAT(load->target.schema_updates, IsEmpty());
      }
    }
  }
}

TEST_F(TableLoadTest, TheErrorShowsTheDifferenceAndTheWaysOut) {
  const std::string error = ErrorOf(WriteMode::kAppend, {field("new", arrow::int64())},
                                    There(R"([{"name":"old","type":"DATE"}])"));
  EXPECT_THAT(
      error, AllOf(HasSubstr("table public.t: p.d.t has other columns"), HasSubstr("\n- old: DATE"),
                   HasSubstr("\n+ new: INTEGER"), HasSubstr("destination.on_schema_change")));
  EXPECT_THAT(ErrorOf(WriteMode::kAppend, {field("old", arrow::int64())},
                      There(R"([{"name":"old","type":"DATE"}])")),
              AllOf(HasSubstr("use write: replace"),
                    testing::Not(HasSubstr("destination.on_schema_change"))));
}

TEST_F(TableLoadTest, EvolutionTellsTheServiceAndThePlan) {
  table_.on_schema_change = SchemaChangePolicy::kEvolve;
  const TableLoad load =
      Decide(WriteMode::kAppend, {field("id", arrow::int64()), field("new", arrow::utf8(), false)},
             There(R"([{"name":"id","type":"INTEGER","mode":"REQUIRED","description":"key",
                        "policyTags":{"names":["p"]}}])"))
          .ValueOrDie();
  EXPECT_THAT(load.target.schema_updates,
              ElementsAre("ALLOW_FIELD_ADDITION", "ALLOW_FIELD_RELAXATION"));
  EXPECT_EQ(load.target.schema, Json::parse(R"({"fields":[
      {"name":"id","type":"INTEGER","mode":"NULLABLE","description":"key",
       "policyTags":{"names":["p"]}},{"name":"new","type":"STRING","mode":"NULLABLE"}]})"));
  EXPECT_THAT(load.notes, ElementsAre(AllOf(HasSubstr("- id: INTEGER REQUIRED"),
                                            HasSubstr("+ new: STRING REQUIRED"))));
}

TEST_F(TableLoadTest, WhatIsLeftOutIsNoted) {
  table_.on_schema_change = SchemaChangePolicy::kDiscardColumns;
  const auto home = arrow::struct_({field("zip", arrow::utf8()), field("x", arrow::int64())});
  const TableLoad load =
      Decide(WriteMode::kAppend, {field("h", home), field("new", arrow::utf8())},
             There(R"([{"name":"h","type":"RECORD","fields":[{"name":"zip","type":"STRING"}]}])"))
          .ValueOrDie();
  EXPECT_THAT(load.notes, testing::UnorderedElementsAre(HasSubstr("column h.x is left out"),
                                                        HasSubstr("column new is left out")));
}

TEST_F(TableLoadTest, ReplaceOfTheSameColumnsKeepsTheSchema) {
  const TableState state = There(same_);
  const TableLoad load = Decide(WriteMode::kReplace, run_, state).ValueOrDie();
  EXPECT_TRUE(load.target.keeps_schema);
  EXPECT_EQ(load.target.schema, state.table->at("schema"));
  EXPECT_THAT(load.notes, IsEmpty());
}

TEST_F(TableLoadTest, ReplaceByOtherColumnsKeepsWhatARunDoesNotDecide) {
  const auto home = arrow::struct_({field("zip", arrow::utf8()), field("x", arrow::int64())});
  const TableLoad load = Decide(WriteMode::kReplace,
                                {field("ID", arrow::utf8()), field("name", arrow::utf8()),
                                 field("h", home), field("new", arrow::int64())},
                                There(R"([
      {"name":"id","type":"NUMERIC","mode":"REQUIRED","description":"key",
       "policyTags":{"names":["p"]},"roundingMode":"ROUND_HALF_EVEN"},
      {"name":"name","type":"STRING","collation":"und:ci","description":"who"},
      {"name":"h","type":"RECORD","fields":[
          {"name":"zip","type":"STRING","policyTags":{"names":["q"]},"description":"code"}]},
      {"name":"old","type":"DATE"}])"))
                             .ValueOrDie();
  EXPECT_FALSE(load.target.keeps_schema);
  EXPECT_EQ(load.target.schema, Json::parse(R"({"fields":[
      {"name":"ID","type":"STRING","mode":"NULLABLE","description":"key",
       "policyTags":{"names":["p"]}},
      {"name":"name","type":"STRING","mode":"NULLABLE","collation":"und:ci","description":"who"},
      {"name":"h","type":"RECORD","mode":"NULLABLE","fields":[
          {"name":"zip","type":"STRING","mode":"NULLABLE","policyTags":{"names":["q"]},
           "description":"code"},
          {"name":"x","type":"INTEGER","mode":"NULLABLE"}]},
      {"name":"new","type":"INTEGER","mode":"NULLABLE"}]})"));
  EXPECT_THAT(load.notes, ElementsAre(AllOf(HasSubstr("gets other columns"),
                                            HasSubstr("- old: DATE"), HasSubstr("+ new:"))));
}

TEST_F(TableLoadTest, ReplaceNeedsTheColumnThatTheTableIsPartitionedBy) {
  const Json by_day = Json::parse(R"({"timePartitioning":{"type":"DAY","field":"day"}})");
  EXPECT_THAT(ErrorOf(WriteMode::kReplace, {field("id", arrow::int64())}, There(same_, by_day)),
              HasSubstr("is partitioned by day, which this run does not have"));
  EXPECT_THAT(ErrorOf(WriteMode::kReplace, {field("day", arrow::utf8())}, There(same_, by_day)),
              HasSubstr("is partitioned by day, which this run does not have"));
  EXPECT_TRUE(
      Decide(WriteMode::kReplace, {field("day", arrow::date32())}, There(same_, by_day)).ok());
  const Json by_id = Json::parse(R"({"rangePartitioning":{"field":"ID",
      "range":{"start":"0","end":"10","interval":"1"}}})");
  EXPECT_THAT(ErrorOf(WriteMode::kReplace, {field("day", arrow::date32())}, There(same_, by_id)),
              HasSubstr("is partitioned by ID"));
}

TEST_F(TableLoadTest, ATableMayHaveNoSchemaYet) {
  for (const char* resource :
       {R"({"location":"EU"})", R"({"location":"EU","schema":null})",
        R"({"location":"EU","schema":{}})", R"({"location":"EU","schema":{"fields":[]}})"}) {
    const TableState state{.table = Json::parse(resource), .dataset = {}};
    const auto load = Decide(WriteMode::kReplace, run_, state);
    ASSERT_TRUE(load.ok()) << load.status();
    EXPECT_EQ(load->target.schema.at("fields").size(), 3);
    table_.on_schema_change = SchemaChangePolicy::kEvolve;
    EXPECT_EQ(Decide(WriteMode::kAppend, run_, state)->target.schema.at("fields").size(), 3);
  }
}

TEST_F(TableLoadTest, AnAnswerThatIsNotAsDocumentedIsAnErrorAndNoCrash) {
  for (const char* resource :
       {R"({"schema":1})", R"({"schema":[]})", R"({"schema":{"fields":{}}})",
        R"({"schema":{"fields":[1]}})", R"({"schema":{"fields":[{"name":1,"type":"STRING"}]}})",
        R"({"type":7,"location":[],"creationTime":{},"timePartitioning":3,"clustering":"x",
            "schema":{"fields":"x"}})"}) {
    for (const WriteMode mode : {WriteMode::kAppend, WriteMode::kReplace}) {
      const TableState state{.table = Json::parse(resource), .dataset = {}};
      EXPECT_FALSE(Decide(mode, run_, state).ok()) << resource;
    }
  }
}

}  // namespace
}  // namespace headrace
