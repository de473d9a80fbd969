#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "headrace/client/google_auth/credential_kinds.h"
#include "headrace/client/google_auth/text_file.h"
#include "headrace/client/google_auth/token_request.h"
#include "headrace/client/http/url.h"
#include "headrace/model/json_object.h"

namespace headrace {
namespace {

constexpr std::string_view kTokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange";
constexpr std::string_view kAccessTokenType = "urn:ietf:params:oauth:token-type:access_token";

/// Where the token of the other identity provider lies.
struct SubjectFile {
  std::string path;
  std::optional<std::string> field;  // Of a JSON object; none: the file is the token.
};

struct Pool {
  std::string audience;
  std::string subject_token_type;
  std::string token_url;
  std::optional<std::string> quota_project;
  SubjectFile subject;
};

/// Read anew each time: whoever provides it replaces it before it expires.
arrow::Result<std::string> SubjectToken(const SubjectFile& subject) {
  auto read = ReadTextFile(subject.path);
  if (!read.ok()) return WithContext(read.status(), "credential_source.file");
  std::string text = *std::move(read);
  if (subject.field) {
    ARROW_ASSIGN_OR_RAISE(const nlohmann::json json,
                          ParseJson(text, subject.path, ErrorClass::kUser));
    JsonObject object(json, subject.path, ErrorClass::kUser);
    object.Read(subject.field->c_str(), text);
    ARROW_RETURN_NOT_OK(object.status());
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.empty()) return UserError("credential_source.file '" + subject.path + "' is empty");
  return text;
}

class ExternalAccount final : public Credentials {
 public:
  ExternalAccount(AuthContext context, Pool pool)
      : context_(std::move(context)), pool_(std::move(pool)) {}

  std::string who() const override { return "the identity in " + pool_.subject.path; }
  std::optional<std::string> quota_project() const override { return pool_.quota_project; }

  arrow::Result<AccessToken> NewToken(const std::stop_token& stop) override {
    ARROW_ASSIGN_OR_RAISE(const std::string subject, SubjectToken(pool_.subject));
    return AskTokenEndpoint(context_, pool_.token_url,
                            EncodeForm({{"grant_type", kTokenExchange},
                                        {"audience", pool_.audience},
                                        {"scope", JoinScopes(context_)},
                                        {"requested_token_type", kAccessTokenType},
                                        {"subject_token", subject},
                                        {"subject_token_type", pool_.subject_token_type}}),
                            stop);
  }

 private:
  const AuthContext context_;
  const Pool pool_;
};

/// What is not a file: the key of credential_source that says so, and what it would be.
constexpr std::array kOtherSources = {
    std::pair{"url", "a URL"}, std::pair{"executable", "an executable"},
    std::pair{"certificate", "a certificate"}, std::pair{"environment_id", "AWS"}};

arrow::Result<SubjectFile> ReadSubject(const nlohmann::json& source) {
  for (const auto& [key, what] : kOtherSources) {
    if (!source.contains(key)) continue;
    return UserError("credential_source: tokens of " + std::string(what) +
                     " are not supported; write them to a file, and name it as "
                     "credential_source.file");
  }
  SubjectFile subject;
  JsonObject object(source, "credential_source", ErrorClass::kUser);
  object.Read("file", subject.path);
  ARROW_RETURN_NOT_OK(object.status());
  if (!source.contains("format")) return subject;
  std::string type;
  const nlohmann::json& format = object.ReadObject("format");
  JsonObject of_format(format, "credential_source.format", ErrorClass::kUser);
  of_format.Read("type", type);
  if (type == "json") of_format.Read("subject_token_field_name", subject.field.emplace());
  ARROW_RETURN_NOT_OK(object.status());
  ARROW_RETURN_NOT_OK(of_format.status());
  return subject;
}

/// How long its tokens are to live; an hour where the file does not say.
arrow::Result<std::chrono::seconds> ReadLifetime(const nlohmann::json& file) {
  std::optional<int64_t> seconds;
  if (file.contains("service_account_impersonation")) {
    const nlohmann::json& wish = file["service_account_impersonation"];
    JsonObject object(wish, "service_account_impersonation", ErrorClass::kUser);
    object.Read("token_lifetime_seconds", seconds);
    ARROW_RETURN_NOT_OK(object.status());
  }
  return seconds ? std::chrono::seconds(*seconds) : ImpersonationTarget().lifetime;
}

}  // namespace

arrow::Result<std::unique_ptr<Credentials>> ReadExternalAccount(AuthContext context,
                                                                const nlohmann::json& file) {
  if (file.contains("workforce_pool_user_project")) {
    return UserError("workforce pools are not supported, by their key workforce_pool_user_project");
  }
  Pool pool;
  ImpersonationTarget target;
  std::optional<std::string> impersonation_url;
  JsonObject object(file, "the external account", ErrorClass::kUser);
  object.Read("audience", pool.audience);
  object.Read("subject_token_type", pool.subject_token_type);
  object.Read("token_url", pool.token_url);
  object.Read("quota_project_id", pool.quota_project);
  object.Read("service_account_impersonation_url", impersonation_url);
  const nlohmann::json& source = object.ReadObject("credential_source");
  ARROW_RETURN_NOT_OK(object.status());
  ARROW_RETURN_NOT_OK(CheckTokenUrl(pool.token_url, "token_url"));
  ARROW_ASSIGN_OR_RAISE(pool.subject, ReadSubject(source));
  auto account = std::make_unique<ExternalAccount>(context, std::move(pool));
  if (!impersonation_url) return account;
  target.url = *impersonation_url;
  ARROW_ASSIGN_OR_RAISE(target.lifetime, ReadLifetime(file));
  return MakeImpersonation(std::move(context), std::move(account), std::move(target));
}

}  // namespace headrace
