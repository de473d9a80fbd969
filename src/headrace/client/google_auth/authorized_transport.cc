#include "headrace/client/google_auth/authorized_transport.h"

#include <utility>

#include "headrace/client/google_auth/token_request.h"

namespace headrace {
namespace {

constexpr int kUnauthorized = 401;

class AuthorizedTransport final : public HttpTransport {
 public:
  AuthorizedTransport(std::shared_ptr<HttpTransport> base, std::shared_ptr<TokenCache> tokens,
                      std::optional<std::string> quota_project)
      : base_(std::move(base)),
        tokens_(std::move(tokens)),
        quota_project_(std::move(quota_project)) {}

  arrow::Result<HttpResponse> Send(const HttpRequest& request,
                                   const std::stop_token& stop) override {
    ARROW_RETURN_NOT_OK(CheckTokenUrl(request.url, "the address of a service"));
    ARROW_ASSIGN_OR_RAISE(const std::string token, tokens_->Token(stop));
    ARROW_ASSIGN_OR_RAISE(HttpResponse answer, base_->Send(Authorized(request, token), stop));
    if (answer.status != kUnauthorized) return answer;
    tokens_->Refuse(token);
    ARROW_ASSIGN_OR_RAISE(const std::string fresh, tokens_->Token(stop));
    return base_->Send(Authorized(request, fresh), stop);
  }

 private:
  HttpRequest Authorized(HttpRequest request, const std::string& token) const {
    request.headers.push_back({.name = "Authorization", .value = "Bearer " + token});
    if (quota_project_) {
      request.headers.push_back({.name = "x-goog-user-project", .value = *quota_project_});
    }
    return request;
  }

  const std::shared_ptr<HttpTransport> base_;
  const std::shared_ptr<TokenCache> tokens_;
  const std::optional<std::string> quota_project_;
};

}  // namespace

std::unique_ptr<HttpTransport> MakeAuthorizedTransport(std::shared_ptr<HttpTransport> base,
                                                       std::shared_ptr<TokenCache> tokens,
                                                       std::optional<std::string> quota_project) {
  return std::make_unique<AuthorizedTransport>(std::move(base), std::move(tokens),
                                               std::move(quota_project));
}

}  // namespace headrace
