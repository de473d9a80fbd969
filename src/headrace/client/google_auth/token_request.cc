#include "headrace/client/google_auth/token_request.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "headrace/client/http/url.h"
#include "headrace/model/json_object.h"

namespace headrace {
namespace {

constexpr int kServerError = 500;
constexpr int kTooManyRequests = 429;
constexpr int kRequestTimeout = 408;

const nlohmann::json* Find(const nlohmann::json& json, const char* key) {
  const auto found = json.is_object() ? json.find(key) : json.end();
  return found == json.end() ? nullptr : &*found;
}

/// What an answer says of why it refuses: OAuth's form (RFC 6749, 5.2) or that of Google's other
/// services.
std::string ReasonOf(const HttpResponse& response) {
  const nlohmann::json json = nlohmann::json::parse(response.body, nullptr, false);
  for (const nlohmann::json* text : {Find(json, "error_description"), Find(json, "error")}) {
    if (text == nullptr) continue;
    if (text->is_object()) text = Find(*text, "message");
    if (text != nullptr && text->is_string()) return text->get<std::string>();
  }
  return {};
}

arrow::Status Refused(const HttpRequest& request, const HttpResponse& response) {
  const bool may_change = response.status >= kServerError || response.status == kTooManyRequests ||
                          response.status == kRequestTimeout;
  std::string message = ShownUrl(request.url) + " answered " + std::to_string(response.status);
  if (const std::string reason = ReasonOf(response); !reason.empty()) message += ": " + reason;
  return MakeError(may_change ? ErrorClass::kTransient : ErrorClass::kUser, std::move(message),
                   "HTTP_" + std::to_string(response.status));
}

}  // namespace

arrow::Status CheckTokenUrl(std::string_view url, std::string_view key) {
  if (url.starts_with("https://")) return arrow::Status::OK();
  if (url.starts_with("http://") && IsLoopback(HostOf(url))) return arrow::Status::OK();
  return UserError(std::string(key) + " must begin with https://, found " + ShownUrl(url));
}

arrow::Result<std::string> ReadTokenUri(JsonObject& object) {
  std::optional<std::string> written;
  object.Read("token_uri", written);
  ARROW_RETURN_NOT_OK(object.status());
  std::string uri = written.value_or(std::string(kGoogleTokenUri));
  ARROW_RETURN_NOT_OK(CheckTokenUrl(uri, "token_uri"));
  return uri;
}

std::string JoinScopes(const AuthContext& context, char separator) {
  std::string scopes;
  for (const std::string& scope : context.scopes) {
    if (!scopes.empty()) scopes += separator;
    scopes += scope;
  }
  return scopes;
}

arrow::Result<nlohmann::json> AskForJson(const AuthContext& context, const HttpRequest& request,
                                         const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const HttpResponse response, context.transport->Send(request, stop));
  if (!response.ok()) return Refused(request, response);
  auto json = ParseJson(response.body, ShownUrl(request.url), ErrorClass::kPermanent);
  if (json.ok() && !json->is_object()) {
    return PermanentError(ShownUrl(request.url) + " answered something else than a JSON object");
  }
  return json;
}

arrow::Result<AccessToken> TokenOfAnswer(const AuthContext& context, const nlohmann::json& json) {
  AccessToken token;
  int64_t seconds = 0;
  JsonObject object(json, "the answer with the token", ErrorClass::kPermanent);
  object.Read("access_token", token.value);
  object.Read("expires_in", seconds);
  ARROW_RETURN_NOT_OK(object.status());
  token.expires = context.now() + std::chrono::seconds(seconds);
  return token;
}

arrow::Result<AccessToken> AskTokenEndpoint(const AuthContext& context, const std::string& url,
                                            const std::string& form, const std::stop_token& stop) {
  const HttpRequest request{
      .method = "POST",
      .url = url,
      .headers = {{.name = "Content-Type", .value = "application/x-www-form-urlencoded"}},
      .body = form};
  ARROW_ASSIGN_OR_RAISE(const nlohmann::json answer, AskForJson(context, request, stop));
  return TokenOfAnswer(context, answer);
}

}  // namespace headrace
