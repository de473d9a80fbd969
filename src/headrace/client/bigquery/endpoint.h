#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "headrace/model/error.h"

namespace headrace {

/// Where BigQuery's REST API is.
struct BigQueryEndpoint {
  std::string root = "https://bigquery.googleapis.com";  ///< Without a slash at its end.
  bool is_emulator = false;  ///< On this machine: no credentials are sent there.
};

/// The service, or the emulator that BIGQUERY_EMULATOR_HOST names (ResolveEmulator).
arrow::Result<BigQueryEndpoint> ResolveBigQueryEndpoint(
    const std::optional<std::string>& emulator_host);

}  // namespace headrace
