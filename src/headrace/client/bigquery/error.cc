#include "headrace/client/bigquery/error.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>

namespace headrace {
namespace {

struct Reason {
  std::string_view name;
  ErrorClass error_class;
};

/// https://cloud.google.com/bigquery/docs/error-messages. Reasons that are not here go by the
/// status.
constexpr std::array kReasons = {
    Reason{"accessDenied", ErrorClass::kUser},
    Reason{"backendError", ErrorClass::kTransient},
    Reason{"billingNotEnabled", ErrorClass::kUser},
    Reason{"billingTierLimitExceeded", ErrorClass::kUser},
    Reason{"blocked", ErrorClass::kPermanent},
    Reason{kDuplicateReason, ErrorClass::kUser},
    Reason{"internalError", ErrorClass::kTransient},
    Reason{"invalid", ErrorClass::kUser},
    Reason{"invalidQuery", ErrorClass::kUser},
    Reason{"jobBackendError", ErrorClass::kTransient},
    Reason{"jobInternalError", ErrorClass::kTransient},
    Reason{"jobRateLimitExceeded", ErrorClass::kTransient},
    Reason{kNotFoundReason, ErrorClass::kUser},
    Reason{"notImplemented", ErrorClass::kPermanent},
    Reason{"quotaExceeded", ErrorClass::kPermanent},  // Some last a day.
    Reason{"rateLimitExceeded", ErrorClass::kTransient},
    Reason{"resourcesExceeded", ErrorClass::kPermanent},
    Reason{"responseTooLarge", ErrorClass::kPermanent},
    Reason{"stopped", ErrorClass::kTransient},  // Somebody has cancelled the job.
    Reason{"tableUnavailable", ErrorClass::kTransient},
    Reason{"timeout", ErrorClass::kPermanent},
};

constexpr std::array kTransientStatuses = {408, 429, 500, 502, 503, 504};

bool IsTransientStatus(int status) {
  return std::ranges::find(kTransientStatuses, status) != kTransientStatuses.end();
}

const Reason* FindReason(std::string_view name) {
  const auto* found = std::ranges::find(kReasons, name, &Reason::name);
  return found == kReasons.end() ? nullptr : found;
}

std::string TextOf(const nlohmann::json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// The first ErrorProto of `{"error": {"errors": [{"reason", "message"}], "code", "message"}}`, or
/// null: what stands between us and the service answers too, in its own form.
nlohmann::json ProtoOf(const HttpResponse& response) {
  const nlohmann::json body = nlohmann::json::parse(response.body, nullptr, false);
  if (!body.is_object() || !body.contains("error")) return nullptr;
  const nlohmann::json& error = body["error"];
  if (!error.is_object()) return nullptr;
  nlohmann::json proto = {{"message", TextOf(error, "message")}};
  const auto errors = error.find("errors");
  if (errors != error.end() && errors->is_array() && !errors->empty()) {
    proto["reason"] = TextOf(errors->front(), "reason");
  }
  return proto;
}

ErrorClass ClassOfStatus(int status) {
  constexpr int kClientError = 400;
  constexpr int kServerError = 500;
  if (IsTransientStatus(status)) return ErrorClass::kTransient;
  return status >= kClientError && status < kServerError ? ErrorClass::kUser
                                                         : ErrorClass::kPermanent;
}

}  // namespace

arrow::Status BigQueryError(std::string_view what, const HttpResponse& response) {
  const nlohmann::json proto = ProtoOf(response);
  const std::string reason = TextOf(proto, "reason");
  std::string message = TextOf(proto, "message");
  if (message.empty()) message = "the answer was " + std::to_string(response.status);
  const Reason* known = FindReason(reason);
  return MakeError(known != nullptr ? known->error_class : ClassOfStatus(response.status),
                   std::string(what) + ": " + message,
                   reason.empty() ? "HTTP_" + std::to_string(response.status) : reason);
}

arrow::Status BigQueryError(std::string_view what, const nlohmann::json& error_proto) {
  const std::string reason = TextOf(error_proto, "reason");
  const Reason* known = FindReason(reason);
  return MakeError(known != nullptr ? known->error_class : ErrorClass::kPermanent,
                   std::string(what) + ": " + TextOf(error_proto, "message"), reason);
}

bool IsTransientBigQueryAnswer(const HttpResponse& response) {
  if (response.ok()) return false;
  if (IsTransientStatus(response.status)) return true;
  // 403 is that of rights too.
  const Reason* known = FindReason(TextOf(ProtoOf(response), "reason"));
  return known != nullptr && known->error_class == ErrorClass::kTransient;
}

}  // namespace headrace
