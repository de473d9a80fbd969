#include <nlohmann/json.hpp>
#include <utility>

#include "headrace/client/google_auth/credential_kinds.h"
#include "headrace/client/google_auth/jwt.h"
#include "headrace/client/google_auth/token_request.h"
#include "headrace/client/http/url.h"
#include "headrace/model/json_object.h"

namespace headrace {
namespace {

constexpr std::string_view kJwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";
constexpr std::chrono::seconds kLife{3600};  // The longest that Google takes (AIP-4111).

struct Account {
  std::string email;
  std::string key;
  std::string key_id;
  std::string token_uri;
  std::optional<std::string> quota_project;
};

class ServiceAccount final : public Credentials {
 public:
  ServiceAccount(AuthContext context, Account account)
      : context_(std::move(context)), account_(std::move(account)) {}

  std::string who() const override { return "service account " + account_.email; }
  std::optional<std::string> quota_project() const override { return account_.quota_project; }

  arrow::Result<AccessToken> NewToken(const std::stop_token& stop) override {
    return account_.token_uri == kGoogleTokenUri ? SignedToken() : ExchangedToken(stop);
  }

 private:
  arrow::Result<AccessToken> SignedToken() const {
    const auto now = context_.now();
    nlohmann::json claims = Claims(now);
    claims["sub"] = account_.email;
    ARROW_ASSIGN_OR_RAISE(std::string token, SignJwt(claims, account_.key, account_.key_id));
    return AccessToken{.value = std::move(token), .expires = now + kLife};
  }

  arrow::Result<AccessToken> ExchangedToken(const std::stop_token& stop) const {
    nlohmann::json claims = Claims(context_.now());
    claims["aud"] = account_.token_uri;
    ARROW_ASSIGN_OR_RAISE(const std::string assertion,
                          SignJwt(claims, account_.key, account_.key_id));
    return AskTokenEndpoint(context_, account_.token_uri,
                            EncodeForm({{"grant_type", kJwtBearer}, {"assertion", assertion}}),
                            stop);
  }

  nlohmann::json Claims(std::chrono::system_clock::time_point now) const {
    const int64_t seconds =
        std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    return {{"iss", account_.email},
            {"scope", JoinScopes(context_)},
            {"iat", seconds},
            {"exp", seconds + kLife.count()}};
  }

  const AuthContext context_;
  const Account account_;
};

}  // namespace

arrow::Result<std::unique_ptr<Credentials>> ReadServiceAccount(AuthContext context,
                                                               const nlohmann::json& file) {
  Account account;
  JsonObject object(file, "the service account", ErrorClass::kUser);
  object.Read("client_email", account.email);
  object.Read("private_key", account.key);
  object.Read("private_key_id", account.key_id);
  object.Read("quota_project_id", account.quota_project);
  ARROW_ASSIGN_OR_RAISE(account.token_uri, ReadTokenUri(object));
  // A key that is none is found here, and not when the first token expires.
  ARROW_RETURN_NOT_OK(SignJwt(nlohmann::json::object(), account.key, account.key_id).status());
  return std::make_unique<ServiceAccount>(std::move(context), std::move(account));
}

}  // namespace headrace
