#include "headrace/client/http/resumable_upload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <utility>

namespace headrace {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

/// What becomes of one request.
enum class Fate {
  kAnswered,
  kLostBefore,   // The service has not seen it.
  kLostBehind,   // It has, and its answer is lost.
  kPartly,       // Half of its bytes have arrived, and its answer is lost.
  kUnavailable,  // 503, and nothing has arrived.
  kSessionGone,  // 410, and everything is forgotten.
};

/// The service's side of the protocol, in memory, to which fates come by turns; all is answered
/// once they have come.
class UploadService final : public HttpTransport {
 public:
  explicit UploadService(std::deque<Fate> fates) : fates_(std::move(fates)) {}

  arrow::Result<HttpResponse> Send(const HttpRequest& request,
                                   const std::stop_token& /*stop*/) override {
    ++requests;
    const Fate fate = fates_.empty() ? Fate::kAnswered : fates_.front();
    if (!fates_.empty()) fates_.pop_front();
    switch (fate) {
      case Fate::kAnswered:
        return Answer(request, request.body);
      case Fate::kLostBefore:
        return TransientError("lost");
      case Fate::kLostBehind:
        static_cast<void>(Answer(request, request.body));
        return TransientError("lost");
      case Fate::kPartly:
        static_cast<void>(Answer(request, request.body.substr(0, request.body.size() / 2)));
        return TransientError("lost");
      case Fate::kUnavailable:
        return HttpResponse{.status = 503};
      case Fate::kSessionGone:
        is_open_ = false;
        return HttpResponse{.status = request.method == "PUT" ? 410 : 503};
    }
    return BugError("a fate of its own");
  }

  std::string received;
  int sessions = 0;
  int completions = 0;
  int requests = 0;

 private:
  static std::string_view Header(const HttpRequest& request, std::string_view name) {
    for (const HttpHeader& header : request.headers) {
      if (header.name == name) return header.value;
    }
    return {};
  }

  HttpResponse Answer(const HttpRequest& request, std::string_view body) {
    if (request.method == "POST") return Open(request);
    EXPECT_EQ(request.url, "http://service/session?upload_id=secret");
    EXPECT_FALSE(request.repeatable);
    if (!is_open_) return {.status = 404};
    if (is_complete_) return {.status = 200, .body = "done"};
    const std::string range(Header(request, "Content-Range"));
    if (!range.starts_with("bytes */") || size_ == 0) Append(request, range, body);
    if (std::cmp_equal(received.size(), size_)) {
      is_complete_ = true;
      ++completions;
      return {.status = 200, .body = "done"};
    }
    HttpResponse answer{.status = 308};
    if (!received.empty()) {
      answer.headers = {
          {.name = "range", .value = "bytes=0-" + std::to_string(received.size() - 1)}};
    }
    return answer;
  }

  HttpResponse Open(const HttpRequest& request) {
    EXPECT_EQ(request.body, "what for");
    size_ = std::stoll(std::string(Header(request, "X-Upload-Content-Length")));
    received.clear();
    is_open_ = true;
    is_complete_ = false;
    ++sessions;
    return {.status = 200,
            .headers = {{.name = "location", .value = "http://service/session?upload_id=secret"}}};
  }

  void Append(const HttpRequest& request, const std::string& range, std::string_view body) {
    if (size_ == 0) return;
    const std::string first = std::to_string(received.size());
    EXPECT_TRUE(range.starts_with("bytes " + first + "-")) << range << ", has " << first;
    const auto last = received.size() + request.body.size() - 1;
    EXPECT_EQ(range, "bytes " + first + "-" + std::to_string(last) + "/" + std::to_string(size_));
    received += body;
  }

  std::deque<Fate> fates_;
  int64_t size_ = 0;
  bool is_open_ = false;
  bool is_complete_ = false;
};

class ResumableUploadTest : public testing::Test {
 protected:
  arrow::Result<HttpResponse> Upload(HttpTransport& service, std::string_view text,
                                     int attempts = 5) {
    UploadOptions options;
    options.chunk = 10;
    options.attempts = attempts;
    options.wait = [this](milliseconds delay, const std::stop_token& stop) {
      waited_ += delay;
      return !stop.stop_requested();
    };
    const UploadContent content{
        .size = static_cast<int64_t>(text.size()), .read = [&](int64_t at, int64_t size) {
          return text.substr(static_cast<size_t>(at), static_cast<size_t>(size));
        }};
    const HttpRequest initiation{.method = "POST", .url = "http://service/", .body = "what for"};
    return UploadResumably(service, initiation, content, stop_.get_token(), options);
  }

  std::stop_source stop_;
  milliseconds waited_{0};
};

constexpr std::string_view kText = "twenty-five bytes of text";

TEST_F(ResumableUploadTest, ChunksFollowOneAnother) {
  for (const std::string_view text :
       {kText, kText.substr(0, 20), kText.substr(0, 1), std::string_view()}) {
    UploadService service({});
    const auto answer = Upload(service, text);
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->body, "done");
    EXPECT_EQ(service.received, text);
    EXPECT_EQ(service.completions, 1);
  }
  EXPECT_EQ(waited_.count(), 0);
}

