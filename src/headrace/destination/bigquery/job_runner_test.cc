#include "headrace/destination/bigquery/job_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "headrace/client/bigquery/error.h"
#include "headrace/destination/bigquery/memory_bigquery.h"

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Json = nlohmann::json;

/// Gives its answers one after another, the last one for ever, and knows what was asked.
class ScriptedTransport final : public HttpTransport {
 public:
  arrow::Result<HttpResponse> Send(const HttpRequest& request, const std::stop_token&) override {
    asked.push_back(request.method);
    bodies.emplace_back(request.body);
    if (answers.empty()) return TransientError("no answer", "cut");
    const arrow::Result<HttpResponse> answer = answers.front();
    if (answers.size() > 1) answers.pop_front();
    return answer;
  }

  std::deque<arrow::Result<HttpResponse>> answers;
  std::vector<std::string> asked;
  std::vector<std::string> bodies;
};

HttpResponse Job(const std::string& state, const std::string& query = "") {
  Json job = {{"status", {{"state", state}}}};
  if (!query.empty()) job["configuration"]["query"]["query"] = query;
  return {.status = 200, .body = job.dump()};
}

const HttpResponse& Duplicate() {
  static const HttpResponse kAnswer = TestApiError(409, "duplicate");
  return kAnswer;
}

const HttpResponse& NotFound() {
  static const HttpResponse kAnswer = TestApiError(404, "notFound");
  return kAnswer;
}

class JobRunnerTest : public testing::Test {
 protected:
  arrow::Result<EndedJob> Run(std::deque<arrow::Result<HttpResponse>> answers) {
    transport_->answers = std::move(answers);
    return runner_.Run(job_, {{"load", Json::object()}}, stop_.get_token());
  }

  arrow::Result<bool> Take(std::deque<arrow::Result<HttpResponse>> answers) {
    transport_->answers = std::move(answers);
    return runner_.TakeId(job_, stop_.get_token());
  }

  const BigQueryJob job_{.project = "p", .location = "EU", .id = "id"};
  std::stop_source stop_;
  int waits_ = 0;
  int stop_at_wait_ = 0;
  const std::shared_ptr<ScriptedTransport> transport_ = std::make_shared<ScriptedTransport>();
  const BigQueryClient client_{transport_, "http://bigquery.test"};
  const JobRunner runner_{client_,
                          [this](std::chrono::milliseconds delay, const std::stop_token& stop) {
                            EXPECT_GT(delay.count(), 0);
                            EXPECT_LE(delay.count(), 5000);
                            if (++waits_ == stop_at_wait_) stop_.request_stop();
                            return !stop.stop_requested();
                          }};
};

TEST_F(JobRunnerTest, AJobThatIsDoneAtOnceIsAskedForOnce) {
  const EndedJob ended = Run({Job("DONE")}).ValueOrDie();
  EXPECT_FALSE(ended.was_there);
  EXPECT_THAT(transport_->asked, ElementsAre("POST"));
  EXPECT_EQ(Json::parse(transport_->bodies[0]), Json::parse(R"({"configuration":{"load":{}},
      "jobReference":{"projectId":"p","jobId":"id","location":"EU"}})"));
}

TEST_F(JobRunnerTest, AJobThatRunsIsWaitedFor) {
  const EndedJob ended =
      Run({Job("PENDING"), Job("PENDING"), Job("RUNNING"), Job("DONE")}).ValueOrDie();
  EXPECT_FALSE(ended.was_there);
  EXPECT_THAT(transport_->asked, ElementsAre("POST", "GET", "GET", "GET"));
  EXPECT_EQ(waits_, 2);
}

TEST_F(JobRunnerTest, AJobOfTheIdThatIsThereCounts) {
  const EndedJob ended = Run({Duplicate(), Job("RUNNING"), Job("DONE")}).ValueOrDie();
  EXPECT_TRUE(ended.was_there);
}

TEST_F(JobRunnerTest, AJobThatIsThereMayNotBeFoundForAMoment) {
  EXPECT_TRUE(Run({Duplicate(), NotFound(), NotFound(), NotFound(), Job("DONE")})->was_there);
  EXPECT_EQ(waits_, 3);
  const arrow::Status error = Run({Duplicate(), NotFound()}).status();
  EXPECT_EQ(ClassOf(error), ErrorClass::kTransient);
  EXPECT_THAT(error.message(), HasSubstr("cannot be found in EU"));
}

TEST_F(JobRunnerTest, AnswersThatSayNothingOfTheJobAreErrors) {
  for (const int status : {500, 502, 503, 429}) {
    EXPECT_EQ(ClassOf(Run({HttpResponse{.status = status}}).status()), ErrorClass::kTransient);
  }
  EXPECT_EQ(CodeOf(Run({TestApiError(403, "accessDenied")}).status()), "accessDenied");
  EXPECT_EQ(CodeOf(Run({TestApiError(400, "invalid")}).status()), "invalid");
  EXPECT_EQ(CodeOf(Run({}).status()), "cut");
  EXPECT_EQ(CodeOf(Run({Job("RUNNING"), TransientError("no answer", "cut")}).status()), "cut");
  EXPECT_EQ(ClassOf(Run({HttpResponse{.status = 200, .body = "{\"sta"}}).status()),
            ErrorClass::kTransient);
}

