#include "headrace/client/bigquery/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <nlohmann/json.hpp>

#include "headrace/client/bigquery/error.h"
#include "headrace/client/http/curl_transport.h"
#include "headrace/client/http/test_http_server.h"

namespace headrace {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

/// A service that gives its answers by turns, and a client of it.
class BigQueryClientTest : public testing::Test {
 protected:
  void Expect(TestHttpAnswer answer) { answers_.push_back(std::move(answer)); }
  void Expect(int status, const json& body) { Expect({.status = status, .body = body.dump()}); }
  void ExpectError(int status, const char* reason) {
    Expect(status, {{"error", {{"message", "Why"}, {"errors", {{{"reason", reason}}}}}}});
  }

  /// `METHOD target body` of each request.
  std::vector<std::string> Asked() const {
    std::vector<std::string> asked;
    for (const TestHttpRequest& request : server_.requests()) {
      asked.push_back(request.method + " " + request.target + " " + request.body());
    }
    return asked;
  }

  const BigQueryTable table_{.project = "shop", .dataset = "lake", .table = "orders"};
  const BigQueryJob job_{.project = "shop", .location = "EU", .id = "headrace_1"};
  std::deque<TestHttpAnswer> answers_;
  TestHttpServer server_{[this](const TestHttpRequest&) {
    if (answers_.empty()) return TestHttpAnswer{.status = 418};
    TestHttpAnswer answer = std::move(answers_.front());
    answers_.pop_front();
    return answer;
  }};
  BigQueryClient client_{MakeCurlTransport(), server_.url()};
};

TEST_F(BigQueryClientTest, WhatIsThereIsFoundAndWhatIsNotIsNoError) {
  Expect(200, {{"id", "d"}});
  ExpectError(404, "notFound");
  Expect(200, {{"id", "j"}});
  ExpectError(403, "accessDenied");
  EXPECT_EQ(client_.FindDataset({.project = "shop", .dataset = "lake"}, {}).ValueOrDie(),
            (json{{"id", "d"}}));
  EXPECT_EQ(client_.FindTable(table_, {}).ValueOrDie(), std::nullopt);
  EXPECT_EQ(client_.FindJob(job_, {}).ValueOrDie(), (json{{"id", "j"}}));
  const arrow::Status error = client_.FindTable(table_, {}).status();
  EXPECT_EQ(error.message(), "table shop.lake.orders: Why");
  EXPECT_EQ(CodeOf(error), "accessDenied");
  EXPECT_THAT(Asked(), ElementsAre("GET /bigquery/v2/projects/shop/datasets/lake ",
                                   "GET /bigquery/v2/projects/shop/datasets/lake/tables/orders ",
                                   "GET /bigquery/v2/projects/shop/jobs/headrace_1?location=EU ",
                                   "GET /bigquery/v2/projects/shop/datasets/lake/tables/orders "));
}

TEST_F(BigQueryClientTest, ResourcesAreSentAsTheyAreWithTheirReference) {
  for (int i = 0; i < 4; ++i) Expect(200, json::object());
  Expect({.status = 204});
  ExpectError(404, "notFound");
  ASSERT_TRUE(
      client_.InsertDataset({.project = "shop", .dataset = "lake"}, {{"location", "EU"}}, {}).ok());
  ASSERT_TRUE(client_.InsertTable(table_, {{"description", "d"}}, {}).ok());
  ASSERT_TRUE(client_.PatchTable(table_, {{"labels", {{"a", "b"}}}}, {}).ok());
  ASSERT_TRUE(client_.InsertJob(job_, {{"load", {{"x", 1}}}}, {}).ok());
  EXPECT_TRUE(client_.DeleteTable(table_, {}).ok());
  EXPECT_TRUE(client_.DeleteTable(table_, {}).ok());
  const std::string tables = "/bigquery/v2/projects/shop/datasets/lake/tables";
  EXPECT_THAT(
      Asked(),
      ElementsAre(
          R"(POST /bigquery/v2/projects/shop/datasets {"datasetReference":{"datasetId":"lake","projectId":"shop"},"location":"EU"})",
          "POST " + tables +
              R"( {"description":"d","tableReference":{"datasetId":"lake","projectId":"shop","tableId":"orders"}})",
          "PATCH " + tables + R"(/orders {"labels":{"a":"b"}})",
          R"(POST /bigquery/v2/projects/shop/jobs {"configuration":{"load":{"x":1}},"jobReference":{"jobId":"headrace_1","location":"EU","projectId":"shop"}})",
          "DELETE " + tables + "/orders ", "DELETE " + tables + "/orders "));
  EXPECT_EQ(server_.requests()[0].Header("content-type"), "application/json");
}

TEST_F(BigQueryClientTest, AJobOfThisIdIsToldByItsCode) {
  ExpectError(409, "duplicate");
  EXPECT_EQ(CodeOf(client_.InsertJob(job_, json::object(), {}).status()), kDuplicateReason);
}

TEST_F(BigQueryClientTest, AnAnswerThatIsCutShortIsTransient) {
  Expect({.body = R"({"id": )"});
  Expect({.body = "[]"});
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(ClassOf(client_.FindTable(table_, {}).status()), ErrorClass::kTransient);
  }
}

