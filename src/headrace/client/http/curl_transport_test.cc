#include "headrace/client/http/curl_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <latch>
#include <thread>

#include "headrace/client/http/curl_error.h"
#include "headrace/client/http/test_http_server.h"

namespace headrace {
namespace {

using testing::HasSubstr;
using testing::Not;

TestHttpAnswer Echo(const TestHttpRequest& request) {
  return {.body = request.method + " " + request.target + " " + request.body(),
          .headers = {{"X-Case", " kept "}}};
}

TEST(CurlTransport, CarriesMethodTargetHeadersAndBody) {
  const TestHttpServer server(Echo);
  const auto transport = MakeCurlTransport();
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE"}) {
    const std::string body(100'000, 'x');
    const auto answer = transport->Send({.method = method,
                                         .url = server.url("/a?b=1"),
                                         .headers = {{"X-One", "1"}, {"X-Two", ""}},
                                         .body = body},
                                        {});
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, std::string(method) + " /a?b=1 " + body);
    EXPECT_EQ(answer->Header("x-case"), "kept");
    EXPECT_EQ(answer->Header("x-other"), std::nullopt);
    const TestHttpRequest asked = server.requests().back();
    EXPECT_EQ(asked.Header("x-one"), "1");
    EXPECT_TRUE(asked.parts.Header("x-two").has_value());
    EXPECT_THAT(asked.Header("user-agent"), HasSubstr("(gzip)"));
    EXPECT_FALSE(asked.parts.Header("expect").has_value());
  }
  EXPECT_EQ(transport->Send({.url = server.url("/g")}, {})->body, "GET /g ");
  EXPECT_EQ(transport->Send({.method = "POST", .url = server.url("/p")}, {})->body, "POST /p ");
  EXPECT_EQ(transport->Send({.method = "HEAD", .url = server.url("/h")}, {})->body, "");
}

TEST(CurlTransport, AStatusIsNoErrorAndARedirectIsNotFollowed) {
  const TestHttpServer server([](const TestHttpRequest& request) {
    const int status = std::stoi(request.target.substr(1));
    return TestHttpAnswer{.status = status, .headers = {{"Location", "/200"}}};
  });
  const auto transport = MakeCurlTransport();
  for (const int status : {204, 302, 308, 404, 500}) {
    const auto answer = transport->Send({.url = server.url("/" + std::to_string(status))}, {});
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->status, status);
    EXPECT_EQ(answer->ok(), status == 204);
    EXPECT_EQ(answer->Header("location"), "/200");
  }
}

TEST(CurlTransport, AConnectionIsUsedAgain) {
  const TestHttpServer server(Echo);
  const auto transport = MakeCurlTransport();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(transport->Send({.url = server.url()}, {}).ok());
  EXPECT_EQ(server.requests().back().connection, 1);
}

TEST(CurlTransport, ThreadsSendSideBySide) {
  std::latch all_are_there(4);
  const TestHttpServer server([&](const TestHttpRequest& request) {
    all_are_there.arrive_and_wait();
    return Echo(request);
  });
  const auto transport = MakeCurlTransport();
  std::atomic<int> answers = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] { answers += transport->Send({.url = server.url()}, {}).ok(); });
    }
  }
  EXPECT_EQ(answers, 4);
}

struct FaultCase {
  TestFault fault;
  std::string_view code;
};

TEST(CurlTransport, AnAnswerThatIsLostIsTransientAndShowsNoSecret) {
  for (const auto& [fault, code] : {FaultCase{TestFault::kNoAnswer, "CURLE_GOT_NOTHING"},
                                    FaultCase{TestFault::kTruncated, "CURLE_PARTIAL_FILE"}}) {
    const TestHttpServer server([&](const TestHttpRequest&) {
      return TestHttpAnswer{.body = "some text", .fault = fault};
    });
    const arrow::Status error =
        MakeCurlTransport()
            ->Send({.method = "PUT", .url = server.url("/x?upload_id=secret")}, {})
            .status();
    EXPECT_EQ(ClassOf(error), ErrorClass::kTransient) << error;
    EXPECT_EQ(CodeOf(error), code);
    EXPECT_THAT(error.message(), HasSubstr("PUT " + server.url("/x: ")));
    EXPECT_THAT(error.message(), Not(HasSubstr("secret")));
  }
}

TEST(CurlTransport, WhereNobodyListensIsTransient) {
  std::string url;
  {
    const TestHttpServer gone(Echo);
    url = gone.url();
  }
  const arrow::Status error = MakeCurlTransport()->Send({.url = url}, {}).status();
  EXPECT_EQ(ClassOf(error), ErrorClass::kTransient) << error;
  EXPECT_EQ(CodeOf(error), "CURLE_COULDNT_CONNECT");
}

