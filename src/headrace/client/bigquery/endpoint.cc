#include "headrace/client/bigquery/endpoint.h"

#include "headrace/client/google_api/emulator.h"

namespace headrace {

arrow::Result<BigQueryEndpoint> ResolveBigQueryEndpoint(
    const std::optional<std::string>& emulator_host) {
  ARROW_ASSIGN_OR_RAISE(std::optional<std::string> emulator,
                        ResolveEmulator("BIGQUERY_EMULATOR_HOST", emulator_host));
  if (!emulator) return BigQueryEndpoint();
  return BigQueryEndpoint{.root = *std::move(emulator), .is_emulator = true};
}

}  // namespace headrace