TEST_F(BigQueryClientTest, AFileIsUploadedBehindItsJob) {
  Expect({.headers = {{.name = "Location", .value = server_.url("/session?id=1")}}});
  Expect({.status = 308, .headers = {{.name = "Range", .value = "bytes=0-3"}}});
  Expect(200, {{"id", "job"}});
  const std::string content = "content";
  UploadOptions options;
  options.chunk = 4;
  const auto job = client_.UploadJob(job_, {{"load", 1}},
                                     {.size = 7,
                                      .read =
                                          [&](int64_t at, int64_t size) {
                                            return std::string_view(content).substr(
                                                static_cast<size_t>(at), static_cast<size_t>(size));
                                          }},
                                     {}, options);
  EXPECT_EQ(job.ValueOrDie(), (json{{"id", "job"}}));
  EXPECT_THAT(
      Asked(),
      ElementsAre(
          R"(POST /upload/bigquery/v2/projects/shop/jobs?uploadType=resumable {"configuration":{"load":1},"jobReference":{"jobId":"headrace_1","location":"EU","projectId":"shop"}})",
          "PUT /session?id=1 cont", "PUT /session?id=1 ent"));
  EXPECT_EQ(server_.requests()[1].Header("content-range"), "bytes 0-3/7");
  EXPECT_EQ(server_.requests()[0].Header("x-upload-content-length"), "7");
}

TEST_F(BigQueryClientTest, RowsComePageByPage) {
  Expect(200, {{"rows", {1, 2}}, {"pageToken", "next/1"}});
  Expect(200, {{"rows", {3}}});
  std::vector<int> rows;
  ASSERT_TRUE(client_
                  .ListRows(table_, 2,
                            [&](const json& page) {
                              for (const json& row : page["rows"]) rows.push_back(row.get<int>());
                              return arrow::Status::OK();
                            },
                            {})
                  .ok());
  EXPECT_THAT(rows, ElementsAre(1, 2, 3));
  const std::string first =
      "GET /bigquery/v2/projects/shop/datasets/lake/tables/orders/data?maxResults=2&"
      "formatOptions%2EuseInt64Timestamp=true";
  EXPECT_THAT(Asked(), ElementsAre(first + " ", first + "&pageToken=next%2F1 "));
}

TEST_F(BigQueryClientTest, WhoTakesRowsMayEndIt) {
  Expect(200, {{"pageToken", "more"}});
  const arrow::Status ended =
      client_.ListRows(table_, 2, [](const json&) { return UserError("enough"); }, {});
  EXPECT_THAT(ended.message(), HasSubstr("enough"));
  EXPECT_EQ(server_.requests().size(), 1U);
}

}  // namespace
}  // namespace headrace
