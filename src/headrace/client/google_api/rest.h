#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <stop_token>
#include <string>
#include <string_view>

#include "headrace/client/http/http.h"
#include "headrace/model/error.h"

namespace headrace {

/// The error that an answer stands for, as of ApiError with a service's reasons.
using ApiErrorOf = arrow::Status (*)(std::string_view what, const HttpResponse& response);

/// One of Google's JSON APIs: requests and answers are objects. Thread-safe.
class GoogleRest {
 public:
  GoogleRest(std::shared_ptr<HttpTransport> transport, ApiErrorOf error_of);

  /// Sends `body`, or nothing where it is null, and returns the answer's object, an empty one where
  /// it has none. `what` is asked for, in errors. An answer that is cut short is transient.
  arrow::Result<nlohmann::json> Ask(std::string_view what, std::string method, std::string url,
                                    const nlohmann::json* body, const std::stop_token& stop) const;

  /// The object of an answer that came another way.
  arrow::Result<nlohmann::json> ObjectOf(std::string_view what, const HttpResponse& answer) const;

  HttpTransport& transport() const { return *transport_; }

 private:
  const std::shared_ptr<HttpTransport> transport_;
  const ApiErrorOf error_of_;
};

}  // namespace headrace
