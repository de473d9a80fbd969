#include "headrace/client/google_auth/default_credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "headrace/client/google_auth/test_token_server.h"
#include "headrace/client/http/curl_transport.h"

namespace headrace {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

class DefaultCredentialsTest : public testing::Test {
 protected:
  DefaultCredentialsTest() {
    std::string name = (std::filesystem::temp_directory_path() / "headrace-adc-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    variables_["HOME"] = folder_.string();
    variables_["GCE_METADATA_HOST"] = "127.0.0.1:1";  // Nobody.
  }
  ~DefaultCredentialsTest() override { fs::remove_all(folder_); }

  /// The credentials of a user whose account is `account`.
  std::string WriteUser(const fs::path& path, const std::string& account) const {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << nlohmann::json{{"type", "authorized_user"},
                                          {"client_id", "id"},
                                          {"client_secret", "s"},
                                          {"refresh_token", "r"},
                                          {"account", account}};
    return path.string();
  }

  arrow::Result<std::unique_ptr<Credentials>> Find() const {
    return FindDefaultCredentials({.transport = MakeCurlTransport()},
                                  [this](const char* name) -> std::optional<std::string> {
                                    const auto found = variables_.find(name);
                                    return found == variables_.end() ? std::nullopt
                                                                     : std::optional(found->second);
                                  },
                                  {});
  }

  fs::path folder_;
  std::map<std::string, std::string> variables_;
};

TEST_F(DefaultCredentialsTest, TheNamedFileGoesBeforeGcloudsAndThatBeforeTheMachine) {
  const TestTokenServer machine;
  variables_["GCE_METADATA_HOST"] = machine.host();
  EXPECT_EQ(Find().ValueOrDie()->who(), "the service account of this machine");
  WriteUser(folder_ / ".config/gcloud/application_default_credentials.json", "home");
  EXPECT_EQ(Find().ValueOrDie()->who(), "user home");
  variables_["CLOUDSDK_CONFIG"] = folder_ / "sdk";
  WriteUser(folder_ / "sdk/application_default_credentials.json", "sdk");
  EXPECT_EQ(Find().ValueOrDie()->who(), "user sdk");
  variables_["GOOGLE_APPLICATION_CREDENTIALS"] = WriteUser(folder_ / "named.json", "named");
  EXPECT_EQ(Find().ValueOrDie()->who(), "user named");
}

TEST_F(DefaultCredentialsTest, AHostThatDoesNotSayThatItIsOneIsNoMetadataServer) {
  const TestHttpServer stranger([](const TestHttpRequest&) { return TestHttpAnswer{}; });
  variables_["GCE_METADATA_HOST"] = stranger.host();
  const arrow::Status error = Find().status();
  EXPECT_EQ(ClassOf(error), ErrorClass::kUser);
  EXPECT_THAT(error.message(), HasSubstr("GOOGLE_APPLICATION_CREDENTIALS is not set"));
  EXPECT_THAT(error.message(), HasSubstr("application_default_credentials.json is not there"));
  EXPECT_THAT(error.message(), HasSubstr("no metadata server answers at " + stranger.host()));
}

TEST_F(DefaultCredentialsTest, AFileThatIsNamedAndIsNoneIsAnError) {
  const std::string path = folder_ / "named.json";
  variables_["GOOGLE_APPLICATION_CREDENTIALS"] = path;
  EXPECT_THAT(Find().status().message(), HasSubstr(path + "' cannot be read"));
  for (const char* text :
       {"", "secret", R"({"type": "service_account", "private_key": "secret"})"}) {
    std::ofstream(path) << text;
    const arrow::Status error = Find().status();
    EXPECT_EQ(ClassOf(error), ErrorClass::kUser) << error;
    EXPECT_THAT(error.message(), HasSubstr("GOOGLE_APPLICATION_CREDENTIALS: the credentials file"));
    EXPECT_THAT(error.message(), Not(HasSubstr("secret")));
  }
}

}  // namespace
}  // namespace headrace
