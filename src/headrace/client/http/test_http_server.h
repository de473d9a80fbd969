#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <charconv>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "headrace/client/http/http.h"
#include "headrace/model/ascii.h"

namespace headrace {

/// What a TestHttpServer was asked.
struct TestHttpRequest {
  std::string method;
  std::string target;  ///< Path and query.
  HttpResponse parts;  ///< Headers and body.
  int connection = 0;  ///< Counted from 1.

  std::string_view Header(std::string_view name) const { return parts.Header(name).value_or(""); }
  const std::string& body() const { return parts.body; }
};

enum class TestFault {
  kNone,
  kNoAnswer,   ///< The connection is closed instead.
  kTruncated,  ///< It is closed in the middle of the body.
  kSilence,    ///< Nothing is said until the client goes.
};

struct TestHttpAnswer {
  int status = 200;
  std::string body = {};
  std::vector<HttpHeader> headers = {};
  TestFault fault = TestFault::kNone;
};

/// HTTP/1.1 on a free port of 127.0.0.1, as far as libcurl asks for it: one thread per connection,
/// which is kept open. `handler` is called by all of them.
class TestHttpServer {
 public:
  using Handler = std::function<TestHttpAnswer(const TestHttpRequest&)>;

  explicit TestHttpServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    auto* any = reinterpret_cast<sockaddr*>(&address);  // NOLINT: the sockets' own way.
    EXPECT_EQ(::bind(listener_, any, size), 0);
    EXPECT_EQ(::listen(listener_, 16), 0);
    EXPECT_EQ(::getsockname(listener_, any, &size), 0);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::jthread([this] { Accept(); });
  }

  ~TestHttpServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    std::vector<std::jthread> threads;
    {
      const std::scoped_lock lock(mutex_);
      for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
      threads.swap(threads_);
    }
    threads.clear();  // Joins those that may want the lock.
    for (const int socket : sockets_) ::close(socket);
    ::close(listener_);
  }

  std::string url(std::string_view target = "") const {
    return "http://" + host() + std::string(target);
  }
  std::string host() const { return "127.0.0.1:" + std::to_string(port_); }

  /// What was asked so far.
  std::vector<TestHttpRequest> requests() const {
    const std::scoped_lock lock(mutex_);
    return requests_;
  }

 private:
  void Accept() {
    for (int count = 1;; ++count) {
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) return;
      const std::scoped_lock lock(mutex_);
      sockets_.push_back(socket);
      threads_.emplace_back([this, socket, count] { Serve(socket, count); });
    }
  }

  void Serve(int socket, int connection) {
    std::string received;
    while (true) {
      TestHttpRequest request{.connection = connection};
      if (!Receive(socket, received, request)) return;
      {
        const std::scoped_lock lock(mutex_);
        requests_.push_back(request);
      }
      if (!Answer(socket, handler_(request), request.method == "HEAD")) return;
    }
  }

  static bool ReceiveMore(int socket, std::string& received) {
    std::array<char, 1 << 16> buffer{};
    const ssize_t bytes = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (bytes <= 0) return false;
    received.append(buffer.data(), static_cast<size_t>(bytes));
    return true;
  }

  static bool Receive(int socket, std::string& received, TestHttpRequest& request) {
    size_t end = 0;
    while ((end = received.find("\r\n\r\n")) == std::string::npos) {
      if (!ReceiveMore(socket, received)) return false;
    }
    ReadHead(received.substr(0, end + 2), request);
    received.erase(0, end + 4);
    size_t length = 0;
    const std::string_view text = request.Header("content-length");
    std::from_chars(text.data(), text.data() + text.size(), length);
    while (received.size() < length) {
      if (!ReceiveMore(socket, received)) return false;
    }
    request.parts.body = received.substr(0, length);
    received.erase(0, length);
    return true;
  }

  /// `head`: lines that all end.
  static void ReadHead(std::string_view head, TestHttpRequest& request) {
    const std::string_view first = head.substr(0, head.find("\r\n"));
    const size_t target = first.find(' ') + 1;
    request.method = first.substr(0, target - 1);
    request.target = first.substr(target, first.rfind(' ') - target);
    for (head.remove_prefix(first.size() + 2); !head.empty();) {
      const std::string_view line = head.substr(0, head.find("\r\n"));
      const size_t colon = line.find(':');
      const size_t value = std::min(line.find_first_not_of(' ', colon + 1), line.size());
      request.parts.headers.push_back({.name = LowerAsciiText(line.substr(0, colon)),
                                       .value = std::string(line.substr(value))});
      head.remove_prefix(line.size() + 2);
    }
  }

  bool Answer(int socket, const TestHttpAnswer& answer, bool is_head) const {
    if (answer.fault == TestFault::kSilence) {
      std::string rest;
      while (ReceiveMore(socket, rest)) {
      }
      return false;
    }
    std::string text = "HTTP/1.1 " + std::to_string(answer.status) +
                       " Test\r\nContent-Length: " + std::to_string(answer.body.size()) + "\r\n";
    for (const HttpHeader& header : answer.headers) {
      text += header.name + ": " + header.value + "\r\n";
    }
    text += "\r\n" + (is_head ? std::string() : answer.body);
    if (answer.fault == TestFault::kNoAnswer) text.clear();
    if (answer.fault == TestFault::kTruncated) text.pop_back();
    for (size_t sent = 0; sent < text.size();) {
      const ssize_t bytes = ::send(socket, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (bytes <= 0) return false;
      sent += static_cast<size_t>(bytes);
    }
    if (answer.fault == TestFault::kNone) return true;
    ::shutdown(socket, SHUT_RDWR);
    return false;
  }

  const Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::jthread acceptor_;
  mutable std::mutex mutex_;
  std::vector<int> sockets_;  // These three guarded by mutex_.
  std::vector<std::jthread> threads_;
  std::vector<TestHttpRequest> requests_;
};

}  // namespace headrace
