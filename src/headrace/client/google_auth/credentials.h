#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "headrace/client/http/http.h"
#include "headrace/model/error.h"

/// Who headrace is to Google's services. Credentials make access tokens, TokenCache keeps one until
/// it is about to expire, AuthorizedTransport puts it into requests. No token, key or secret is
/// ever in an error.
namespace headrace {

/// A bearer token (RFC 6750).
struct AccessToken {
  std::string value;
  std::chrono::system_clock::time_point expires;
};

/// What every kind of credentials needs to ask for tokens.
struct AuthContext {
  std::shared_ptr<HttpTransport> transport;
  std::vector<std::string> scopes = {"https://www.googleapis.com/auth/cloud-platform"};
  std::function<std::chrono::system_clock::time_point()> now = std::chrono::system_clock::now;
};

/// One identity. Thread-safe.
class Credentials {
 public:
  virtual ~Credentials() = default;

  /// A token of now, by a request or without one. Errors of class user where the identity is
  /// refused, transient where the answer may be another one later.
  virtual arrow::Result<AccessToken> NewToken(const std::stop_token& stop) = 0;

  /// For people: `service account etl@shop.iam.gserviceaccount.com`.
  virtual std::string who() const = 0;

  /// The project whose quota requests count for, unless it is that of the resource
  /// (`x-goog-user-project`).
  virtual std::optional<std::string> quota_project() const { return std::nullopt; }
};

}  // namespace headrace