TEST_F(ResumableUploadTest, AChunkWhoseAnswerIsLostIsNotSentTwice) {
  for (const Fate fate : {Fate::kLostBefore, Fate::kLostBehind, Fate::kPartly, Fate::kUnavailable,
                          Fate::kSessionGone}) {
    for (size_t at = 1; at < 4; ++at) {
      std::deque<Fate> fates(at, Fate::kAnswered);
      fates.push_back(fate);
      UploadService service(fates);
      const auto answer = Upload(service, kText);
      ASSERT_TRUE(answer.ok()) << answer.status();
      EXPECT_EQ(service.received, kText) << static_cast<int>(fate) << " at " << at;
      EXPECT_EQ(service.sessions, fate == Fate::kSessionGone ? 2 : 1);
      EXPECT_EQ(service.completions, 1);
    }
  }
}

TEST_F(ResumableUploadTest, WhateverHappensTheBytesArriveInOrder) {
  std::mt19937 dice(7);  // NOLINT: the same each time.
  for (int round = 0; round < 500; ++round) {
    std::deque<Fate> fates = {Fate::kAnswered};
    for (int i = 0; i < 20; ++i) fates.push_back(static_cast<Fate>(dice() % 6));
    UploadService service(fates);
    const auto answer = Upload(service, kText, 30);
    if (!answer.ok()) {  // A request that opens a session is the caller's decorators' to repeat.
      EXPECT_EQ(ClassOf(answer.status()), ErrorClass::kTransient);
    } else if (answer->ok()) {
      EXPECT_EQ(service.received, kText) << round;
    } else {
      EXPECT_EQ(answer->status, 503);
    }
  }
}

TEST_F(ResumableUploadTest, WhatBringsNothingForwardIsGivenUp) {
  UploadService lost(std::deque<Fate>(100, Fate::kLostBefore));
  EXPECT_FALSE(Upload(lost, kText).ok());
  EXPECT_EQ(lost.requests, 1) << "the initiation";
  std::deque<Fate> fates(100, Fate::kUnavailable);
  fates.push_front(Fate::kAnswered);
  UploadService away(fates);
  EXPECT_EQ(Upload(away, kText)->status, 503);
  EXPECT_EQ(away.requests, 6);
  EXPECT_GE(waited_, std::chrono::milliseconds(7500));
}

/// Gives the same answer to each PUT.
class StubbornService final : public HttpTransport {
 public:
  explicit StubbornService(HttpResponse answer) : answer_(std::move(answer)) {}
  arrow::Result<HttpResponse> Send(const HttpRequest& request,
                                   const std::stop_token& /*stop*/) override {
    if (request.method == "POST") {
      return HttpResponse{.status = 200, .headers = {{.name = "location", .value = "http://x"}}};
    }
    ++puts;
    return answer_;
  }
  int puts = 0;

 private:
  HttpResponse answer_;
};

TEST_F(ResumableUploadTest, AServiceThatSaysNonsenseIsNoReasonToGoOnForever) {
  StubbornService standing({.status = 308, .headers = {{"range", "bytes=0-0"}}});
  EXPECT_THAT(Upload(standing, kText).status().message(), HasSubstr("does not come beyond byte 1"));
  EXPECT_LT(standing.puts, 8);
  for (const char* range : {"bytes=0-99", "bytes=0-", "0", "bytes=0--2"}) {
    StubbornService wrong({.status = 308, .headers = {{"range", range}}});
    EXPECT_EQ(ClassOf(Upload(wrong, kText).status()), ErrorClass::kPermanent) << range;
    EXPECT_EQ(wrong.puts, 1);
  }
}

/// Takes the first chunk of each session, and forgets the session at the next one.
class ForgetfulService final : public HttpTransport {
 public:
  arrow::Result<HttpResponse> Send(const HttpRequest& request,
                                   const std::stop_token& /*stop*/) override {
    ++requests;
    if (request.method == "POST") {
      is_new_ = true;
      return HttpResponse{.status = 200, .headers = {{.name = "location", .value = "http://x"}}};
    }
    if (!std::exchange(is_new_, false)) return HttpResponse{.status = 404};
    return HttpResponse{.status = 308, .headers = {{.name = "range", .value = "bytes=0-9"}}};
  }
  int requests = 0;

 private:
  bool is_new_ = false;
};

TEST_F(ResumableUploadTest, SessionsThatAreForgottenAgainAndAgainAreGivenUp) {
  ForgetfulService service;
  EXPECT_EQ(Upload(service, kText)->status, 404);
  EXPECT_EQ(service.requests, 5 * 3) << "an initiation, a chunk and a refusal each";
}

TEST_F(ResumableUploadTest, ARefusalIsTheAnswer) {
  for (const int status : {400, 401, 403, 409}) {
    StubbornService refusing({.status = status, .body = "why"});
    EXPECT_EQ(Upload(refusing, kText)->status, status);
    EXPECT_EQ(refusing.puts, 1);
  }
}

TEST_F(ResumableUploadTest, StopEndsIt) {
  stop_.request_stop();
  UploadService service({Fate::kAnswered, Fate::kUnavailable});
  EXPECT_EQ(CodeOf(Upload(service, kText).status()), kInterruptedCode);
}

}  // namespace
}  // namespace headrace
