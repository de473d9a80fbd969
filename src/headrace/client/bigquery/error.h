#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "headrace/client/http/http.h"
#include "headrace/model/error.h"

namespace headrace {

/// Codes of errors: the `reason` of the service's ErrorProto, or `HTTP_<status>` where an answer
/// has none, as those of a proxy.
inline constexpr std::string_view kNotFoundReason = "notFound";
inline constexpr std::string_view kDuplicateReason = "duplicate";

/// The error that `response`, which is not ok(), stands for; `what` was asked for. Its message is
/// the service's.
arrow::Status BigQueryError(std::string_view what, const HttpResponse& response);

/// The same of an ErrorProto, as the `status.errorResult` of a job.
arrow::Status BigQueryError(std::string_view what, const nlohmann::json& error_proto);

/// Whether the same request may be answered otherwise a little later, for RetryPolicy.
bool IsTransientBigQueryAnswer(const HttpResponse& response);

}  // namespace headrace
