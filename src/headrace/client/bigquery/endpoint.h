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

/// The service, or the emulator that BIGQUERY_EMULATOR_HOST names: `host:port`, or a URL, which
/// Google's clients want there. Error of class user unless that is on this machine: without
/// credentials rows go nowhere else.
arrow::Result<BigQueryEndpoint> ResolveBigQueryEndpoint(
    const std::optional<std::string>& emulator_host);

}  // namespace headrace
