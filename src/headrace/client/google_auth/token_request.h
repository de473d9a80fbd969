#pragma once

#include <nlohmann/json_fwd.hpp>
#include <stop_token>
#include <string>
#include <string_view>

#include "headrace/client/google_auth/credentials.h"
#include "headrace/model/json_object.h"

/// The requests that tokens are asked for with, and what is made of their answers.
namespace headrace {

/// Google's own token endpoint: that of credentials whose file names none.
inline constexpr std::string_view kGoogleTokenUri = "https://oauth2.googleapis.com/token";

/// Class user unless secrets may be sent to `url`: by TLS, or to this machine. `key` is where it is
/// from.
arrow::Status CheckTokenUrl(std::string_view url, std::string_view key);

/// The key `token_uri` of credentials, or Google's own endpoint; checked by CheckTokenUrl. The
/// error of `object`, if it has one.
arrow::Result<std::string> ReadTokenUri(JsonObject& object);

/// The scopes as a request has them: mostly separated by spaces.
std::string JoinScopes(const AuthContext& context, char separator = ' ');

/// Sends a request whose answer is a JSON object. An answer that is none, or of a status other than
/// 2xx, is an error: transient for 408, 429 and 5xx, else user, with what the answer says of itself
/// (`error_description`, `error.message`).
arrow::Result<nlohmann::json> AskForJson(const AuthContext& context, const HttpRequest& request,
                                         const std::stop_token& stop);

/// POSTs `form` to an OAuth 2.0 token endpoint (RFC 6749, 5.1): `access_token` and `expires_in`.
arrow::Result<AccessToken> AskTokenEndpoint(const AuthContext& context, const std::string& url,
                                            const std::string& form, const std::stop_token& stop);

/// Reads `access_token` and `expires_in` of `json`, the answer of now.
arrow::Result<AccessToken> TokenOfAnswer(const AuthContext& context, const nlohmann::json& json);

}  // namespace headrace
