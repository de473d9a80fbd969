#include <nlohmann/json.hpp>
#include <utility>

#include "headrace/client/google_auth/credential_kinds.h"
#include "headrace/client/google_auth/token_request.h"
#include "headrace/client/http/url.h"
#include "headrace/model/json_object.h"

namespace headrace {
namespace {

struct User {
  std::string client_id;
  std::string client_secret;
  std::string refresh_token;
  std::string token_uri;
  std::optional<std::string> account;
  std::optional<std::string> quota_project;
};

class AuthorizedUser final : public Credentials {
 public:
  AuthorizedUser(AuthContext context, User user)
      : context_(std::move(context)), user_(std::move(user)) {}

  std::string who() const override {
    return user_.account && !user_.account->empty() ? "user " + *user_.account
                                                    : "the user of gcloud";
  }
  std::optional<std::string> quota_project() const override { return user_.quota_project; }

  arrow::Result<AccessToken> NewToken(const std::stop_token& stop) override {
    return AskTokenEndpoint(context_, user_.token_uri,
                            EncodeForm({{"grant_type", "refresh_token"},
                                        {"client_id", user_.client_id},
                                        {"client_secret", user_.client_secret},
                                        {"refresh_token", user_.refresh_token}}),
                            stop);
  }

 private:
  const AuthContext context_;
  const User user_;
};

}  // namespace

arrow::Result<std::unique_ptr<Credentials>> ReadAuthorizedUser(AuthContext context,
                                                               const nlohmann::json& file) {
  User user;
  JsonObject object(file, "the user's credentials", ErrorClass::kUser);
  object.Read("client_id", user.client_id);
  object.Read("client_secret", user.client_secret);
  object.Read("refresh_token", user.refresh_token);
  object.Read("account", user.account);
  object.Read("quota_project_id", user.quota_project);
  ARROW_ASSIGN_OR_RAISE(user.token_uri, ReadTokenUri(object));
  return std::make_unique<AuthorizedUser>(std::move(context), std::move(user));
}

}  // namespace headrace
