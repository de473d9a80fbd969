#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/model/error.h"

/// Requests and answers of HTTP, and who carries them. What a request is for, whether an answer is
/// an error and what to do about it is the caller's matter, or that of a decorator:
///
///   CurlTransport ◄─ AuthorizedTransport (client/google_auth) ◄─ RetryingTransport ◄─ a client
namespace headrace {

struct HttpHeader {
  std::string name;
  std::string value;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;  ///< Absolute, `http` or `https`, percent-encoded.
  std::vector<HttpHeader> headers = {};
  std::string_view body = {};  ///< Must live until Send returns.
  bool repeatable = true;  ///< Sending it twice does what sending it once does, so that decorators
                           ///< may send it again where its answer was lost. (libcurl itself sends
                           ///< any request again where a connection that it had kept turns out to
                           ///< be closed before a byte of the answer.)
  bool past_proxies =
      false;  ///< Of hosts that only this machine can reach. Loopback is one anyway.
};

struct HttpResponse {
  int status = 0;
  std::vector<HttpHeader> headers = {};  ///< With names in lower case, in the order they came.
  std::string body = {};                 ///< Decompressed.

  /// The first header of this name, which is in lower case.
  std::optional<std::string_view> Header(std::string_view name) const;

  /// 2xx.
  bool ok() const { return status >= 200 && status < 300; }
};

/// Whether the same request may be answered otherwise later: 408, 429, 500, 502, 503 and 504
/// (https://cloud.google.com/storage/docs/retry-strategy).
bool IsTransientStatus(int status);

/// Carries requests. Thread-safe.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;

  /// The answer, of whatever status: a status is no error here, and no redirect is followed. Errors
  /// mean that there is none: transient where the same request may reach the server later, user
  /// where the address or a certificate is wrong, kInterruptedCode once `stop` is stopped. They
  /// name the method and the place without its query, which may hold a secret.
  virtual arrow::Result<HttpResponse> Send(const HttpRequest& request,
                                           const std::stop_token& stop) = 0;
};

}  // namespace headrace
