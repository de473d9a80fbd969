#include "headrace/client/bigquery/error.h"

#include <array>
#include <nlohmann/json.hpp>

#include "headrace/client/google_api/api_error.h"

namespace headrace {
namespace {

/// https://cloud.google.com/bigquery/docs/error-messages
constexpr std::array kReasons = {
    ApiReason{"accessDenied", ErrorClass::kUser},
    ApiReason{"backendError", ErrorClass::kTransient},
    ApiReason{"billingNotEnabled", ErrorClass::kUser},
    ApiReason{"billingTierLimitExceeded", ErrorClass::kUser},
    ApiReason{"blocked", ErrorClass::kPermanent},
    ApiReason{kDuplicateReason, ErrorClass::kUser},
    ApiReason{"internalError", ErrorClass::kTransient},
    ApiReason{"invalid", ErrorClass::kUser},
    ApiReason{"invalidQuery", ErrorClass::kUser},
    ApiReason{"jobBackendError", ErrorClass::kTransient},
    ApiReason{"jobInternalError", ErrorClass::kTransient},
    ApiReason{"jobRateLimitExceeded", ErrorClass::kTransient},
    ApiReason{kNotFoundReason, ErrorClass::kUser},
    ApiReason{"notImplemented", ErrorClass::kPermanent},
    ApiReason{"quotaExceeded", ErrorClass::kPermanent},  // Some last a day.
    ApiReason{"rateLimitExceeded", ErrorClass::kTransient},
    ApiReason{"resourcesExceeded", ErrorClass::kPermanent},
    ApiReason{"responseTooLarge", ErrorClass::kPermanent},
    ApiReason{"stopped", ErrorClass::kTransient},  // Somebody has cancelled the job.
    ApiReason{"tableUnavailable", ErrorClass::kTransient},
    ApiReason{"timeout", ErrorClass::kPermanent},
};

}  // namespace

arrow::Status BigQueryError(std::string_view what, const HttpResponse& response) {
  return ApiError(what, response, kReasons);
}

arrow::Status BigQueryError(std::string_view what, const nlohmann::json& error_proto) {
  return ApiError(what, error_proto, kReasons);
}

bool IsTransientBigQueryAnswer(const HttpResponse& response) {
  return IsTransientApiAnswer(response, kReasons);
}

}  // namespace headrace
