#pragma once

#include <memory>
#include <optional>
#include <string>

#include "headrace/client/google_auth/token_cache.h"
#include "headrace/client/http/http.h"

namespace headrace {

/// Sends requests with `Authorization: Bearer …`, and `x-goog-user-project` where `quota_project`
/// is given. A 401 is answered by a new token and the same request once more: what comes then is
/// returned. Requests are sent over nothing but TLS, or to this machine: an error of class user
/// else.
std::unique_ptr<HttpTransport> MakeAuthorizedTransport(std::shared_ptr<HttpTransport> base,
                                                       std::shared_ptr<TokenCache> tokens,
                                                       std::optional<std::string> quota_project);

}  // namespace headrace
