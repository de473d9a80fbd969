#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>

#include "headrace/client/http/http.h"
#include "headrace/model/backoff.h"

namespace headrace {

/// What RetryingTransport needs of time; tests have one of their own.
struct RetryClock {
  std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
  /// Waits, or returns false at once where the stop token is stopped.
  std::function<bool(std::chrono::milliseconds, const std::stop_token&)> wait;

  RetryClock();
};

struct RetryPolicy {
  /// Whether the same request may be answered otherwise later. The default: IsTransientStatus.
  std::function<bool(const HttpResponse&)> is_transient;
  BackoffRange delays = {.first = std::chrono::seconds(1), .longest = std::chrono::seconds(32)};
  std::chrono::milliseconds deadline{600'000};  ///< No attempt begins behind it.

  RetryPolicy();
};

/// Sends repeatable requests again whose answer is lost (an error of class transient) or transient,
/// after a wait with jitter, or as long as the answer's `Retry-After` says, until the deadline:
/// what came last is returned then.
std::unique_ptr<HttpTransport> MakeRetryingTransport(std::shared_ptr<HttpTransport> base,
                                                     RetryPolicy policy = {},
                                                     RetryClock clock = {});

}  // namespace headrace
