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

arrow::Result<std::string> TokenCache::Token(const std::stop_token& stop) {
  const std::scoped_lock lock(mutex_);
  const bool is_there = !token_.value.empty();
  if (is_there && now_() < token_.expires - kRefreshBefore) return token_.value;
  arrow::Result<AccessToken> fresh = credentials_->NewToken(stop);
  if (fresh.ok()) {
    token_ = std::move(*fresh);
    return token_.value;
  }
  const bool may_come = ClassOf(fresh.status()) == ErrorClass::kTransient;
  if (may_come && is_there && now_() < token_.expires) return token_.value;
  return WithContext(fresh.status(), "a token for " + credentials_->who());
}

void TokenCache::Refuse(std::string_view token) {
  const std::scoped_lock lock(mutex_);
  if (token_.value == token) token_ = {};
}

}  // namespace headrace
