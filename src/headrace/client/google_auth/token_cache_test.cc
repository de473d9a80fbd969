#include "headrace/client/google_auth/token_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <semaphore>
#include <thread>
#include <vector>

#include "headrace/client/google_auth/authorized_transport.h"
#include "headrace/client/http/curl_transport.h"
#include "headrace/client/http/test_http_server.h"

namespace headrace {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;
using Time = std::chrono::system_clock::time_point;

/// Gives `token-1`, `token-2` …, each for an hour, or `error`.
class CountingCredentials final : public Credentials {
 public:
  explicit CountingCredentials(const Time& now) : now_(now) {}

  arrow::Result<AccessToken> NewToken(const std::stop_token& /*stop*/) override {
    ++asked;
    if (error) return *error;
    return AccessToken{.value = "token-" + std::to_string(asked), .expires = now_ + minutes(60)};
  }
  std::string who() const override { return "somebody"; }

  std::atomic<int> asked = 0;
  std::optional<arrow::Status> error;

 private:
  const Time& now_;
};

class TokenCacheTest : public testing::Test {
 protected:
  std::string Token() {
    auto token = cache_->Token({});
    return token.ok() ? *token : "error: " + token.status().message();
  }

  Time now_{seconds(2'000'000'000)};
  std::shared_ptr<CountingCredentials> credentials_ = std::make_shared<CountingCredentials>(now_);
  std::shared_ptr<TokenCache> cache_ =
      std::make_shared<TokenCache>(credentials_, [this] { return now_; });
};

TEST_F(TokenCacheTest, ATokenIsKeptUntilItIsAboutToExpire) {
  EXPECT_EQ(Token(), "token-1");
  now_ += minutes(56);
  EXPECT_EQ(Token(), "token-1");
  now_ += seconds(16);
  EXPECT_EQ(Token(), "token-2");
}

TEST_F(TokenCacheTest, WhereNoOtherCanBeHadYetAGoodTokenIsUsed) {
  EXPECT_EQ(Token(), "token-1");
  credentials_->error = TransientError("away");
  now_ += minutes(59);
  EXPECT_EQ(Token(), "token-1");
  now_ += minutes(1);
  EXPECT_EQ(Token(), "error: a token for somebody: away");
  credentials_->error = std::nullopt;
  EXPECT_EQ(Token(), "token-4");
}

TEST_F(TokenCacheTest, WhoIsRefusedIsToldAtOnce) {
  EXPECT_EQ(Token(), "token-1");
  credentials_->error = UserError("no such account");
  now_ += minutes(59);
  EXPECT_EQ(Token(), "error: a token for somebody: no such account");
}

TEST_F(TokenCacheTest, ARefusedTokenIsReplacedOnce) {
  EXPECT_EQ(Token(), "token-1");
  cache_->Refuse("token-1");
  EXPECT_EQ(Token(), "token-2");
  cache_->Refuse("token-1");  // Somebody who was late.
  EXPECT_EQ(Token(), "token-2");
}

TEST_F(TokenCacheTest, OfManyWhoAskOneFetches) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this] { EXPECT_EQ(Token(), "token-1"); });
  }
  threads.clear();
  EXPECT_EQ(credentials_->asked, 1);
}

/// Whose tokens come when the test lets them.
class HeldCredentials final : public Credentials {
 public:
  arrow::Result<AccessToken> NewToken(const std::stop_token& /*stop*/) override {
    ++asked;
    begun.release();
    held.acquire();
    return next;
  }
  std::string who() const override { return "somebody"; }

  std::atomic<int> asked = 0;
  std::counting_semaphore<> begun{0};
  std::counting_semaphore<> held{0};
  arrow::Result<AccessToken> next;
};