TEST(CurlTransport, AnAddressThatIsNoneIsTheUsers) {
  for (const char* url : {"ftp://127.0.0.1/x", "file:///etc/hosts", "http://127.0.0.1:99999/"}) {
    const arrow::Status error = MakeCurlTransport()->Send({.url = url}, {}).status();
    EXPECT_EQ(ClassOf(error), ErrorClass::kUser) << url << ": " << error;
  }
}

TEST(CurlError, AProxysAddressIsNotRepeated) {
  for (const char* text : {"Unsupported proxy syntax in 'http://user:hunter2@host'",
                           "Unsupported proxy scheme for 'x://user:hunter2@host'",
                           "Could not resolve proxy: hunter2"}) {
    const arrow::Status error = CurlError(CURLE_COULDNT_RESOLVE_PROXY, "GET https://x/", text);
    EXPECT_EQ(ClassOf(error), ErrorClass::kUser);
    EXPECT_THAT(error.message(), HasSubstr("HTTPS_PROXY"));
    EXPECT_THAT(error.message(), Not(HasSubstr("hunter2")));
  }
}

TEST(CurlTransport, AHeaderThatWouldBeTwoIsRefused) {
  const TestHttpServer server(Echo);
  for (const char* value : {"a\nX-Two: b", "a\r\n", "a\x01"}) {
    const auto answer = MakeCurlTransport()->Send(
        {.url = server.url(), .headers = {{.name = "x-goog-user-project", .value = value}}}, {});
    EXPECT_EQ(ClassOf(answer.status()), ErrorClass::kUser);
    EXPECT_THAT(answer.status().message(), HasSubstr("x-goog-user-project"));
  }
  EXPECT_TRUE(server.requests().empty());
}

TEST(CurlTransport, SilenceEndsAndIsTransient) {
  const TestHttpServer server(
      [](const TestHttpRequest&) { return TestHttpAnswer{.fault = TestFault::kSilence}; });
  const auto transport = MakeCurlTransport({.silence = std::chrono::seconds(1)});
  const arrow::Status error = transport->Send({.url = server.url()}, {}).status();
  EXPECT_EQ(CodeOf(error), "CURLE_OPERATION_TIMEDOUT") << error;
  EXPECT_EQ(ClassOf(error), ErrorClass::kTransient);
}

TEST(CurlTransport, StopEndsWhatIsWaitedFor) {
  std::stop_source stop;
  const TestHttpServer server([&](const TestHttpRequest&) {
    stop.request_stop();
    return TestHttpAnswer{.fault = TestFault::kSilence};
  });
  const auto transport = MakeCurlTransport();
  EXPECT_EQ(CodeOf(transport->Send({.url = server.url()}, stop.get_token()).status()),
            kInterruptedCode);
  EXPECT_EQ(CodeOf(transport->Send({.url = server.url()}, stop.get_token()).status()),
            kInterruptedCode);
  EXPECT_EQ(server.requests().size(), 1);
}

TEST(CurlTransport, AnAnswerThatIsTooLongIsNotKept) {
  const TestHttpServer server(
      [](const TestHttpRequest&) { return TestHttpAnswer{.body = std::string(1001, 'x')}; });
  const auto transport = MakeCurlTransport({.longest_answer = 1000});
  const arrow::Status error = transport->Send({.url = server.url()}, {}).status();
  EXPECT_EQ(ClassOf(error), ErrorClass::kPermanent);
  EXPECT_THAT(error.message(), HasSubstr("longer than 1000 bytes"));
}

/// The text "headrace", compressed by gzip(1).
constexpr std::string_view kGzipped(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\xcb\x48\x4d\x4c\x29\x4a\x4c\x4e\x05\x00"
    "\xe4\x6e\x93\xeb\x08\x00\x00\x00",
    28);

TEST(CurlTransport, CompressedAnswersAreAskedForAndRead) {
  const TestHttpServer server([](const TestHttpRequest& request) {
    EXPECT_THAT(std::string(request.Header("accept-encoding")), HasSubstr("gzip"));
    return TestHttpAnswer{.body = std::string(kGzipped), .headers = {{"Content-Encoding", "gzip"}}};
  });
  const auto answer = MakeCurlTransport()->Send({.url = server.url()}, {});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->body, "headrace");
}

}  // namespace
}  // namespace headrace
