#include "headrace/client/http/retrying_transport.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "headrace/model/wait_for.h"

namespace headrace {
namespace {

using std::chrono::milliseconds;

/// Seconds (RFC 9110, 10.2.3); a date there, which Google's services do not send, counts for none.
std::optional<milliseconds> RetryAfter(const arrow::Result<HttpResponse>& answer) {
  if (!answer.ok()) return std::nullopt;
  const std::string_view header = answer->Header("retry-after").value_or("");
  int seconds = 0;
  const char* end = std::to_address(header.end());
  const auto [stopped, error] = std::from_chars(std::to_address(header.begin()), end, seconds);
  if (error != std::errc() || stopped != end || seconds < 0) return std::nullopt;
  return std::chrono::seconds(seconds);
}

class RetryingTransport final : public HttpTransport {
 public:
  RetryingTransport(std::shared_ptr<HttpTransport> base, RetryPolicy policy, RetryClock clock)
      : base_(std::move(base)), policy_(std::move(policy)), clock_(std::move(clock)) {}

  arrow::Result<HttpResponse> Send(const HttpRequest& request,
                                   const std::stop_token& stop) override {
    const auto end = clock_.now() + policy_.deadline;
    for (int attempt = 1;; ++attempt) {
      arrow::Result<HttpResponse> answer = base_->Send(request, stop);
      if (!request.repeatable || !MayChange(answer)) return answer;
      const milliseconds delay = std::max(RetryAfter(answer).value_or(milliseconds(0)),
                                          BackoffDelay(attempt + 1, policy_.delays));
      if (clock_.now() + delay > end) return answer;
      if (!clock_.wait(delay, stop)) return InterruptedError();
    }
  }

 private:
  bool MayChange(const arrow::Result<HttpResponse>& answer) const {
    if (answer.ok()) return policy_.is_transient(*answer);
    return ClassOf(answer.status()) == ErrorClass::kTransient &&
           CodeOf(answer.status()) != kInterruptedCode;
  }

  const std::shared_ptr<HttpTransport> base_;
  const RetryPolicy policy_;
  const RetryClock clock_;
};

}  // namespace

RetryClock::RetryClock() : wait(WaitFor) {}
RetryPolicy::RetryPolicy()
    : is_transient(
          [](const HttpResponse& response) { return IsTransientStatus(response.status); }) {}

std::unique_ptr<HttpTransport> MakeRetryingTransport(std::shared_ptr<HttpTransport> base,
                                                     RetryPolicy policy, RetryClock clock) {
  return std::make_unique<RetryingTransport>(std::move(base), std::move(policy), std::move(clock));
}

}  // namespace headrace
