#include "headrace/client/http/url.h"

#include <algorithm>
#include <optional>

#include "headrace/model/ascii.h"
#include "headrace/model/percent_coding.h"

namespace headrace {
namespace {

/// Where the parts of `scheme://[user@]host[:port]/path…` are (RFC 3986, 3.2).
struct Authority {
  size_t begin = 0;  // Behind a user.
  size_t end = 0;
};

std::optional<Authority> FindAuthority(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::nullopt;
  const size_t begin = scheme + 3;
  const size_t end = std::min(url.find_first_of("/?#", begin), url.size());
  const size_t user = url.substr(0, end).rfind('@');
  return Authority{.begin = user == std::string_view::npos || user < begin ? begin : user + 1,
                   .end = end};
}

/// Four numbers of up to three digits.
bool IsDottedQuad(std::string_view host) {
  size_t digits = 0;
  int dots = 0;
  for (const char c : host) {
    if (c == '.' && digits > 0) {
      ++dots;
      digits = 0;
    } else if (c < '0' || c > '9' || ++digits > 3) {
      return false;
    }
  }
  return dots == 3 && digits > 0;
}

}  // namespace

std::string EncodeForm(
    std::initializer_list<std::pair<std::string_view, std::string_view>> keys_and_values) {
  std::string form;
  for (const auto& [key, value] : keys_and_values) {
    if (value.empty()) continue;
    if (!form.empty()) form += '&';
    form += PercentEncode(key) + '=' + PercentEncode(value);
  }
  return form;
}

std::string HostOf(std::string_view url) {
  const auto authority = FindAuthority(url);
  if (!authority) return {};
  const std::string_view host = url.substr(authority->begin, authority->end - authority->begin);
  if (host.starts_with('[')) return std::string(host.substr(1, host.find(']') - 1));
  return std::string(host.substr(0, host.find(':')));
}

bool IsLoopback(std::string_view host) {
  return LowerAsciiText(host) == "localhost" || host == "::1" ||
         (host.starts_with("127.") && IsDottedQuad(host));
}

std::string ShownUrl(std::string_view url) {
  const auto authority = FindAuthority(url);
  if (!authority) return "what is no URL (not shown, it may be a secret)";
  const std::string scheme(url.substr(0, url.find("://") + 3));
  return scheme +
         std::string(url.substr(authority->begin,
                                url.find_first_of("?#", authority->begin) - authority->begin));
}

}  // namespace headrace
