#include "headrace/client/gcs/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "headrace/client/gcs/test_bucket.h"
#include "headrace/client/http/curl_transport.h"
#include "headrace/client/http/test_http_server.h"

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(GcsEndpoint, IsTheServiceUnlessAnEmulatorIsNamed) {
  EXPECT_EQ(ResolveGcsEndpoint({})->root, "https://storage.googleapis.com");
  EXPECT_EQ(ResolveGcsEndpoint("localhost:4443")->root, "http://localhost:4443");
  EXPECT_TRUE(ResolveGcsEndpoint("localhost:4443")->is_emulator);
  EXPECT_THAT(ResolveGcsEndpoint("storage.example.com").status().message(),
              HasSubstr("STORAGE_EMULATOR_HOST"));
}

class GcsRequests : public testing::Test {
 protected:
  TestHttpAnswer answer_;
  TestHttpServer server_{[this](const TestHttpRequest&) { return answer_; }};
  GcsClient client_{MakeCurlTransport(), server_.url()};
  const GcsObject object_{.bucket = "lake", .name = "a b/ü.json"};
};

TEST_F(GcsRequests, AnUploadIsOneRequestWithItsCondition) {
  ASSERT_TRUE(client_.WriteIfAbsent(object_, "con\r\ntent", {}).ValueOrDie());
  ASSERT_TRUE(client_.Write(object_, "", {}).ok());
  const auto requests = server_.requests();
  EXPECT_EQ(requests[0].method, "POST");
  EXPECT_EQ(requests[0].target,
            "/upload/storage/v1/b/lake/o?uploadType=multipart&ifGenerationMatch=0");
  EXPECT_EQ(requests[1].target, "/upload/storage/v1/b/lake/o?uploadType=multipart");
  const std::string type(requests[0].Header("content-type"));
  constexpr std::string_view kType = "multipart/related; boundary=";
  ASSERT_TRUE(type.starts_with(kType)) << type;
  const std::string line = "--" + type.substr(kType.size());
  EXPECT_EQ(
      requests[0].body(),
      line +
          "\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{\"name\":\"a b/ü.json\"}\r\n" +
          line + "\r\nContent-Type: application/octet-stream\r\n\r\ncon\r\ntent\r\n" + line +
          "--\r\n");
}

TEST_F(GcsRequests, ErrorsNameTheObjectAndAreClassed) {
  answer_ = {.status = 412, .body = R"({"error": {"errors": [{"reason": "conditionNotMet"}]}})"};
  EXPECT_FALSE(client_.WriteIfAbsent(object_, "x", {}).ValueOrDie());
  answer_ = {.status = 403,
             .body = R"({"error": {"message": "no right", "errors": [{"reason": "forbidden"}]}})"};
  for (const arrow::Status& error :
       {client_.Write(object_, "x", {}), client_.WriteIfAbsent(object_, "x", {}).status(),
        client_.Read(object_, {}).status(), client_.Delete(object_, {}),
        client_.List("lake", "a b/", {}).status(), client_.FindBucket("lake", {}).status()}) {
    EXPECT_EQ(ClassOf(error), ErrorClass::kUser) << error;
    EXPECT_THAT(error.message(), HasSubstr("gs://lake"));
    EXPECT_THAT(error.message(), HasSubstr("no right"));
  }
  answer_ = {.status = 503};
  EXPECT_EQ(ClassOf(client_.Write(object_, "x", {})), ErrorClass::kTransient);
  EXPECT_TRUE(IsTransientGcsAnswer({.status = 429}));
  EXPECT_TRUE(IsTransientGcsAnswer(
      {.status = 403, .body = R"({"error": {"errors": [{"reason": "rateLimitExceeded"}]}})"}));
  EXPECT_FALSE(IsTransientGcsAnswer({.status = 412}));
}

TEST_F(GcsRequests, AListingThatIsNoneIsAnError) {
  for (const char* body : {R"({"items": [{"name": "x", "size": "1e3"}]})", R"({"items": 1})",
                           R"({"items": [{"size": "1"}]})"}) {
    answer_ = {.body = body};
    EXPECT_EQ(ClassOf(client_.List("lake", "", {}).status()), ErrorClass::kPermanent) << body;
  }
}

/// Against the stand-in, in a bucket of this test.
class StandInGcs : public testing::Test {
 protected:
  GcsObject Object(const std::string& name) const { return {.bucket = bucket_, .name = name}; }

  std::vector<std::string> Names(const std::string& prefix) const {
    std::vector<std::string> names;
    for (const GcsListedObject& listed : client_.List(bucket_, prefix, {}).ValueOrDie()) {
      names.push_back(listed.name);
    }
    return names;
  }

  const std::string root_ = TestStandIn("gcs");
  const std::string bucket_ = MakeTestBucket(root_);
  const GcsClient client_{MakeCurlTransport(), root_};
};

TEST_F(StandInGcs, ObjectsAreWrittenReadListedAndDeleted) {
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes += static_cast<char>(i * 7919 >> 3);
  ASSERT_TRUE(client_.Write(Object("a/1 ü.json"), bytes, {}).ok());
  ASSERT_TRUE(client_.Write(Object("a/2"), "", {}).ok());
  ASSERT_TRUE(client_.Write(Object("b/1"), "old", {}).ok());
  ASSERT_TRUE(client_.Write(Object("b/1"), "new", {}).ok());
  EXPECT_EQ(client_.Read(Object("a/1 ü.json"), {}).ValueOrDie(), bytes);
  EXPECT_EQ(client_.Read(Object("a/2"), {}).ValueOrDie(), "");
  EXPECT_EQ(client_.Read(Object("b/1"), {}).ValueOrDie(), "new");
  EXPECT_EQ(client_.Read(Object("c"), {}).ValueOrDie(), std::nullopt);
  EXPECT_THAT(Names("a/"), ElementsAre("a/1 ü.json", "a/2"));
  EXPECT_EQ(client_.List(bucket_, "a/", {}).ValueOrDie()[0].bytes, 100'000);
  EXPECT_THAT(Names("none/"), IsEmpty());
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(client_.Delete(Object("a/2"), {}).ok());
  EXPECT_THAT(Names(""), ElementsAre("a/1 ü.json", "b/1"));
}

TEST_F(StandInGcs, OfManyWhoWriteTheSameObjectOneDoes) {
  std::atomic<int> written = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        written += client_.WriteIfAbsent(Object("x"), std::to_string(i), {}).ValueOrDie() ? 1 : 0;
      });
    }
  }
  EXPECT_EQ(written, 1);
  EXPECT_FALSE(client_.WriteIfAbsent(Object("x"), "late", {}).ValueOrDie());
}

TEST_F(StandInGcs, ABucketIsFoundOrNot) {
  EXPECT_EQ(client_.FindBucket(bucket_, {}).ValueOrDie()->at("name"), bucket_);
  EXPECT_EQ(client_.FindBucket(bucket_ + "-none", {}).ValueOrDie(), std::nullopt);
  const arrow::Status error = client_.Read({.bucket = bucket_ + "-none", .name = "x"}, {}).status();
  EXPECT_EQ(ClassOf(error), ErrorClass::kUser) << error;
}

}  // namespace
}  // namespace headrace
