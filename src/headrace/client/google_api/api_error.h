#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string_view>

#include "headrace/client/http/http.h"
#include "headrace/model/error.h"

/// Errors as Google's JSON APIs write them: `{"error": {"code", "message", "errors":
/// [{"reason"}]}}`.
namespace headrace {

/// What a `reason` means; each service has its own.
struct ApiReason {
  std::string_view name;
  ErrorClass error_class;
};

/// The error that `response`, which is not ok(), stands for; `what` was asked for. Its message is
/// the service's, its code the `reason` of the first error, or `HTTP_<status>` where there is none,
/// as of a proxy. Reasons that `reasons` does not have go by the status: 408, 429, 500, 502, 503
/// and 504 are transient, other 4xx the user's.
arrow::Status ApiError(std::string_view what, const HttpResponse& response,
                       std::span<const ApiReason> reasons);

/// The same of an ErrorProto (`reason`, `message`), as jobs have them; permanent for a reason that
/// `reasons` does not have.
arrow::Status ApiError(std::string_view what, const nlohmann::json& error_proto,
                       std::span<const ApiReason> reasons);

/// Whether the same request may be answered otherwise a little later, for RetryPolicy.
bool IsTransientApiAnswer(const HttpResponse& response, std::span<const ApiReason> reasons);

}  // namespace headrace
