#include "headrace/source/postgres/life_lock.h"

#include <random>

namespace headrace {
namespace {

/// `function`, one of those for advisory locks, with the key.
std::string Call(const char* function, int64_t key) {
  return std::string("pg_catalog.") + function + "(" + PgQuoteLiteral(std::to_string(key)) + ")";
}

}  // namespace

int64_t NewLifeLock() {
  std::random_device random;
  const uint64_t high = random();
  return static_cast<int64_t>(high << 32 | random());
}

std::string TakeLifeLockSql(int64_t key) { return Call("pg_advisory_xact_lock", key); }

std::string IsAliveSql(int64_t key) {
  return "NOT " + Call("pg_try_advisory_xact_lock_shared", key);
}

arrow::Result<std::vector<bool>> AreAlive(PgConnection& connection, std::span<const int64_t> keys,
                                          const std::stop_token& stop) {
  std::vector<bool> alive;
  if (keys.empty()) return alive;
  std::string list;
  for (const int64_t key : keys) list += (list.empty() ? "" : ", ") + IsAliveSql(key);
  ARROW_ASSIGN_OR_RAISE(const PgResult result, connection.Query("SELECT " + list, stop));
  for (int column = 0; column < static_cast<int>(keys.size()); ++column) {
    alive.push_back(result.Boolean(0, column));
  }
  return alive;
}

}  // namespace headrace
