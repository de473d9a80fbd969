#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>

#include "headrace/client/google_auth/credentials.h"

namespace headrace {

/// The current token of one identity. Thread-safe: of many who ask at once, one fetches the next
/// one; the others go on with the one that is still good, or wait for what comes of it.
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
  bool IsGood() const;
  arrow::Result<std::string> Fetch(std::unique_lock<std::mutex>& lock, const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any fetched_;
  AccessToken token_;         // These four guarded by mutex_. Empty: none.
  bool is_fetching_ = false;  // Somebody does, without the lock.
  int64_t fetches_ = 0;       // That have ended,
  arrow::Status last_;        // the last of them so.
};

}  // namespace headrace