TEST_F(JobRunnerTest, AnAnswerWithoutAStateIsNotTheEndOfAJob) {
  EXPECT_TRUE(Run({HttpResponse{.status = 200}, Job("RUNNING"), Job("DONE")}).ok());
  EXPECT_THAT(transport_->asked, ElementsAre("POST", "GET", "GET"));
}

TEST_F(JobRunnerTest, WhoeverIsStoppedWaitsNoMore) {
  stop_at_wait_ = 3;
  EXPECT_EQ(CodeOf(Run({Job("RUNNING")}).status()), kInterruptedCode);
  EXPECT_EQ(waits_, 3);
  EXPECT_EQ(CodeOf(Run({Duplicate(), NotFound()}).status()), kInterruptedCode);
}

TEST_F(JobRunnerTest, AwaitFindsNothingWhereThereIsNone) {
  transport_->answers = {NotFound()};
  EXPECT_EQ(runner_.Await(job_, {}).ValueOrDie(), std::nullopt);
}

TEST_F(JobRunnerTest, AnIdIsTakenOrWasTaken) {
  EXPECT_TRUE(Take({Job("RUNNING", "SELECT 1")}).ValueOrDie());
  EXPECT_THAT(transport_->asked, ElementsAre("POST"));
  EXPECT_THAT(transport_->bodies[0], HasSubstr("SELECT 1"));
  EXPECT_TRUE(Take({Duplicate(), NotFound(), Job("DONE", "SELECT 1")}).ValueOrDie());
  EXPECT_FALSE(Take({Duplicate(), Job("DONE")}).ValueOrDie());
  EXPECT_FALSE(Take({Duplicate(), Job("DONE", "SELECT 2")}).ValueOrDie());
  EXPECT_EQ(ClassOf(Take({HttpResponse{.status = 503}}).status()), ErrorClass::kTransient);
  EXPECT_EQ(ClassOf(Take({Duplicate(), NotFound()}).status()), ErrorClass::kTransient);
}

TEST(ErrorOfJobTest, AJobThatHasNotFailedHasNone) {
  EXPECT_TRUE(ErrorOfJob(Json::object()).ok());
  EXPECT_TRUE(ErrorOfJob({{"status", {{"state", "DONE"}}}}).ok());
  // Warnings.
  EXPECT_TRUE(ErrorOfJob(Json::parse(R"({"status":{"errors":[{"message":"x"}]}})")).ok());
}

TEST(ErrorOfJobTest, AnErrorSaysAllThatTheServiceSaysOnce) {
  const arrow::Status error = ErrorOfJob(Json::parse(R"({"status":{
      "errorResult":{"reason":"invalid","message":"too many errors","location":"gs://b/a"},
      "errors":[{"reason":"invalid","message":"too many errors"},
                {"reason":"invalid","message":"no column x","location":"gs://b/1"},
                {"reason":"invalid","message":"no column x","location":"gs://b/2"},
                {"reason":"invalid","message":"no column y"},{"reason":"invalid"}]}})"));
  EXPECT_EQ(ClassOf(error), ErrorClass::kUser);
  EXPECT_EQ(CodeOf(error), "invalid");
  EXPECT_EQ(error.message(),
            "the load job: too many errors\n  no column x (gs://b/1)\n  no column y");
}

TEST(ErrorOfJobTest, ManyErrorsAreCutShort) {
  Json job = {{"status", {{"errorResult", {{"reason", "invalid"}, {"message", "m"}}}}}};
  for (int i = 0; i < 100; ++i) {
    job["status"]["errors"].push_back({{"message", "e" + std::to_string(i)}});
  }
  const std::string text(ErrorOfJob(job).message());
  EXPECT_EQ(std::ranges::count(text, '\n'), 5);
  EXPECT_THAT(text, HasSubstr("e4"));
}

TEST(ErrorOfJobTest, ReasonsTellWhetherAnotherAttemptMayHelp) {
  const auto class_of = [](const char* reason) {
    return ClassOf(ErrorOfJob({{"status", {{"errorResult", {{"reason", reason}}}}}}));
  };
  EXPECT_EQ(class_of("backendError"), ErrorClass::kTransient);
  EXPECT_EQ(class_of("jobInternalError"), ErrorClass::kTransient);
  EXPECT_EQ(class_of("invalid"), ErrorClass::kUser);
  EXPECT_EQ(class_of("of tomorrow"), ErrorClass::kPermanent);
}

TEST(ErrorOfJobTest, WhatIsNotAsDocumentedIsNoCrash) {
  for (const char* status :
       {R"({"errorResult":[]})", R"({"errorResult":"x","errors":{}})",
        R"({"errorResult":{"reason":1,"message":[]},"errors":[1,null,{"message":{}}]})",
        R"({"errorResult":{},"errors":"x"})"}) {
    EXPECT_FALSE(ErrorOfJob({{"status", Json::parse(status)}}).ok()) << status;
  }
  EXPECT_TRUE(ErrorOfJob({{"status", 7}}).ok());
}

}  // namespace
}  // namespace headrace
