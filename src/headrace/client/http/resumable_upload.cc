#include "headrace/client/http/resumable_upload.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "headrace/model/backoff.h"
#include "headrace/model/wait_for.h"

namespace headrace {
namespace {

constexpr int kResumeIncomplete = 308;
constexpr int kNotFound = 404;
constexpr int kGone = 410;
constexpr int kServerError = 500;
constexpr int kTooManyRequests = 429;
constexpr int kRequestTimeout = 408;
constexpr const char* kContentType = "application/octet-stream";
constexpr std::string_view kFromTheFirst = "bytes=0-";

/// How many bytes have arrived: `Range: bytes=0-<last>`, which is missing where none have.
arrow::Result<int64_t> ArrivedBytes(const HttpResponse& response) {
  const std::string_view range = response.Header("range").value_or("");
  if (range.empty()) return 0;
  int64_t last = 0;
  if (range.starts_with(kFromTheFirst)) {
    const char* end = std::to_address(range.end());
    const char* digits = std::to_address(range.begin()) + kFromTheFirst.size();
    const auto [stopped, error] = std::from_chars(digits, end, last);
    if (error == std::errc() && stopped == end && last >= 0) return last + 1;
  }
  return PermanentError("an upload was answered by 'Range: " + std::string(range) +
                        "', expected bytes=0-<last>");
}

class Upload {
 public:
  Upload(HttpTransport& transport, const HttpRequest& initiation, const UploadContent& content,
         const std::stop_token& stop, const UploadOptions& options)
      : transport_(transport),
        initiation_(initiation),
        content_(content),
        stop_(stop),
        options_(options) {}

  arrow::Result<HttpResponse> Run() {
    while (true) {
      if (session_.empty()) {
        ARROW_ASSIGN_OR_RAISE(HttpResponse answer, Begin());
        if (session_.empty()) return answer;
      }
      arrow::Result<HttpResponse> answer = is_lost_ ? AskHowFar() : SendChunk();
      if (!IsToBeTriedAgain(answer)) {
        if (!answer.ok() || answer->status != kResumeIncomplete) return answer;
        ARROW_RETURN_NOT_OK(Advance(*answer));
        continue;
      }
      if (++failures_ >= options_.attempts) return answer;
      ARROW_RETURN_NOT_OK(PrepareRetry(answer));
    }
  }

 private:
  /// Opens a session; where the service refuses, its answer, and there is none.
  arrow::Result<HttpResponse> Begin() {
    HttpRequest request = initiation_;
    request.headers.push_back({.name = "X-Upload-Content-Type", .value = kContentType});
    request.headers.push_back(
        {.name = "X-Upload-Content-Length", .value = std::to_string(content_.size)});
    ARROW_ASSIGN_OR_RAISE(HttpResponse answer, transport_.Send(request, stop_));
    arrived_ = 0;
    is_lost_ = false;
    if (!answer.ok()) return answer;
    session_ = answer.Header("location").value_or("");
    if (session_.empty()) return PermanentError("an upload was answered without a session's URL");
    return answer;
  }

  arrow::Result<HttpResponse> SendChunk() {
    const int64_t size = std::min(options_.chunk, content_.size - arrived_);
    ARROW_ASSIGN_OR_RAISE(const std::string_view bytes, content_.read(arrived_, size));
    const std::string range =
        size == 0 ? "*" : std::to_string(arrived_) + "-" + std::to_string(arrived_ + size - 1);
    return Put("bytes " + range + "/" + std::to_string(content_.size), bytes);
  }

  arrow::Result<HttpResponse> AskHowFar() {
    return Put("bytes */" + std::to_string(content_.size), {});
  }

  /// No decorator sends it again: that is not for the same bytes to decide.
  arrow::Result<HttpResponse> Put(const std::string& range, std::string_view body) {
    return transport_.Send({.method = "PUT",
                            .url = session_,
                            .headers = {{.name = "Content-Range", .value = range},
                                        {.name = "Content-Type", .value = kContentType}},
                            .body = body,
                            .repeatable = false},
                           stop_);
  }

  arrow::Status Advance(const HttpResponse& answer) {
    ARROW_ASSIGN_OR_RAISE(const int64_t arrived, ArrivedBytes(answer));
    if (arrived > content_.size || arrived < arrived_) {
      return PermanentError("an upload of " + std::to_string(content_.size) +
                            " bytes has arrived up to byte " + std::to_string(arrived) +
                            ", and had up to " + std::to_string(arrived_));
    }
    const bool stands = arrived == arrived_ && !is_lost_;
    // A session that is begun anew comes where another one was without getting anywhere.
    if (arrived > furthest_) failures_ = 0;
    furthest_ = std::max(furthest_, arrived);
    arrived_ = arrived;
    is_lost_ = false;
    if (!stands) return arrow::Status::OK();
    if (++failures_ < options_.attempts) return Wait();
    return TransientError("an upload does not come beyond byte " + std::to_string(arrived_));
  }

  static bool IsToBeTriedAgain(const arrow::Result<HttpResponse>& answer) {
    if (!answer.ok()) {
      return ClassOf(answer.status()) == ErrorClass::kTransient &&
             CodeOf(answer.status()) != kInterruptedCode;
    }
    return answer->status >= kServerError || answer->status == kTooManyRequests ||
           answer->status == kRequestTimeout || answer->status == kNotFound ||
           answer->status == kGone;
  }

  arrow::Status PrepareRetry(const arrow::Result<HttpResponse>& answer) {
    is_lost_ = true;
    if (answer.ok() && (answer->status == kNotFound || answer->status == kGone)) session_.clear();
    return Wait();
  }

  arrow::Status Wait() const {
    const auto delay = BackoffDelay(
        failures_ + 1, {.first = std::chrono::seconds(1), .longest = std::chrono::seconds(32)});
    return options_.wait(delay, stop_) ? arrow::Status::OK() : InterruptedError();
  }

  HttpTransport& transport_;
  const HttpRequest& initiation_;
  const UploadContent& content_;
  const std::stop_token& stop_;
  const UploadOptions& options_;
  std::string session_;
  int64_t arrived_ = 0;   // Bytes that the service has said it has, of this session.
  int64_t furthest_ = 0;  // Of any.
  bool is_lost_ = false;  // It has to be asked how many.
  int failures_ = 0;      // In a row.
};

}  // namespace

UploadOptions::UploadOptions() : wait(WaitFor) {}

arrow::Result<HttpResponse> UploadResumably(HttpTransport& transport, const HttpRequest& initiation,
                                            const UploadContent& content,
                                            const std::stop_token& stop,
                                            const UploadOptions& options) {
  return Upload(transport, initiation, content, stop, options).Run();
}

}  // namespace headrace
