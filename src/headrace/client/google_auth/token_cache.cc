#include "headrace/client/google_auth/token_cache.h"

#include <utility>

namespace headrace {
namespace {

/// Google's libraries refresh 3:45 minutes before a token expires: a metadata server gives the same
/// one until 4 minutes before
/// (https://cloud.google.com/compute/docs/access/authenticate-workloads#applications).
constexpr std::chrono::seconds kRefreshBefore{225};

}  // namespace

TokenCache::TokenCache(std::shared_ptr<Credentials> credentials,
                       std::function<std::chrono::system_clock::time_point()> now)
    : credentials_(std::move(credentials)), now_(std::move(now)) {}

bool TokenCache::IsGood() const { return !token_.value.empty() && now_() < token_.expires; }

arrow::Result<std::string> TokenCache::Token(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (true) {
    const bool is_fresh = IsGood() && now_() < token_.expires - kRefreshBefore;
    if (is_fresh || (is_fetching_ && IsGood())) return token_.value;
    if (!is_fetching_) return Fetch(lock, stop);
    const int64_t fetches = fetches_;
    if (!fetched_.wait(lock, stop, [&] { return fetches_ != fetches; })) return InterruptedError();
    // Whoever is stopped says nothing of the others.
    if (!last_.ok() && CodeOf(last_) != kInterruptedCode) return last_;
  }
}

arrow::Result<std::string> TokenCache::Fetch(std::unique_lock<std::mutex>& lock,
                                             const std::stop_token& stop) {
  is_fetching_ = true;
  lock.unlock();
  arrow::Result<AccessToken> fresh = credentials_->NewToken(stop);
  lock.lock();
  is_fetching_ = false;
  ++fetches_;
  last_ = fresh.ok() ? arrow::Status::OK()
                     : WithContext(fresh.status(), "a token for " + credentials_->who());
  fetched_.notify_all();
  if (fresh.ok()) {
    token_ = *std::move(fresh);
    return token_.value;
  }
  const bool may_come = ClassOf(last_) == ErrorClass::kTransient;
  if (may_come && IsGood() && CodeOf(last_) != kInterruptedCode) return token_.value;
  return last_;
}

void TokenCache::Refuse(std::string_view token) {
  const std::scoped_lock lock(mutex_);
  if (token_.value == token) token_ = {};
}

}  // namespace headrace
