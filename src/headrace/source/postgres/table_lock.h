#pragma once

#include <stop_token>
#include <string>

#include "headrace/client/postgres/connection.h"
#include "headrace/model/error.h"
#include "headrace/model/table_ref.h"

namespace headrace {

/// A relation to be held in ACCESS SHARE mode.
struct LockTarget {
  std::string relation;    ///< Quoted name; empty for a query.
  bool only = false;       ///< Without the tables below it.
  std::string from;        ///< As it is read.
};

LockTarget LockTargetOf(const TableRef& table);

enum class LockOutcome {
  kLocked,
  kTouched,  ///< LOCK TABLE is not possible (rights, kind): held by a read of no rows, which also takes the snapshot.
  kRefused,  ///< NOWAIT: somebody waits for, or has, a stronger lock.
};

/// Locks, waiting for at most lock_timeout. The transaction survives errors.
arrow::Result<LockOutcome> LockWaiting(PgConnection& connection, const LockTarget& target,
                                       const std::stop_token& stop);

/// Locks if that can be done at once. `lock_timeout_ms` is put back after a lock that needed another one.
arrow::Result<LockOutcome> LockNowait(PgConnection& connection, const LockTarget& target,
                                      int64_t lock_timeout_ms, const std::stop_token& stop);

/// Holds what a query reads without waiting for its rows.
std::string TouchStatement(const LockTarget& target);

}  // namespace headrace
