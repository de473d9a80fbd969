#include "headrace/client/http/curl_error.h"

#include <algorithm>
#include <array>
#include <string>

#include "headrace/model/ascii.h"

namespace headrace {
namespace {

struct CodeClass {
  CURLcode code;
  std::string_view name;
  ErrorClass error_class;
};

/// https://curl.se/libcurl/c/libcurl-errors.html. What is not here will fail again.
constexpr std::array kCodes = {
    CodeClass{CURLE_UNSUPPORTED_PROTOCOL, "CURLE_UNSUPPORTED_PROTOCOL", ErrorClass::kUser},
    CodeClass{CURLE_URL_MALFORMAT, "CURLE_URL_MALFORMAT", ErrorClass::kUser},
    CodeClass{CURLE_PEER_FAILED_VERIFICATION, "CURLE_PEER_FAILED_VERIFICATION", ErrorClass::kUser},
    CodeClass{CURLE_SSL_CACERT_BADFILE, "CURLE_SSL_CACERT_BADFILE", ErrorClass::kUser},
    CodeClass{CURLE_SSL_CERTPROBLEM, "CURLE_SSL_CERTPROBLEM", ErrorClass::kUser},
    CodeClass{CURLE_COULDNT_RESOLVE_PROXY, "CURLE_COULDNT_RESOLVE_PROXY", ErrorClass::kUser},
    // A resolver that is away, or a network, says the same of every name.
    CodeClass{CURLE_COULDNT_RESOLVE_HOST, "CURLE_COULDNT_RESOLVE_HOST", ErrorClass::kTransient},
    CodeClass{CURLE_COULDNT_CONNECT, "CURLE_COULDNT_CONNECT", ErrorClass::kTransient},
    CodeClass{CURLE_OPERATION_TIMEDOUT, "CURLE_OPERATION_TIMEDOUT", ErrorClass::kTransient},
    CodeClass{CURLE_SSL_CONNECT_ERROR, "CURLE_SSL_CONNECT_ERROR", ErrorClass::kTransient},
    CodeClass{CURLE_GOT_NOTHING, "CURLE_GOT_NOTHING", ErrorClass::kTransient},
    CodeClass{CURLE_SEND_ERROR, "CURLE_SEND_ERROR", ErrorClass::kTransient},
    CodeClass{CURLE_RECV_ERROR, "CURLE_RECV_ERROR", ErrorClass::kTransient},
    CodeClass{CURLE_PARTIAL_FILE, "CURLE_PARTIAL_FILE", ErrorClass::kTransient},
    CodeClass{CURLE_HTTP2, "CURLE_HTTP2", ErrorClass::kTransient},
    CodeClass{CURLE_HTTP2_STREAM, "CURLE_HTTP2_STREAM", ErrorClass::kTransient},
    CodeClass{CURLE_SEND_FAIL_REWIND, "CURLE_SEND_FAIL_REWIND", ErrorClass::kTransient},
    // A proxy, or what answered in its place, has cut the text short.
    CodeClass{CURLE_WEIRD_SERVER_REPLY, "CURLE_WEIRD_SERVER_REPLY", ErrorClass::kTransient},
    CodeClass{CURLE_BAD_CONTENT_ENCODING, "CURLE_BAD_CONTENT_ENCODING", ErrorClass::kTransient},
};

/// libcurl repeats a proxy's address, password and all, where it cannot read it.
bool IsAboutProxy(CURLcode code, std::string_view text) {
  return code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_PROXY ||
         LowerAsciiText(text).find("proxy") != std::string::npos;
}

std::string TextOf(CURLcode code, std::string_view text) {
  if (IsAboutProxy(code, text)) {
    return std::string(curl_easy_strerror(code)) +
           " (by way of the proxy that the environment names, as HTTPS_PROXY)";
  }
  return std::string(text.empty() ? curl_easy_strerror(code) : text);
}

}  // namespace

arrow::Status CurlError(CURLcode code, std::string_view what, std::string_view text) {
  const auto* known = std::ranges::find(kCodes, code, &CodeClass::code);
  const bool is_known = known != kCodes.end();
  return MakeError(is_known ? known->error_class : ErrorClass::kPermanent,
                   std::string(what) + ": " + TextOf(code, text),
                   is_known ? std::string(known->name) : "CURLE_" + std::to_string(code));
}

}  // namespace headrace
