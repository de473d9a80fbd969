#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "headrace/source/postgres/table_lock.h"

namespace headrace {

/// What the sessions of a run hold beside its leader: whoever takes the leader's place can hold
/// that without a gap, as long as one of the sessions lives. A session is known by its life lock.
/// Thread-safe.
class PgHolders {
 public:
  /// Something that is held, by the key under which sessions look for it.
  struct Holding {
    std::string key;
    LockTarget target;          ///< With which it is locked.
    std::set<int64_t> holders;  ///< Never empty.
  };

  /// The session sees the run's snapshot.
  void Join(int64_t life_lock);
  /// It ends; what it alone held is held by nobody.
  void Leave(int64_t life_lock);
  /// The session holds `target`, and has since the leader, or another session, held it.
  void Note(int64_t life_lock, const std::string& key, const LockTarget& target);

  bool any() const;
  std::set<int64_t> sessions() const;
  std::vector<Holding> holdings() const;

 private:
  mutable std::mutex mutex_;
  std::set<int64_t> sessions_;
  std::map<std::string, Holding> holdings_;  ///< By key.
};

}  // namespace headrace
