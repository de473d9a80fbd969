#pragma once

#include <arrow/util/base64.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "headrace/client/http/test_http_server.h"
#include "headrace/model/percent_coding.h"

namespace headrace {

/// A pair of RSA keys: what signs, and what tells whether it did.
class TestKeys {
 public:
  TestKeys() : key_(EVP_RSA_gen(2048), EVP_PKEY_free) {}

  /// PKCS #8, as in a key file of Google.
  std::string PrivatePem() const {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
    PEM_write_bio_PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    char* text = nullptr;
    const auto size = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<size_t>(size)};
  }

  /// Header and claims of `jwt` if it is signed by the key (RS256); fails the test else.
  std::pair<nlohmann::json, nlohmann::json> Open(std::string_view jwt) const {
    const size_t first = jwt.find('.');
    const size_t last = jwt.rfind('.');
    EXPECT_TRUE(first != last && first != std::string_view::npos) << jwt;
    const std::string signature = FromBase64Url(jwt.substr(last + 1));
    const auto bytes = [](std::string_view text) {
      return reinterpret_cast<const unsigned char*>(text.data());  // NOLINT
    };
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> digest(EVP_MD_CTX_new(),
                                                                         EVP_MD_CTX_free);
    EVP_DigestVerifyInit(digest.get(), nullptr, EVP_sha256(), nullptr, key_.get());
    EXPECT_EQ(EVP_DigestVerify(digest.get(), bytes(signature), signature.size(), bytes(jwt), last),
              1)
        << "the signature is another key's";
    return {nlohmann::json::parse(FromBase64Url(jwt.substr(0, first))),
            nlohmann::json::parse(FromBase64Url(jwt.substr(first + 1, last - first - 1)))};
  }

 private:
  static std::string FromBase64Url(std::string_view text) {
    std::string standard(text);
    std::ranges::replace(standard, '-', '+');
    std::ranges::replace(standard, '_', '/');
    standard.append((4 - standard.size() % 4) % 4, '=');
    return arrow::util::base64_decode(standard).ValueOrDie();
  }

  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
};

/// The keys and values of a form.
inline std::map<std::string, std::string> FormOf(std::string_view body) {
  std::map<std::string, std::string> form;
  while (!body.empty()) {
    const std::string_view pair = body.substr(0, body.find('&'));
    const size_t equals = pair.find('=');
    form[PercentDecode(pair.substr(0, equals))] = PercentDecode(pair.substr(equals + 1));
    body.remove_prefix(std::min(pair.size() + 1, body.size()));
  }
  return form;
}

/// A server that answers with the tokens `token-1`, `token-2` …, each for an hour, or with `refuse`
/// where that is set.
class TestTokenServer {
 public:
  TestTokenServer() : server_([this](const TestHttpRequest& request) { return Answer(request); }) {}

  std::string url(std::string_view target) const { return server_.url(target); }
  std::string host() const { return server_.host(); }
  std::vector<TestHttpRequest> requests() { return server_.requests(); }

  std::optional<TestHttpAnswer> refuse;  ///< Set while nobody asks.

 private:
  TestHttpAnswer Answer(const TestHttpRequest& request) {
    if (refuse) return *refuse;
    const std::string token = "token-" + std::to_string(++count_);
    if (request.target.ends_with(":generateAccessToken")) {
      return {.body = nlohmann::json{{"accessToken", token},
                                     {"expireTime", "2033-05-18T04:33:20.123456789Z"}}
                          .dump()};
    }
    return {
        .body =
            nlohmann::json{{"access_token", token}, {"expires_in", 3600}, {"token_type", "Bearer"}}
                .dump(),
        .headers = {{.name = "Metadata-Flavor", .value = "Google"}}};
  }

  std::atomic<int> count_ = 0;
  TestHttpServer server_;
};

}  // namespace headrace
