#include "headrace/client/google_auth/credential_kinds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "headrace/client/google_auth/test_token_server.h"
#include "headrace/client/http/curl_transport.h"
#include "headrace/model/json_object.h"

namespace headrace {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

/// 2033-05-18 03:33:20 UTC.
constexpr std::chrono::system_clock::time_point kNow{std::chrono::seconds(2'000'000'000)};
constexpr std::string_view kScopes = "https://www.googleapis.com/auth/cloud-platform second";

class CredentialsTest : public testing::Test {
 protected:
  static const TestKeys& Keys() {
    static const TestKeys kKeys;  // They take a while to make.
    return kKeys;
  }

  static AuthContext Context() {
    return {.transport = MakeCurlTransport(),
            .scopes = {"https://www.googleapis.com/auth/cloud-platform", "second"},
            .now = [] { return kNow; }};
  }

  static json ServiceAccountFile(const std::string& token_uri) {
    return {{"type", "service_account"},
            {"client_email", "etl@shop.iam"},
            {"private_key", Keys().PrivatePem()},
            {"private_key_id", "key-1"},
            {"token_uri", token_uri},
            {"project_id", "shop"}};
  }

  json UserFile() const {
    return {{"type", "authorized_user"},          {"client_id", "id"},
            {"client_secret", "the secret"},      {"refresh_token", "the refresh"},
            {"token_uri", server_.url("/token")}, {"quota_project_id", "quota"}};
  }

  static std::unique_ptr<Credentials> Read(const json& file) {
    auto credentials = ReadCredentials(Context(), file);
    EXPECT_TRUE(credentials.ok()) << credentials.status();
    return credentials.ok() ? std::move(*credentials) : nullptr;
  }

  std::map<std::string, std::string> LastForm() { return FormOf(server_.requests().back().body()); }

  TestTokenServer server_;
};

TEST_F(CredentialsTest, AServiceAccountSignsItsTokensItself) {
  const auto account = Read(ServiceAccountFile("https://oauth2.googleapis.com/token"));
  const AccessToken token = account->NewToken({}).ValueOrDie();
  EXPECT_EQ(token.expires, kNow + std::chrono::hours(1));
  const auto [header, claims] = Keys().Open(token.value);
  EXPECT_EQ(header, (json{{"alg", "RS256"}, {"typ", "JWT"}, {"kid", "key-1"}}));
  EXPECT_EQ(claims, (json{{"iss", "etl@shop.iam"},
                          {"sub", "etl@shop.iam"},
                          {"scope", kScopes},
                          {"iat", 2'000'000'000},
                          {"exp", 2'000'003'600}}));
  EXPECT_EQ(account->who(), "service account etl@shop.iam");
  EXPECT_EQ(account->quota_project(), std::nullopt);
}

TEST_F(CredentialsTest, ATokenEndpointOfItsOwnIsAsked) {
  const std::string url = server_.url("/token");
  const auto account = Read(ServiceAccountFile(url));
  const AccessToken token = account->NewToken({}).ValueOrDie();
  EXPECT_EQ(token.value, "token-1");
  EXPECT_EQ(token.expires, kNow + std::chrono::hours(1));
  auto form = LastForm();
  EXPECT_EQ(form["grant_type"], "urn:ietf:params:oauth:grant-type:jwt-bearer");
  const auto [header, claims] = Keys().Open(form["assertion"]);
  EXPECT_EQ(claims, (json{{"iss", "etl@shop.iam"},
                          {"aud", url},
                          {"scope", kScopes},
                          {"iat", 2'000'000'000},
                          {"exp", 2'000'003'600}}));
  EXPECT_EQ(server_.requests().back().Header("content-type"), "application/x-www-form-urlencoded");
}

TEST_F(CredentialsTest, AUserExchangesTheirRefreshToken) {
  const auto user = Read(UserFile());
  EXPECT_EQ(user->NewToken({})->value, "token-1");
  EXPECT_EQ(LastForm(), (std::map<std::string, std::string>{{"grant_type", "refresh_token"},
                                                            {"client_id", "id"},
                                                            {"client_secret", "the secret"},
                                                            {"refresh_token", "the refresh"}}));
  EXPECT_EQ(user->quota_project(), "quota");
  EXPECT_EQ(user->who(), "the user of gcloud");
}

TEST_F(CredentialsTest, AnAccountIsImpersonatedWithTheTokenOfAnother) {
  const auto account =
      Read({{"type", "impersonated_service_account"},
            {"service_account_impersonation_url",
             server_.url("/v1/projects/-/serviceAccounts/load@shop.iam:generateAccessToken")},
            {"delegates", {"a", "b"}},
            {"source_credentials", UserFile()}});
  const AccessToken token = account->NewToken({}).ValueOrDie();
  EXPECT_EQ(token.value, "token-2");
  EXPECT_EQ(token.expires, kNow + std::chrono::hours(1));
  const TestHttpRequest asked = server_.requests().back();
  EXPECT_EQ(asked.Header("authorization"), "Bearer token-1");
  EXPECT_EQ(json::parse(asked.body()),
            (json{{"scope", {"https://www.googleapis.com/auth/cloud-platform", "second"}},
                  {"lifetime", "3600s"},
                  {"delegates", {"a", "b"}}}));
  EXPECT_EQ(account->who(), "service account load@shop.iam, impersonated by the user of gcloud");
  EXPECT_EQ(account->quota_project(), "quota");
}

class FederationTest : public CredentialsTest {
 protected:
  FederationTest() {
    std::string name =
        (std::filesystem::temp_directory_path() / "headrace-subject-XXXXXX").string();
    ::close(::mkstemp(name.data()));
    path_ = name;
  }
  ~FederationTest() override { std::filesystem::remove(path_); }

  void Write(const std::string& text) const { std::ofstream(path_, std::ios::binary) << text; }

  json File(const json& source) const {
    return {{"type", "external_account"},
            {"audience", "//iam.googleapis.com/pool"},
            {"subject_token_type", "urn:ietf:params:oauth:token-type:jwt"},
            {"token_url", server_.url("/v1/token")},
            {"credential_source", source}};
  }

  std::string path_;
};

TEST_F(FederationTest, ATokenOfAFileIsExchangedAndReadAnewEachTime) {
  const auto account = Read(File({{"file", path_}}));
  for (const char* subject : {"first", "second"}) {
    Write(subject + std::string("\n"));
    ASSERT_TRUE(account->NewToken({}).ok());
    EXPECT_EQ(LastForm(),
              (std::map<std::string, std::string>{
                  {"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"},
                  {"audience", "//iam.googleapis.com/pool"},
                  {"scope", std::string(kScopes)},
                  {"requested_token_type", "urn:ietf:params:oauth:token-type:access_token"},
                  {"subject_token", subject},
                  {"subject_token_type", "urn:ietf:params:oauth:token-type:jwt"}}));
  }
}

TEST_F(FederationTest, TheFileMayBeAnObjectAndTheAccountAnother) {
  Write(R"({"access_token": "inner", "other": 1})");
  json file = File({{"file", path_},
                    {"format", {{"type", "json"}, {"subject_token_field_name", "access_token"}}}});
  file["service_account_impersonation_url"] = server_.url("/x/load@shop.iam:generateAccessToken");
  file["service_account_impersonation"] = {{"token_lifetime_seconds", 900}};
  const auto account = Read(file);
  EXPECT_EQ(account->NewToken({})->value, "token-2");
  EXPECT_EQ(FormOf(server_.requests().front().body())["subject_token"], "inner");
  EXPECT_EQ(json::parse(server_.requests().back().body())["lifetime"], "900s");
  EXPECT_EQ(server_.requests().back().Header("authorization"), "Bearer token-1");
}

TEST_F(FederationTest, AFileThatHoldsNoTokenIsNamed) {
  const auto account = Read(File({{"file", path_}}));
  EXPECT_THAT(account->NewToken({}).status().message(), HasSubstr(path_ + "' is empty"));
  std::filesystem::remove(path_);
  EXPECT_THAT(account->NewToken({}).status().message(), HasSubstr(path_ + "' cannot be read"));
  EXPECT_TRUE(server_.requests().empty());
}

TEST_F(FederationTest, OtherSourcesAreRefusedWithASentence) {
  for (const auto& [key, word] :
       {std::pair{"url", "a URL"}, std::pair{"executable", "an executable"},
        std::pair{"certificate", "a certificate"}, std::pair{"environment_id", "AWS"}}) {
    const arrow::Status error = ReadCredentials(Context(), File({{key, "x"}})).status();
    EXPECT_EQ(ClassOf(error), ErrorClass::kUser);
    EXPECT_THAT(error.message(),
                HasSubstr("tokens of " + std::string(word) + " are not supported"));
  }
}

TEST_F(CredentialsTest, TheMachinesAccountIsAskedForWithItsHeader) {
  const auto machine = MakeMetadataCredentials(Context(), server_.host());
  EXPECT_EQ(machine->NewToken({})->value, "token-1");
  const TestHttpRequest asked = server_.requests().back();
  EXPECT_EQ(asked.Header("metadata-flavor"), "Google");
  EXPECT_EQ(PercentDecode(asked.target),
            "/computeMetadata/v1/instance/service-accounts/default/token?scopes="
            "https://www.googleapis.com/auth/cloud-platform,second");
}

struct Refusal {
  TestHttpAnswer answer;
  ErrorClass error_class;
  std::string_view text;
};

TEST_F(CredentialsTest, ARefusalSaysWhyAndShowsNoSecret) {
  const Refusal refusals[] = {
      {{.status = 400, .body = R"({"error": "invalid_grant", "error_description": "Bad Request"})"},
       ErrorClass::kUser,
       "answered 400: Bad Request"},
      {{.status = 401, .body = R"({"error": "invalid_client"})"},
       ErrorClass::kUser,
       "answered 401: invalid_client"},
      {{.status = 403, .body = R"({"error": {"code": 403, "message": "no right"}})"},
       ErrorClass::kUser,
       "answered 403: no right"},
      {{.status = 503, .body = "<html>"}, ErrorClass::kTransient, "answered 503"},
      {{.status = 429}, ErrorClass::kTransient, "answered 429"},
      {{.body = "[]"}, ErrorClass::kPermanent, "something else than a JSON object"},
      {{.body = "{"}, ErrorClass::kPermanent, "/token"},
      {{.body = "{}"}, ErrorClass::kPermanent, "access_token"},
      {{.body = R"({"access_token": "x", "expires_in": "soon"})"},
       ErrorClass::kPermanent,
       "expires_in"},
  };
  const auto user = Read(UserFile());
  for (const auto& [answer, error_class, text] : refusals) {
    server_.refuse = answer;
    const arrow::Status error = user->NewToken({}).status();
    EXPECT_EQ(ClassOf(error), error_class) << error;
    EXPECT_THAT(error.message(), HasSubstr(text));
    EXPECT_THAT(error.message(), Not(HasSubstr("the secret")));
    EXPECT_THAT(error.message(), Not(HasSubstr("the refresh")));
  }
}

TEST_F(CredentialsTest, AFileThatIsWrongNamesTheKey) {
  const json account = ServiceAccountFile("https://oauth2.googleapis.com/token");
  const auto with = [&](const char* key, const json& value) {
    json changed = account;
    changed[key] = value;
    return changed;
  };
  const std::pair<json, std::string_view> cases[] = {
      {json::array(), "expected a JSON object"},
      {json::object(), "\"type\" is missing"},
      {with("type", "gdch"), "expected one of service_account, authorized_user"},
      {with("private_key", "-----BEGIN PRIVATE KEY-----\nsecret\n"), "no RSA key"},
      {with("private_key", 1), "\"private_key\""},
      {with("client_email", nullptr), "\"client_email\""},
      {with("token_uri", "http://example.com/token?secret"), "token_uri must begin with https://"},
  };
  for (const auto& [file, text] : cases) {
    const arrow::Status error = ReadCredentials(Context(), file).status();
    EXPECT_EQ(ClassOf(error), ErrorClass::kUser) << error;
    EXPECT_THAT(error.message(), HasSubstr(text));
    EXPECT_THAT(error.message(), Not(HasSubstr("secret")));
  }
}

TEST_F(CredentialsTest, AKeyOfAnotherKindSignsNothing) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
  PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  char* text = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &text);
  json file = ServiceAccountFile("https://oauth2.googleapis.com/token");
  file["private_key"] = std::string(text, static_cast<size_t>(size));
  EXPECT_THAT(ReadCredentials(Context(), file).status().message(), HasSubstr("no RSA key"));
}

}  // namespace
}  // namespace headrace
