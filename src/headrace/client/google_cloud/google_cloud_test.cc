#include "headrace/client/google_cloud/google_cloud.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "headrace/client/google_auth/test_token_server.h"
#include "headrace/client/http/curl_transport.h"

namespace headrace {
namespace {

using nlohmann::json;
using testing::HasSubstr;

/// Services that answer what they are told, and an identity whose tokens come from a server.
class GoogleCloudTest : public testing::Test {
 protected:
  GoogleCloudTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "headrace-cloud-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    clock_.wait = [this](std::chrono::milliseconds, const std::stop_token&) {
      ++waits_;
      return true;
    };
  }
  ~GoogleCloudTest() override { std::filesystem::remove_all(folder_); }

  std::string WriteUser() const {
    const std::string path = folder_ / "user.json";
    std::ofstream(path) << json{{"type", "authorized_user"},
                                {"client_id", "id"},
                                {"client_secret", "s"},
                                {"refresh_token", "r"},
                                {"account", "me"},
                                {"quota_project_id", "payer"},
                                {"token_uri", tokens_.url("/token")}};
    return path;
  }

  arrow::Result<GoogleCloud> Open(const GoogleCloudOptions& options) const {
    return GoogleCloud::Open(
        MakeCurlTransport(), options,
        [this](const char* name) -> std::optional<std::string> {
          const auto found = variables_.find(name);
          return found == variables_.end() ? std::nullopt : std::optional(found->second);
        },
        {}, clock_);
  }

  const BigQueryDataset dataset_{.project = "shop", .dataset = "lake"};
  std::filesystem::path folder_;
  const TestTokenServer tokens_;
  std::function<TestHttpAnswer(const TestHttpRequest&)> answer_ = [](const TestHttpRequest&) {
    return TestHttpAnswer{.body = "{}"};
  };
  const TestHttpServer service_{
      [this](const TestHttpRequest& request) { return answer_(request); }};
  std::map<std::string, std::string> variables_;
  RetryClock clock_;
  int waits_ = 0;
};

TEST_F(GoogleCloudTest, RequestsAreOfTheIdentityAndSentAgain) {
  int asked = 0;
  answer_ = [&](const TestHttpRequest& request) {
    ++asked;
    if (asked == 1) return TestHttpAnswer{.status = 503};
    if (request.Header("authorization") != "Bearer token-2") return TestHttpAnswer{.status = 401};
    return TestHttpAnswer{.body = R"({"id": "d"})"};
  };
  const GoogleCloud cloud =
      Open({.credentials_file = WriteUser(), .bigquery_root = service_.url()}).ValueOrDie();
  EXPECT_EQ(cloud.who(), "user me");
  EXPECT_TRUE(cloud.bigquery().FindDataset(dataset_, {}).ValueOrDie().has_value());
  EXPECT_EQ(asked, 3);  // Unavailable, unauthorized, answered.
  EXPECT_EQ(waits_, 1);
  EXPECT_EQ(service_.requests().back().Header("x-goog-user-project"), "payer");
}

TEST_F(GoogleCloudTest, TheEnvironmentMaySayWhoPays) {
  variables_["GOOGLE_CLOUD_QUOTA_PROJECT"] = "other";
  variables_["GOOGLE_APPLICATION_CREDENTIALS"] = WriteUser();
  const GoogleCloud cloud = Open({.bigquery_root = service_.url()}).ValueOrDie();
  ASSERT_TRUE(cloud.bigquery().FindDataset(dataset_, {}).ok());
  EXPECT_EQ(service_.requests().back().Header("x-goog-user-project"), "other");
}

TEST_F(GoogleCloudTest, EmulatorsAreAskedWithoutCredentials) {
  variables_["BIGQUERY_EMULATOR_HOST"] = service_.host();
  variables_["STORAGE_EMULATOR_HOST"] = service_.url();
  const GoogleCloud cloud = Open({}).ValueOrDie();
  ASSERT_TRUE(cloud.bigquery().FindDataset(dataset_, {}).ok());
  ASSERT_TRUE(cloud.gcs().FindBucket("lake", {}).ok());
  for (const TestHttpRequest& request : service_.requests()) {
    EXPECT_EQ(request.Header("authorization"), "");
  }
  EXPECT_EQ(service_.requests().size(), 2);
  EXPECT_EQ(cloud.stores()->gcs.emulator, service_.url());
}

TEST_F(GoogleCloudTest, AnEmulatorGetsNoTokenBesideTheOtherService) {
  variables_["BIGQUERY_EMULATOR_HOST"] = service_.host();
  const GoogleCloud cloud = Open({.credentials_file = WriteUser()}).ValueOrDie();
  ASSERT_TRUE(cloud.bigquery().FindDataset(dataset_, {}).ok());
  EXPECT_EQ(service_.requests().back().Header("authorization"), "");
  EXPECT_EQ(cloud.who(), "user me");
}

TEST_F(GoogleCloudTest, StoresTakeAServiceAccountOrTheDefault) {
  variables_["BIGQUERY_EMULATOR_HOST"] = service_.host();
  EXPECT_THAT(Open({.credentials_file = WriteUser()}).ValueOrDie().stores().status().message(),
              HasSubstr("GOOGLE_APPLICATION_CREDENTIALS"));
  const std::string path = folder_ / "account.json";
  std::ofstream(path) << json{{"type", "service_account"},
                              {"client_email", "etl@shop.iam"},
                              {"private_key", TestKeys().PrivatePem()},
                              {"private_key_id", "1"}};
  const GoogleCloud account = Open({.credentials_file = path}).ValueOrDie();
  EXPECT_THAT(account.stores()->gcs.service_account.value(), HasSubstr("etl@shop.iam"));
  variables_["GOOGLE_APPLICATION_CREDENTIALS"] = path;
  EXPECT_EQ(Open({})->stores()->gcs.service_account, std::nullopt);
}

TEST_F(GoogleCloudTest, WithoutAnIdentityNothingIsOpened) {
  variables_["BIGQUERY_EMULATOR_HOST"] = service_.host();
  variables_["GOOGLE_APPLICATION_CREDENTIALS"] = folder_ / "none.json";
  EXPECT_THAT(Open({}).status().message(), HasSubstr("none.json' cannot be read"));
}

}  // namespace
}  // namespace headrace
