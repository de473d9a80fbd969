#include "headrace/client/google_api/emulator.h"

#include "headrace/client/http/url.h"

namespace headrace {

arrow::Result<std::optional<std::string>> ResolveEmulator(std::string_view variable,
                                                          const std::optional<std::string>& value) {
  if (!value || value->empty()) return std::nullopt;
  const bool is_url = value->find("://") != std::string::npos;
  std::string root = is_url ? *value : "http://" + *value;
  while (root.ends_with('/')) root.pop_back();
  const bool is_http = root.starts_with("http://") || root.starts_with("https://");
  if (!is_http || !IsLoopback(HostOf(root))) {
    return UserError(std::string(variable) +
                     " must name an emulator on this machine, as 127.0.0.1:9050, found " +
                     (is_url ? ShownUrl(*value) : HostOf(root)));
  }
  return root;
}

}  // namespace headrace
