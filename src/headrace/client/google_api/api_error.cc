#include "headrace/client/google_api/api_error.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

namespace headrace {
namespace {

const ApiReason* FindReason(std::span<const ApiReason> reasons, std::string_view name) {
  const auto found = std::ranges::find(reasons, name, &ApiReason::name);
  return found == reasons.end() ? nullptr : std::to_address(found);
}

std::string TextOf(const nlohmann::json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// Reason and message, or null: what stands between us and the service answers too, in its own
/// form.
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

arrow::Status ApiError(std::string_view what, const HttpResponse& response,
                       std::span<const ApiReason> reasons) {
  const nlohmann::json proto = ProtoOf(response);
  const std::string reason = TextOf(proto, "reason");
  std::string message = TextOf(proto, "message");
  if (message.empty()) message = "the answer was " + std::to_string(response.status);
  const ApiReason* known = FindReason(reasons, reason);
  return MakeError(known != nullptr ? known->error_class : ClassOfStatus(response.status),
                   std::string(what) + ": " + message,
                   reason.empty() ? "HTTP_" + std::to_string(response.status) : reason);
}

arrow::Status ApiError(std::string_view what, const nlohmann::json& error_proto,
                       std::span<const ApiReason> reasons) {
  const std::string reason = TextOf(error_proto, "reason");
  const ApiReason* known = FindReason(reasons, reason);
  return MakeError(known != nullptr ? known->error_class : ErrorClass::kPermanent,
                   std::string(what) + ": " + TextOf(error_proto, "message"), reason);
}

bool IsTransientApiAnswer(const HttpResponse& response, std::span<const ApiReason> reasons) {
  if (response.ok()) return false;
  if (IsTransientStatus(response.status)) return true;
  // 403 is that of rights too.
  const ApiReason* known = FindReason(reasons, TextOf(ProtoOf(response), "reason"));
  return known != nullptr && known->error_class == ErrorClass::kTransient;
}

}  // namespace headrace
