#include "headrace/client/http/http.h"

#include <algorithm>

namespace headrace {

std::optional<std::string_view> HttpResponse::Header(std::string_view name) const {
  const auto found = std::ranges::find(headers, name, &HttpHeader::name);
  if (found == headers.end()) return std::nullopt;
  return found->value;
}

}  // namespace headrace
