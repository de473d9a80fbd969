#include "headrace/client/http/retrying_transport.h"

#include <gtest/gtest.h>

#include <deque>

namespace headrace {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Gives the answers of a script, the last one again and again.
class ScriptedTransport final : public HttpTransport {
 public:
  explicit ScriptedTransport(std::deque<arrow::Result<HttpResponse>> answers)
      : answers_(std::move(answers)) {}

  arrow::Result<HttpResponse> Send(const HttpRequest& /*request*/,
                                   const std::stop_token& /*stop*/) override {
    ++sent;
    arrow::Result<HttpResponse> answer = answers_.front();
    if (answers_.size() > 1) answers_.pop_front();
    return answer;
  }

  int sent = 0;

 private:
  std::deque<arrow::Result<HttpResponse>> answers_;
};

class RetryingTransportTest : public testing::Test {
 protected:
  arrow::Result<HttpResponse> Send(std::deque<arrow::Result<HttpResponse>> answers,
                                   bool repeatable = true, RetryPolicy policy = {}) {
    base_ = std::make_shared<ScriptedTransport>(std::move(answers));
    RetryClock clock;
    clock.now = [this] { return now_; };
    clock.wait = [this](milliseconds delay, const std::stop_token& stop) {
      waits_.push_back(delay);
      now_ += delay;
      return !stop.stop_requested();
    };
    const auto transport = MakeRetryingTransport(base_, std::move(policy), std::move(clock));
    return transport->Send({.url = "http://127.0.0.1/", .repeatable = repeatable},
                           stop_.get_token());
  }

  std::shared_ptr<ScriptedTransport> base_;
  std::chrono::steady_clock::time_point now_;
  std::vector<milliseconds> waits_;
  std::stop_source stop_;
};

HttpResponse Status(int status) { return {.status = status}; }

TEST_F(RetryingTransportTest, WhatMayPassIsSentAgain) {
  for (const int status : {408, 429, 500, 502, 503, 504}) {
    EXPECT_EQ(Send({Status(status), Status(200)})->status, 200) << status;
    EXPECT_EQ(base_->sent, 2);
  }
  EXPECT_EQ(Send({TransientError("lost"), Status(503), Status(201)})->status, 201);
  EXPECT_EQ(base_->sent, 3);
}

TEST_F(RetryingTransportTest, WhatWillNotPassIsReturned) {
  for (const int status : {200, 204, 308, 400, 401, 403, 404, 409, 412, 501}) {
    EXPECT_EQ(Send({Status(status), Status(200)})->status, status);
  }
  EXPECT_EQ(ClassOf(Send({UserError("certificate"), Status(200)}).status()), ErrorClass::kUser);
  EXPECT_EQ(CodeOf(Send({InterruptedError(), Status(200)}).status()), kInterruptedCode);
  EXPECT_TRUE(waits_.empty());
}

TEST_F(RetryingTransportTest, WhatMustNotBeRepeatedIsNot) {
  EXPECT_EQ(Send({Status(503), Status(200)}, false)->status, 503);
  EXPECT_FALSE(Send({TransientError("lost"), Status(200)}, false).ok());
}

TEST_F(RetryingTransportTest, WaitsGrowAndEndAtTheDeadline) {
  EXPECT_EQ(Send({Status(503)})->status, 503);
  EXPECT_LE(now_.time_since_epoch(), seconds(600));
  EXPECT_GT(now_.time_since_epoch(), seconds(600 - 32));
  ASSERT_GT(waits_.size(), 7U);
  for (size_t i = 0; i < waits_.size(); ++i) {
    const milliseconds full =
        std::min<milliseconds>(seconds(1 << std::min<size_t>(i, 5)), seconds(32));
    EXPECT_GE(waits_[i], full / 2);
    EXPECT_LE(waits_[i], full);
  }
}

TEST_F(RetryingTransportTest, TheServerMaySayHowLong) {
  HttpResponse busy{.status = 429, .headers = {{.name = "retry-after", .value = "40"}}};
  EXPECT_EQ(Send({busy, Status(200)})->status, 200);
  EXPECT_EQ(waits_, std::vector<milliseconds>{seconds(40)});
  for (const char* other : {"", "-1", "soon", "Wed, 21 Oct 2015 07:28:00 GMT", "1.5"}) {
    busy.headers.front().value = other;
    waits_.clear();
    EXPECT_EQ(Send({busy, Status(200)})->status, 200);
    EXPECT_LE(waits_.front(), seconds(1)) << other;
  }
}

TEST_F(RetryingTransportTest, StopEndsTheWait) {
  stop_.request_stop();
  EXPECT_EQ(CodeOf(Send({Status(503), Status(200)}).status()), kInterruptedCode);
}

TEST_F(RetryingTransportTest, AServiceMayHaveRulesOfItsOwn) {
  RetryPolicy policy;
  policy.is_transient = [](const HttpResponse& response) { return response.status == 403; };
  EXPECT_EQ(Send({Status(403), Status(503)}, true, policy)->status, 503);
}

}  // namespace
}  // namespace headrace
