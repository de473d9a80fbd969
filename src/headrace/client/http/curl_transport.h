#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "headrace/client/http/http.h"

namespace headrace {

struct CurlOptions {
  /// "(gzip)" in it is how Google's services know that answers may be compressed
  /// (https://cloud.google.com/bigquery/docs/api-performance#using_gzip).
  std::string user_agent = "headrace (gzip)";
  std::chrono::milliseconds connect_timeout{10'000};
  /// How long not a byte may go either way. An answer that the server thinks about counts.
  std::chrono::seconds silence{90};
  int64_t longest_answer = 256LL << 20;  ///< Bytes, decompressed.
};

/// HTTP/1.1, and HTTP/2 over TLS, by libcurl. Connections are kept and used again; each request
/// that runs has one of its own. Proxies are those of the environment, except to loopback.
std::unique_ptr<HttpTransport> MakeCurlTransport(CurlOptions options = {});

}  // namespace headrace
