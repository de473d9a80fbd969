#include <nlohmann/json.hpp>
#include <utility>

#include "headrace/client/google_auth/credential_kinds.h"
#include "headrace/client/google_auth/token_request.h"
#include "headrace/client/http/url.h"

namespace headrace {
namespace {

class MetadataCredentials final : public Credentials {
 public:
  MetadataCredentials(AuthContext context, std::string host)
      : context_(std::move(context)), host_(std::move(host)) {}

  std::string who() const override { return "the service account of this machine"; }

  arrow::Result<AccessToken> NewToken(const std::stop_token& stop) override {
    const HttpRequest request{
        .url = "http://" + host_ + "/computeMetadata/v1/instance/service-accounts/default/token?" +
               EncodeForm({{"scopes", JoinScopes(context_, ',')}}),
        .headers = {{.name = "Metadata-Flavor", .value = "Google"}},
        .past_proxies = true};
    ARROW_ASSIGN_OR_RAISE(const nlohmann::json answer, AskForJson(context_, request, stop));
    return TokenOfAnswer(context_, answer);
  }

 private:
  const AuthContext context_;
  const std::string host_;
};

}  // namespace

std::unique_ptr<Credentials> MakeMetadataCredentials(AuthContext context, std::string host) {
  return std::make_unique<MetadataCredentials>(std::move(context), std::move(host));
}

}  // namespace headrace
