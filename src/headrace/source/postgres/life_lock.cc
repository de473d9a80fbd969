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

arrow::Result<bool> IsAlive(PgConnection& connection, int64_t key, const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const PgResult result, connection.Query("SELECT " + IsAliveSql(key), stop));
  return result.rows() == 1 && result.Boolean(0, 0);
}

arrow::Result<std::set<int64_t>> Living(PgConnection& connection, const std::set<int64_t>& keys,
                                        const std::stop_token& stop) {
  std::set<int64_t> living;
  for (const int64_t key : keys) {
    ARROW_ASSIGN_OR_RAISE(const bool lives, IsAlive(connection, key, stop));
    if (lives) living.insert(key);
  }
  return living;
}

}  // namespace headrace
