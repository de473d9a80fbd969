#include "headrace/client/bigquery/endpoint.h"

#include "headrace/client/http/url.h"

namespace headrace {

arrow::Result<BigQueryEndpoint> ResolveBigQueryEndpoint(
    const std::optional<std::string>& emulator_host) {
  if (!emulator_host || emulator_host->empty()) return BigQueryEndpoint();
  const bool is_url = emulator_host->find("://") != std::string::npos;
  std::string root = is_url ? *emulator_host : "http://" + *emulator_host;
  while (root.ends_with('/')) root.pop_back();
  const bool is_http = root.starts_with("http://") || root.starts_with("https://");
  if (!is_http || !IsLoopback(HostOf(root))) {
    return UserError(
        "BIGQUERY_EMULATOR_HOST must name an emulator on this machine, as "
        "127.0.0.1:9050, found '" +
        ShownUrl(*emulator_host) + "'");
  }
  return BigQueryEndpoint{.root = std::move(root), .is_emulator = true};
}

}  // namespace headrace
