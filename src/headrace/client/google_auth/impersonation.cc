#include <nlohmann/json.hpp>
#include <utility>

#include "headrace/client/google_auth/credential_kinds.h"
#include "headrace/client/google_auth/token_request.h"
#include "headrace/model/json_object.h"
#include "headrace/model/utc_time.h"

namespace headrace {
namespace {

/// The account of …/serviceAccounts/<account>:generateAccessToken.
std::string AccountOf(std::string_view url) {
  const size_t slash = url.rfind('/');
  const std::string_view name = url.substr(slash == std::string_view::npos ? 0 : slash + 1);
  return std::string(name.substr(0, name.rfind(':')));
}

class Impersonation final : public Credentials {
 public:
  Impersonation(AuthContext context, std::unique_ptr<Credentials> source,
                ImpersonationTarget target)
      : context_(std::move(context)), source_(std::move(source)), target_(std::move(target)) {}

  std::string who() const override {
    return "service account " + AccountOf(target_.url) + ", impersonated by " + source_->who();
  }
  std::optional<std::string> quota_project() const override {
    return target_.quota_project ? target_.quota_project : source_->quota_project();
  }

  arrow::Result<AccessToken> NewToken(const std::stop_token& stop) override {
    ARROW_ASSIGN_OR_RAISE(const AccessToken own, source_->NewToken(stop));
    nlohmann::json wish = {{"scope", context_.scopes},
                           {"lifetime", std::to_string(target_.lifetime.count()) + "s"}};
    if (!target_.delegates.empty()) wish["delegates"] = target_.delegates;
    const std::string body = DumpJson(wish);
    const HttpRequest request{.method = "POST",
                              .url = target_.url,
                              .headers = {{.name = "Authorization", .value = "Bearer " + own.value},
                                          {.name = "Content-Type", .value = "application/json"}},
                              .body = body};
    ARROW_ASSIGN_OR_RAISE(const nlohmann::json answer, AskForJson(context_, request, stop));
    return TokenOf(answer);
  }

 private:
  static arrow::Result<AccessToken> TokenOf(const nlohmann::json& answer) {
    AccessToken token;
    std::string expires;
    JsonObject object(answer, "the answer with the token", ErrorClass::kPermanent);
    object.Read("accessToken", token.value);
    object.Read("expireTime", expires);
    ARROW_RETURN_NOT_OK(object.status());
    ARROW_ASSIGN_OR_RAISE(token.expires, ExpiryOf(expires));
    return token;
  }

  /// A Timestamp has 0, 3, 6 or 9 digits behind the seconds
  /// (https://protobuf.dev/reference/protobuf/google.protobuf/#timestamp), which do not matter
  /// here.
  static arrow::Result<std::chrono::system_clock::time_point> ExpiryOf(const std::string& text) {
    const std::string seconds = text.substr(0, text.find_first_of(".Z")) + "Z";
    const auto micros = MicrosOfUtcTime(seconds);
    if (!micros.ok()) {
      return PermanentError("the answer with the token has the expireTime '" + text + "'");
    }
    return std::chrono::system_clock::time_point(std::chrono::microseconds(*micros));
  }

  const AuthContext context_;
  const std::unique_ptr<Credentials> source_;
  const ImpersonationTarget target_;
};

}  // namespace

arrow::Result<std::unique_ptr<Credentials>> MakeImpersonation(AuthContext context,
                                                              std::unique_ptr<Credentials> source,
                                                              ImpersonationTarget target) {
  ARROW_RETURN_NOT_OK(CheckTokenUrl(target.url, "service_account_impersonation_url"));
  return std::make_unique<Impersonation>(std::move(context), std::move(source), std::move(target));
}

arrow::Result<std::unique_ptr<Credentials>> ReadImpersonatedAccount(AuthContext context,
                                                                    const nlohmann::json& file) {
  ImpersonationTarget target;
  std::optional<std::vector<std::string>> delegates;
  JsonObject object(file, "the impersonated account", ErrorClass::kUser);
  object.Read("service_account_impersonation_url", target.url);
  object.Read("delegates", delegates);
  object.Read("quota_project_id", target.quota_project);
  const nlohmann::json& source_file = object.ReadObject("source_credentials");
  ARROW_RETURN_NOT_OK(object.status());
  target.delegates = delegates.value_or(std::vector<std::string>());
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<Credentials> source, ReadCredentials(context, source_file));
  return MakeImpersonation(std::move(context), std::move(source), std::move(target));
}

}  // namespace headrace
