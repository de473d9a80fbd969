// Against the stand-in: that our requests are ones that somebody else understands.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "headrace/client/bigquery/client.h"
#include "headrace/client/bigquery/error.h"
#include "headrace/client/google_api/test_stand_in.h"
#include "headrace/client/http/curl_transport.h"
#include "headrace/model/wait_for.h"

namespace headrace {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class StandInBigQuery : public testing::Test {
 protected:
  StandInBigQuery() {
    const auto made = client_.InsertDataset(dataset_, {{"location", "US"}}, {});
    EXPECT_TRUE(made.ok()) << made.status();
  }

  BigQueryTable Table(const std::string& name) const {
    return {.project = "test", .dataset = dataset_.dataset, .table = name};
  }

  static json LoadOf(const BigQueryTable& table) {
    return {{"load",
             {{"sourceFormat", "NEWLINE_DELIMITED_JSON"},
              {"writeDisposition", "WRITE_APPEND"},
              {"schema", {{"fields", {{{"name", "id"}, {"type", "INTEGER"}}}}}},
              {"destinationTable",
               {{"projectId", table.project},
                {"datasetId", table.dataset},
                {"tableId", table.table}}}}}};
  }

  /// The job's status once it is done.
  json StatusOf(const BigQueryJob& job) const {
    while (true) {
      const json found = client_.FindJob(job, {}).ValueOrDie().value();
      if (found["status"]["state"] == "DONE") return found["status"];
      WaitFor(std::chrono::milliseconds(20), {});
    }
  }

  std::vector<std::string> Ids(const BigQueryTable& table) const {
    std::vector<std::string> ids;
    const auto take = [&](const json& page) {
      for (const json& row : page["rows"]) ids.push_back(row["f"][0]["v"]);
      return arrow::Status::OK();
    };
    EXPECT_TRUE(client_.ListRows(table, 2, take, {}).ok());
    return ids;
  }

  const BigQueryDataset dataset_{.project = "test", .dataset = TestName('_')};
  const BigQueryClient client_{MakeCurlTransport(), TestStandIn("bigquery")};
};

TEST_F(StandInBigQuery, DatasetsAndTablesAreMadeFoundChangedAndDeleted) {
  EXPECT_EQ(CodeOf(client_.InsertDataset(dataset_, json::object(), {}).status()), kDuplicateReason);
  EXPECT_EQ(client_.FindDataset(dataset_, {}).ValueOrDie()->at("location"), "US");
  EXPECT_EQ(client_.FindDataset({.project = "test", .dataset = "none_such"}, {}).ValueOrDie(),
            std::nullopt);
  const BigQueryTable table = Table("orders");
  EXPECT_EQ(client_.FindTable(table, {}).ValueOrDie(), std::nullopt);
  const json schema = {{"schema", {{"fields", {{{"name", "id"}, {"type", "INTEGER"}}}}}}};
  ASSERT_TRUE(client_.InsertTable(table, schema, {}).ok());
  EXPECT_EQ(CodeOf(client_.InsertTable(table, schema, {}).status()), kDuplicateReason);
  ASSERT_TRUE(client_.PatchTable(table, {{"description", "ours"}}, {}).ok());
  EXPECT_EQ(client_.FindTable(table, {}).ValueOrDie()->at("description"), "ours");
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(client_.DeleteTable(table, {}).ok());
  EXPECT_EQ(client_.FindTable(table, {}).ValueOrDie(), std::nullopt);
}

TEST_F(StandInBigQuery, AnUploadedFileIsLoadedOnce) {
  const BigQueryTable table = Table("orders");
  const BigQueryJob job{.project = "test", .location = "US", .id = TestName()};
  const std::string rows = "{\"id\": 1}\n{\"id\": 2}\n{\"id\": 3}\n";
  const UploadContent content{
      .size = static_cast<int64_t>(rows.size()), .read = [&](int64_t at, int64_t size) {
        return std::string_view(rows).substr(static_cast<size_t>(at), static_cast<size_t>(size));
      }};
  EXPECT_EQ(client_.FindJob(job, {}).ValueOrDie(), std::nullopt);
  ASSERT_TRUE(client_.UploadJob(job, LoadOf(table), content, {}).ok());
  EXPECT_FALSE(StatusOf(job).contains("errorResult"));
  EXPECT_EQ(CodeOf(client_.UploadJob(job, LoadOf(table), content, {}).status()), kDuplicateReason);
  EXPECT_THAT(Ids(table), testing::UnorderedElementsAre("1", "2", "3"));
}

TEST_F(StandInBigQuery, AJobThatFailsSaysWhy) {
  const BigQueryTable table = Table("orders");
  const BigQueryJob job{.project = "test", .location = "US", .id = TestName()};
  json load = LoadOf(table);
  load["load"]["sourceUris"] = {"gs://none-such/x.json"};
  ASSERT_TRUE(client_.InsertJob(job, load, {}).ok());
  const json status = StatusOf(job);
  const arrow::Status error = BigQueryError("job", status.at("errorResult"));
  EXPECT_THAT(error.message(), HasSubstr("gs://none-such/x.json"));
  EXPECT_EQ(CodeOf(client_.InsertJob(job, load, {}).status()), kDuplicateReason);
}

}  // namespace
}  // namespace headrace
