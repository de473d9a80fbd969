#include "headrace/client/http/curl_transport.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include "headrace/client/http/curl_error.h"
#include "headrace/client/http/url.h"
#include "headrace/model/ascii.h"

namespace headrace {
namespace {

struct EasyCloser {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using Easy = std::unique_ptr<CURL, EasyCloser>;

struct ListCloser {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListCloser>;

/// libcurl wants this before its first use, once, and never undone while anybody uses it.
void InitializeCurl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

bool IsControl(char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }

/// What libcurl's callbacks see of one request.
struct Exchange {
  const std::stop_token& stop;
  int64_t longest_answer = 0;
  HttpResponse response = {};
  bool is_too_long = false;
};

// NOLINTNEXTLINE(misc-const-correctness): libcurl has the type.
size_t ReceiveBody(char* data, size_t size, size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  const size_t bytes = size * count;
  if (std::cmp_greater(exchange.response.body.size() + bytes, exchange.longest_answer)) {
    exchange.is_too_long = true;
    return 0;  // Anything but `bytes` ends the transfer.
  }
  exchange.response.body.append(data, bytes);
  return bytes;
}

// NOLINTNEXTLINE(misc-const-correctness): likewise.
size_t ReceiveHeader(char* data, size_t size, size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  const std::string_view line(data, size * count);
  if (line.starts_with("HTTP/")) {  // Of the answer, and not of one "100 Continue" before it.
    exchange.response.headers.clear();
  } else if (const size_t colon = line.find(':'); colon != std::string_view::npos) {
    exchange.response.headers.push_back({.name = LowerAsciiText(Trim(line.substr(0, colon))),
                                         .value = std::string(Trim(line.substr(colon + 1)))});
  }
  return line.size();
}

/// Called about once a second, also where nothing comes.
int LookAtStop(void* user, curl_off_t /*down_total*/, curl_off_t /*down*/, curl_off_t /*up_total*/,
               curl_off_t /*up*/) {
  return static_cast<Exchange*>(user)->stop.stop_requested() ? 1 : 0;
}

/// As libcurl sends them; one with a line feed in it would be two.
arrow::Result<HeaderList> HeadersOf(const HttpRequest& request) {
  HeaderList list;
  const auto append = [&](const std::string& line) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) return false;
    list.release();  // NOLINT(bugprone-unused-return-value): it is within `longer`.
    list.reset(longer);
    return true;
  };
  bool is_whole = append("Expect:");  // No round trip before a body.
  for (const HttpHeader& header : request.headers) {
    if (std::ranges::any_of(header.value, IsControl)) {
      return UserError("the header " + header.name + " would hold a control character");
    }
    // An empty value needs another form, see CURLOPT_HTTPHEADER.
    is_whole =
        append(header.value.empty() ? header.name + ';' : header.name + ": " + header.value) &&
        is_whole;
  }
  if (!is_whole) return PermanentError("libcurl has no memory for a request");
  return list;
}

class CurlTransport final : public HttpTransport {
 public:
  explicit CurlTransport(CurlOptions options) : options_(std::move(options)) { InitializeCurl(); }

  arrow::Result<HttpResponse> Send(const HttpRequest& request,
                                   const std::stop_token& stop) override {
    if (stop.stop_requested()) return InterruptedError();
    ARROW_ASSIGN_OR_RAISE(const HeaderList headers, HeadersOf(request));
    Easy easy = Take();
    if (easy == nullptr) return PermanentError("libcurl has no memory for a request");
    Exchange exchange{.stop = stop, .longest_answer = options_.longest_answer};
    std::array<char, CURL_ERROR_SIZE> text{};
    SetOptions(easy.get(), request, headers.get());
    SetCallbacks(easy.get(), exchange, text.data());
    const CURLcode code = curl_easy_perform(easy.get());
    arrow::Result<HttpResponse> answer = AnswerOf(easy.get(), code, request, exchange, text.data());
    GiveBack(std::move(easy));
    return answer;
  }

 private:
  static arrow::Result<HttpResponse> AnswerOf(CURL* easy, CURLcode code, const HttpRequest& request,
                                              Exchange& exchange, std::string_view text) {
    if (code == CURLE_ABORTED_BY_CALLBACK) return InterruptedError();
    const std::string what = request.method + " " + ShownUrl(request.url);
    if (exchange.is_too_long) {
      return PermanentError(what + ": the answer is longer than " +
                            std::to_string(exchange.longest_answer) + " bytes");
    }
    if (code != CURLE_OK) return CurlError(code, what, text);
    long status = 0;  // NOLINT(google-runtime-int): libcurl's type.
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    exchange.response.status = static_cast<int>(status);
    return std::move(exchange.response);
  }

  void SetOptions(CURL* easy, const HttpRequest& request, curl_slist* headers) const {
    curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");  // All that libcurl can read.
    curl_easy_setopt(easy, CURLOPT_USERAGENT, options_.user_agent.c_str());
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(options_.connect_timeout.count()));  // NOLINT
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME,
                     static_cast<long>(options_.silence.count()));  // NOLINT
    if (request.past_proxies || IsLoopback(HostOf(request.url))) {
      curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    }
    SetMethod(easy, request);
  }

  static void SetMethod(CURL* easy, const HttpRequest& request) {
    if (request.method == "HEAD") {
      curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (request.method != "GET") {
      curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(request.body.size()));
      // Not copied, and as long as the size above says.
      const char* body = request.body.data();  // NOLINT(bugprone-suspicious-stringview-data-usage)
      curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
      curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    }
  }

  static void SetCallbacks(CURL* easy, Exchange& exchange, char* error_text) {
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_text);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &ReceiveBody);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &exchange);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &ReceiveHeader);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &exchange);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, &LookAtStop);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, &exchange);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
  }

  /// One that nobody uses, with its connections, or a new one.
  Easy Take() {
    const std::scoped_lock lock(mutex_);
    if (idle_.empty()) return Easy(curl_easy_init());
    Easy easy = std::move(idle_.back());
    idle_.pop_back();
    return easy;
  }

  void GiveBack(Easy easy) {
    curl_easy_reset(easy.get());  // Keeps its connections.
    const std::scoped_lock lock(mutex_);
    idle_.push_back(std::move(easy));
  }

  const CurlOptions options_;
  std::mutex mutex_;
  std::vector<Easy> idle_;  // Guarded by mutex_.
};

}  // namespace

std::unique_ptr<HttpTransport> MakeCurlTransport(CurlOptions options) {
  return std::make_unique<CurlTransport>(std::move(options));
}

}  // namespace headrace
