#pragma once

#include <cstdint>
#include <set>
#include <stop_token>
#include <string>

#include "headrace/client/postgres/connection.h"
#include "headrace/model/error.h"

/// Advisory locks by which the transactions of a run know of each other that they live: each takes
/// one of a key that nobody else has and keeps it to its end, and who is refused the same one in
/// its shared form knows that the transaction is there, on this server and in this database. Asking
/// costs nothing that grows with the locks of the server, as a look at pg_locks would.
namespace headrace {

/// A key of its own for one transaction. The name of a snapshot is none: another server has it,
/// too.
int64_t NewLifeLock();

/// SQL of a select list: takes the lock.
std::string TakeLifeLockSql(int64_t key);

/// SQL of a select list: whether another transaction has it. Where none has, the asking one has it
/// in its shared form from then on, which is in nobody's way.
std::string IsAliveSql(int64_t key);

/// Asks for one.
arrow::Result<bool> IsAlive(PgConnection& connection, int64_t key, const std::stop_token& stop);

/// Which of `keys` other transactions have.
arrow::Result<std::set<int64_t>> Living(PgConnection& connection, const std::set<int64_t>& keys,
                                        const std::stop_token& stop);

}  // namespace headrace
