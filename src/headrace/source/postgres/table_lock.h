#pragma once

#include <cstddef>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/client/postgres/connection.h"
#include "headrace/model/error.h"
#include "headrace/model/table_ref.h"
#include "headrace/source/postgres/known_name.h"
#include "headrace/source/source.h"

namespace headrace {

/// Parts of a table whose indexes are taken at once. Those of hundreds, in the leader and in each
/// session, would be more locks than a server has room for: max_locks_per_transaction is 64, of a
/// hundred sessions together.
inline constexpr size_t kMostPartsAtOnce = 100;

/// A relation to be held in ACCESS SHARE mode, with what is read with it.
struct LockTarget {
  std::string relation;       ///< Quoted name; empty for a query.
  bool only = false;          ///< Without the tables below it.
  std::string from;           ///< As it is read.
  std::string columns = "1";  ///< What is read; columns of a view or query may read others.
  std::string where;          ///< The condition that it is read under; empty: none.
  /// The condition, a policy or the view reads other relations, which LOCK TABLE does not take.
  bool reads_others = false;
};

/// `reads_others` where it is plain to see: of queries and with a condition.
LockTarget LockTargetOf(const SnapshotTable& wanted);

/// LOCK TABLE is no way to hold `status`'s relation: it takes tables and views only, and wants a
/// right on the whole table where a read is content with one on a column. A read of no rows then
/// holds it.
bool CannotBeLocked(const arrow::Status& status);

/// LOCK TABLE …, waiting for at most lock_timeout. It takes no snapshot. The transaction survives
/// errors.
arrow::Status LockWaiting(PgConnection& connection, const LockTarget& target,
                          const std::stop_token& stop);

/// Holds the target by a read of no rows, which takes the transaction's snapshot if there is none
/// yet.
arrow::Status Touch(PgConnection& connection, const LockTarget& target,
                    const std::stop_token& stop);

/// Locks and touches, or only touches a query and what LOCK TABLE does not take, if that can be
/// done at once. False: somebody waits for a stronger lock, or has it. The server plans the read,
/// which takes the locks of the indexes that a COPY of the same will want. `lock_timeout_ms` is put
/// back after the read, which needed another one.
arrow::Result<bool> LockNowait(PgConnection& connection, const LockTarget& target,
                               int64_t lock_timeout_ms, const std::stop_token& stop);

/// Has the server plan `select`, which takes ACCESS SHARE locks on all indexes of the tables that
/// it reads, and keeps them to the transaction's end; LOCK TABLE takes none of them. Waits for at
/// most lock_timeout for each.
arrow::Status HoldIndexes(PgConnection& connection, const std::string& select,
                          const std::stop_token& stop);

/// Those of `relations` (quoted names) and of the tables below them that this transaction holds no
/// lock on, as its snapshot sees them; the query takes the snapshot if there is none yet.
arrow::Result<std::vector<LockTarget>> UnlockedBelow(PgConnection& connection,
                                                     const std::vector<std::string>& relations,
                                                     const std::stop_token& stop);

/// Which of `wanted`, by number, are views or under row security for the role: policies read what
/// they like.
arrow::Result<std::vector<size_t>> WithHiddenReads(PgConnection& connection,
                                                   std::span<const SnapshotTable> wanted,
                                                   const std::stop_token& stop);

/// What a read of a target reads besides.
struct ReadBehind {
  /// The tables and views that it locks, partitions included, without those that LOCK TABLE of the
  /// target takes.
  std::vector<LockTarget> relations;
  /// Quoted names of materialized views, which LOCK TABLE does not take.
  std::vector<std::string> unlockable;
  /// Names by which the job's own SQL may find them. What views and policies read they know
  /// whatever it is called.
  std::vector<KnownName> names;
};

/// `job_sql`: the job's query or condition. To be called in a transaction that ends afterwards.
arrow::Result<ReadBehind> RelationsBehind(PgConnection& connection, const LockTarget& target,
                                          std::string_view job_sql, const std::stop_token& stop);

}  // namespace headrace
