#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>

#include "headrace/client/google_auth/credentials.h"

namespace headrace {

/// The current token of one identity. Thread-safe: of many who ask at once, one fetches it and the
/// others wait.
class TokenCache {
 public:
  explicit TokenCache(
      std::shared_ptr<Credentials> credentials,
      std::function<std::chrono::system_clock::time_point()> now = std::chrono::system_clock::now);

  /// A token that is good for some minutes more. One that is about to expire is returned too where
  /// no other can be had yet (an error of class transient), as long as it is good.
  arrow::Result<std::string> Token(const std::stop_token& stop);

  /// A service has refused `token`: it is not returned again. Of another token than the current
  /// one, which others may have fetched meanwhile, nothing is to be done.
  void Refuse(std::string_view token);

  const Credentials& credentials() const { return *credentials_; }

 private:
  const std::shared_ptr<Credentials> credentials_;
  const std::function<std::chrono::system_clock::time_point()> now_;
  std::mutex mutex_;
  AccessToken token_;  // Guarded by mutex_; empty: none.
};

}  // namespace headrace
