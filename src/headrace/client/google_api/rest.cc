#include "headrace/client/google_api/rest.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "headrace/model/json_object.h"

namespace headrace {

using nlohmann::json;

GoogleRest::GoogleRest(std::shared_ptr<HttpTransport> transport, ApiErrorOf error_of)
    : transport_(std::move(transport)), error_of_(error_of) {}

arrow::Result<json> GoogleRest::Ask(std::string_view what, std::string method, std::string url,
                                    const json* body, const std::stop_token& stop) const {
  const std::string text = body == nullptr ? std::string() : DumpJson(*body);
  HttpRequest request{.method = std::move(method), .url = std::move(url), .body = text};
  if (body != nullptr) {
    request.headers.push_back({.name = "Content-Type", .value = "application/json"});
  }
  ARROW_ASSIGN_OR_RAISE(const HttpResponse answer, transport_->Send(request, stop));
  return ObjectOf(what, answer);
}

arrow::Result<json> GoogleRest::ObjectOf(std::string_view what, const HttpResponse& answer) const {
  if (!answer.ok()) return error_of_(what, answer);
  if (answer.body.empty()) return json::object();
  ARROW_ASSIGN_OR_RAISE(json object, ParseJson(answer.body, what, ErrorClass::kTransient));
  if (!object.is_object()) return TransientError(std::string(what) + ": the answer is no object");
  return object;
}

}  // namespace headrace
