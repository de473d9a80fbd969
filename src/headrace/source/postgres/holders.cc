#include "headrace/source/postgres/holders.h"

namespace headrace {

void PgHolders::Join(int64_t life_lock) {
  const std::scoped_lock lock(mutex_);
  sessions_.insert(life_lock);
}

void PgHolders::Leave(int64_t life_lock) {
  const std::scoped_lock lock(mutex_);
  sessions_.erase(life_lock);
  for (auto& [key, holding] : holdings_) holding.holders.erase(life_lock);
  std::erase_if(holdings_, [](const auto& entry) { return entry.second.holders.empty(); });
}

void PgHolders::Note(int64_t life_lock, const std::string& key, const LockTarget& target) {
  const std::scoped_lock lock(mutex_);
  holdings_.try_emplace(key, Holding{.key = key, .target = target, .holders = {}})
      .first->second.holders.insert(life_lock);
}

bool PgHolders::any() const {
  const std::scoped_lock lock(mutex_);
  return !sessions_.empty();
}

std::set<int64_t> PgHolders::sessions() const {
  const std::scoped_lock lock(mutex_);
  return sessions_;
}

std::vector<PgHolders::Holding> PgHolders::holdings() const {
  const std::scoped_lock lock(mutex_);
  std::vector<Holding> all;
  for (const auto& [key, holding] : holdings_) all.push_back(holding);
  return all;
}

}  // namespace headrace