class HeldTokenTest : public testing::Test {
 protected:
  const Time now_{seconds(2'000'000'000)};
  const std::shared_ptr<HeldCredentials> credentials_ = std::make_shared<HeldCredentials>();
  TokenCache cache_{credentials_, [this] { return now_; }};
};

TEST_F(HeldTokenTest, WhileOneFetchesTheOthersGoOnWithWhatIsGood) {
  credentials_->next = AccessToken{.value = "old", .expires = now_ + seconds(60)};
  credentials_->held.release();
  EXPECT_EQ(cache_.Token({}).ValueOrDie(), "old");
  credentials_->begun.acquire();
  credentials_->next = AccessToken{.value = "new", .expires = now_ + minutes(60)};
  std::jthread fetcher([&] { EXPECT_EQ(cache_.Token({}).ValueOrDie(), "new"); });
  credentials_->begun.acquire();
  EXPECT_EQ(cache_.Token({}).ValueOrDie(), "old");
  credentials_->held.release();
  fetcher.join();
  EXPECT_EQ(cache_.Token({}).ValueOrDie(), "new");
  EXPECT_EQ(credentials_->asked, 2);
}

TEST_F(HeldTokenTest, WhoeverWaitsHearsWhatCameOfItAndCanBeStopped) {
  credentials_->next = TransientError("away");
  const std::jthread fetcher([&] { EXPECT_FALSE(cache_.Token({}).ok()); });
  credentials_->begun.acquire();
  const std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(CodeOf(cache_.Token(stop.get_token()).status()), kInterruptedCode);
  std::vector<std::jthread> waiters;
  for (int i = 0; i < 4; ++i) {
    waiters.emplace_back([&] { EXPECT_FALSE(cache_.Token({}).ok()); });
  }
  for (int i = 0; i < 5; ++i) credentials_->held.release();  // For those that come late.
  waiters.clear();
  EXPECT_GE(credentials_->asked, 1);
}

class AuthorizedTransportTest : public TokenCacheTest {
 protected:
  /// Of a request to a server that takes the tokens from `good` on.
  arrow::Result<HttpResponse> Send(std::string_view good, std::optional<std::string> quota = {}) {
    const TestHttpServer server([&](const TestHttpRequest& request) {
      const bool known = request.Header("authorization") >= "Bearer " + std::string(good);
      return TestHttpAnswer{.status = known ? 200 : 401};
    });
    const auto transport = MakeAuthorizedTransport(MakeCurlTransport(), cache_, std::move(quota));
    auto answer = transport->Send({.method = "POST", .url = server.url(), .body = "text"}, {});
    requests_ = server.requests();
    return answer;
  }

  std::vector<TestHttpRequest> requests_;
};

TEST_F(AuthorizedTransportTest, RequestsCarryTheTokenAndWhoPays) {
  EXPECT_EQ(Send("token-1", "payer")->status, 200);
  ASSERT_EQ(requests_.size(), 1);
  EXPECT_EQ(requests_[0].Header("authorization"), "Bearer token-1");
  EXPECT_EQ(requests_[0].Header("x-goog-user-project"), "payer");
}

TEST_F(AuthorizedTransportTest, A401FetchesANewTokenOnce) {
  EXPECT_EQ(Send("token-2")->status, 200);
  ASSERT_EQ(requests_.size(), 2);
  EXPECT_EQ(requests_[1].Header("authorization"), "Bearer token-2");
  EXPECT_EQ(requests_[1].body(), "text");
  EXPECT_FALSE(requests_[1].parts.Header("x-goog-user-project").has_value());
  EXPECT_EQ(Send("token-9")->status, 401);
  EXPECT_EQ(requests_.size(), 2);
}

TEST_F(AuthorizedTransportTest, ATokenGoesNowhereWithoutTls) {
  const auto transport = MakeAuthorizedTransport(MakeCurlTransport(), cache_, {});
  const arrow::Status error = transport->Send({.url = "http://example.com/x"}, {}).status();
  EXPECT_EQ(ClassOf(error), ErrorClass::kUser);
  EXPECT_THAT(error.message(), HasSubstr("https://"));
  EXPECT_EQ(credentials_->asked, 0);
}

TEST_F(AuthorizedTransportTest, WithoutATokenNothingIsSent) {
  credentials_->error = UserError("no such account");
  EXPECT_THAT(Send("token-1").status().message(), HasSubstr("no such account"));
  EXPECT_TRUE(requests_.empty());
}

}  // namespace
}  // namespace headrace
