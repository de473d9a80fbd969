#include "headrace/destination/bigquery/load_job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <set>

namespace headrace {
namespace {

using testing::HasSubstr;
using Json = nlohmann::json;

TEST(LoadJobIdTest, IsTheSameForTheSameAttempt) {
  const LoadAttempt attempt{.job = "j", .run = "r", .target = "p.d.t", .epoch = 1, .attempt = 2};
  // Ids of jobs that older versions have begun: to change them would load rows twice.
  EXPECT_EQ(LoadJobId(attempt), LoadJobId(attempt));
  EXPECT_TRUE(LoadJobId(attempt).starts_with("headrace_load_"));
  EXPECT_TRUE(LoadJobId(attempt).ends_with("_2"));
}

TEST(LoadJobIdTest, DiffersWithEachPartAndHasOnlyWhatTheServiceTakes) {
  std::mt19937_64 random(11);  // NOLINT(bugprone-random-generator-seed)
  constexpr std::string_view kPieces = "ab1:/.ü \n";
  const auto part = [&] {
    std::string text;
    for (auto length = random() % 4; length > 0; --length) {
      text += kPieces[random() % kPieces.size()];
    }
    return text;
  };
  std::set<std::string> ids;
  std::set<std::tuple<std::string, std::string, std::string, int, int>> attempts;
  for (int i = 0; i < 20'000; ++i) {
    const std::string job = part();
    const std::string run = part();
    const std::string target = part();
    const int epoch = static_cast<int>(random() % 12);
    const int attempt = static_cast<int>(random() % 12) + 1;
    const std::string id =
        LoadJobId({.job = job, .run = run, .target = target, .epoch = epoch, .attempt = attempt});
    const bool is_new = attempts.emplace(job, run, target, epoch, attempt).second;
    EXPECT_EQ(ids.insert(id).second, is_new) << id;
    EXPECT_EQ(
        id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"),
        std::string::npos);
  }
  const std::string longest(5'000, 'x');
  EXPECT_LT(LoadJobId({.job = longest, .run = longest, .target = longest}).size(), 1024);
}

TEST(LoadJobIdTest, PartsThatConcatenateAlikeAreNotAlike) {
  EXPECT_NE(LoadJobId({.job = "a", .run = "bc", .target = "d"}),
            LoadJobId({.job = "ab", .run = "c", .target = "d"}));
  EXPECT_NE(LoadJobId({.job = "1:a", .run = "", .target = ""}),
            LoadJobId({.job = "", .run = "1:a", .target = ""}));
  EXPECT_NE(LoadJobId({.job = "j", .run = "r", .target = "t", .epoch = 1, .attempt = 11}),
            LoadJobId({.job = "j", .run = "r", .target = "t", .epoch = 11, .attempt = 1}));
}

LoadTarget TargetOf(WriteMode mode, bool is_new, bool keeps_schema = false) {
  return {.table = {"p", "d", "t"},
          .mode = mode,
          .schema = Json::parse(R"({"fields":[{"name":"a","type":"STRING"}]})"),
          .layout = Json::object(),
          .is_new = is_new,
          .keeps_schema = keeps_schema};
}

TEST(LoadConfigurationTest, OfATableThatIsMade) {
  LoadTarget target = TargetOf(WriteMode::kAppend, true);
  target.layout = Json::parse(R"({"timePartitioning":{"type":"DAY","field":"a"}})");
  target.labels = {{"team", "shop"}};
  target.description = "what was sold";
  EXPECT_EQ(LoadConfiguration(target, {"gs://b/1", "gs://b/2"}), Json::parse(R"({
      "labels":{"team":"shop"},
      "load":{"destinationTable":{"projectId":"p","datasetId":"d","tableId":"t"},
              "sourceUris":["gs://b/1","gs://b/2"],"sourceFormat":"PARQUET",
              "schema":{"fields":[{"name":"a","type":"STRING"}]},
              "timePartitioning":{"type":"DAY","field":"a"},
              "createDisposition":"CREATE_IF_NEEDED","writeDisposition":"WRITE_APPEND",
              "parquetOptions":{"enableListInference":true,"mapTargetType":"ARRAY_OF_STRUCT"},
              "decimalTargetTypes":["NUMERIC","BIGNUMERIC","STRING"],
              "destinationTableProperties":{"description":"what was sold",
                                            "labels":{"team":"shop"}}}})"));
}

TEST(LoadConfigurationTest, OfATableThatIsThere) {
  LoadTarget target = TargetOf(WriteMode::kAppend, false);
  target.layout = nullptr;
  target.labels = {{"team", "shop"}};
  target.description = "what was sold";
  target.schema_updates = {"ALLOW_FIELD_ADDITION"};
  EXPECT_EQ(LoadConfiguration(target, {"gs://b/1"}), Json::parse(R"({
      "labels":{"team":"shop"},
      "load":{"destinationTable":{"projectId":"p","datasetId":"d","tableId":"t"},
              "sourceUris":["gs://b/1"],"sourceFormat":"PARQUET",
              "schema":{"fields":[{"name":"a","type":"STRING"}]},
              "createDisposition":"CREATE_NEVER","writeDisposition":"WRITE_APPEND",
              "schemaUpdateOptions":["ALLOW_FIELD_ADDITION"],
              "parquetOptions":{"enableListInference":true,"mapTargetType":"ARRAY_OF_STRUCT"},
              "decimalTargetTypes":["NUMERIC","BIGNUMERIC","STRING"]}})"));
}

TEST(LoadConfigurationTest, RowsMeetThoseThatAreThereAsTheJobSays) {
  const auto disposition = [](const LoadTarget& target) {
    const Json load = LoadConfiguration(target, {})["load"];
    return load["createDisposition"].get<std::string>() + " " +
           load["writeDisposition"].get<std::string>();
  };
  EXPECT_EQ(disposition(TargetOf(WriteMode::kReplace, false, true)),
            "CREATE_NEVER WRITE_TRUNCATE_DATA");
  EXPECT_EQ(disposition(TargetOf(WriteMode::kReplace, false, false)),
            "CREATE_NEVER WRITE_TRUNCATE");
  EXPECT_EQ(disposition(TargetOf(WriteMode::kReplace, true)), "CREATE_IF_NEEDED WRITE_TRUNCATE");
  EXPECT_EQ(disposition(TargetOf(WriteMode::kErrorIfExists, true)), "CREATE_IF_NEEDED WRITE_EMPTY");
}

std::vector<TableField> Columns() {
  std::vector<TableField> columns;
  for (const char* type : {"BIGNUMERIC", "BOOL", "BYTES", "DATE", "DATETIME", "FLOAT", "GEOGRAPHY",
                           "INTEGER", "JSON", "NUMERIC", "RECORD", "STRING", "TIME", "TIMESTAMP"}) {
    columns.push_back({.name = std::string(type) + "_c", .type = type});
  }
  columns.push_back({.name = "many", .type = "DATE", .mode = FieldMode::kRepeated});
  return columns;
}

/// The layout's JSON, or the message of the error, which is the user's.
std::string LayoutText(const TableLayout& layout) {
  const auto json = LayoutJson(layout, Columns());
  if (json.ok()) return json->dump();
  EXPECT_EQ(ClassOf(json.status()), ErrorClass::kUser);
  return json.status().message();
}

TEST(LayoutJsonTest, ByPartsOfATime) {
  EXPECT_EQ(LayoutText({}), "{}");
  for (const char* type : {"DATE", "DATETIME", "TIMESTAMP"}) {
    const std::string name = std::string(type) + "_c";
    EXPECT_EQ(LayoutText({.partition_by = name, .partition_type = "MONTH"}),
              R"({"timePartitioning":{"field":")" + name + R"(","type":"MONTH"}})");
  }
  EXPECT_EQ(LayoutText({.partition_by = "date_C",
                        .partition_type = "DAY",
                        .partition_expiration_ms = 86'400'000}),
            R"({"timePartitioning":{"expirationMs":"86400000","field":"DATE_c","type":"DAY"}})");
  EXPECT_THAT(LayoutText({.partition_by = "DATE_c", .partition_type = "HOUR"}),
              HasSubstr("destination.partition_type: column 'DATE_c' is DATE, which has no hours"));
  EXPECT_EQ(LayoutText({.partition_by = "TIMESTAMP_c", .partition_type = "HOUR"}),
            R"({"timePartitioning":{"field":"TIMESTAMP_c","type":"HOUR"}})");
}

TEST(LayoutJsonTest, ByRangesOfAnInteger) {
  TableLayout layout{.partition_by = "integer_c", .partition_type = "RANGE"};
  layout.range = TableLayout::Range{.start = -5, .end = 5'000'000'000, .interval = 10};
  EXPECT_EQ(LayoutText(layout), R"({"rangePartitioning":{"field":"INTEGER_c",)"
                                R"("range":{"end":"5000000000","interval":"10","start":"-5"}}})");
  layout.partition_by = "NUMERIC_c";
  EXPECT_THAT(LayoutText(layout),
              HasSubstr("destination.partition_by: column 'NUMERIC_c' is NUMERIC, and BigQuery "
                        "wants one of INTEGER"));
}

TEST(LayoutJsonTest, ColumnsThatAreNotThereOrOfNoUse) {
  EXPECT_THAT(LayoutText({.partition_by = "x", .partition_type = "DAY"}),
              HasSubstr("destination.partition_by: there is no column 'x'"));
  EXPECT_THAT(LayoutText({.cluster_by = {"DATE_c", "x"}}),
              HasSubstr("destination.cluster_by: there is no column 'x'"));
  for (const char* name : {"STRING_c", "INTEGER_c", "TIME_c", "many"}) {
    EXPECT_THAT(LayoutText({.partition_by = name, .partition_type = "DAY"}),
                HasSubstr("wants one of DATE, DATETIME, TIMESTAMP"));
  }
}

TEST(LayoutJsonTest, ClusteringTakesTheTypesThatTheServiceDocuments) {
  for (const TableField& column : Columns()) {
    const bool is_taken =
        std::set<std::string>{"BIGNUMERIC", "BOOL",    "DATE",   "DATETIME", "GEOGRAPHY",
                              "INTEGER",    "NUMERIC", "STRING", "TIMESTAMP"}
            .contains(column.type) &&
        column.mode != FieldMode::kRepeated;
    const std::string text = LayoutText({.cluster_by = {column.name}});
    EXPECT_EQ(text == R"({"clustering":{"fields":[")" + column.name + R"("]}})", is_taken) << text;
  }
  EXPECT_EQ(LayoutText({.cluster_by = {"string_c", "DATE_c"}}),
            R"({"clustering":{"fields":["STRING_c","DATE_c"]}})");
}

}  // namespace
}  // namespace headrace
