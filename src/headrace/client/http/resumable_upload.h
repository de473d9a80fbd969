#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string_view>

#include "headrace/client/http/http.h"

namespace headrace {

/// The bytes that are uploaded. `at` and `size` are within the whole; the text may be valid until
/// the next call only.
struct UploadContent {
  int64_t size = 0;
  std::function<arrow::Result<std::string_view>(int64_t at, int64_t size)> read;
};

struct UploadOptions {
  /// Of one request; a multiple of 256 KiB.
  int64_t chunk = 16LL << 20;
  /// Answers in a row that bring nothing forward, after which it is given up.
  int attempts = 8;  // Which take a minute or more.
  std::function<bool(std::chrono::milliseconds, const std::stop_token&)> wait;

  UploadOptions();
};

/// Uploads `content` in chunks by the protocol for resumable uploads that Google's services share
/// (https://cloud.google.com/bigquery/docs/reference/api-uploads#resumable): `initiation` is the
/// request that names what it is for, and is answered by a session's URL, which is as good as a
/// credential. Where an answer is lost, the service is asked how far it has come. The answer to the
/// last chunk is that of the call. A session that is gone (404, 410) begins anew.
///
/// The service does what `initiation` asks for when the last byte has come: where its answer is
/// lost, and the session with it, the caller must be able to tell (by a job id of its own) whether
/// it was done; `initiation` is then sent again, and must be repeatable.
arrow::Result<HttpResponse> UploadResumably(HttpTransport& transport, const HttpRequest& initiation,
                                            const UploadContent& content,
                                            const std::stop_token& stop,
                                            const UploadOptions& options = {});

}  // namespace headrace
