#include "headrace/source/postgres/running_transactions.h"

#include <algorithm>
#include <iterator>

#include "headrace/model/wait_for.h"
#include "headrace/source/postgres/time_text.h"

namespace headrace {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kFirstPoll{10};
constexpr milliseconds kLongestPoll{500};

/// What runs in this database beside this session: its id, the server process, and since when, as
/// far as the role may know. VACUUM, which cannot be part of a transaction that writes, and the
/// processes of autovacuum, which have no user, are left out.
constexpr const char* kRunningSql =
    "SELECT l.virtualtransaction, l.pid::pg_catalog.text, s.xact_start::pg_catalog.text, NULL"
    " FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity s ON s.pid = l.pid"
    " WHERE l.locktype = 'virtualxid' AND l.granted AND l.virtualxid = l.virtualtransaction"
    " AND l.pid <> pg_catalog.pg_backend_pid()"
    " AND (s.pid IS NULL OR (s.usesysid IS NOT NULL"
    "  AND s.datid = (SELECT d.oid FROM pg_catalog.pg_database d"
    "   WHERE d.datname = pg_catalog.current_database())))"
    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_vacuum v WHERE v.pid = l.pid)";

/// Prepared transactions, which belong to no process any more; their start is not known. COMMIT
/// PREPARED asks for the name that its client gave it, its gid.
constexpr const char* kPreparedSql =
    "SELECT p.transaction::pg_catalog.text, NULL, NULL, p.gid"
    " FROM pg_catalog.pg_prepared_xacts p"
    " WHERE p.database = pg_catalog.current_database()";

/// Sessions that work, since when. A message may hold several transactions, and all of them have
/// its now(), as the one behind COMMIT AND CHAIN has that of the statement: in between the session
/// runs none, and has an old time for the next one. What a transaction that has failed has written
/// is gone.
constexpr const char* kActiveSql =
    "SELECT NULL, s.pid::pg_catalog.text,"
    " coalesce(s.xact_start, s.query_start)::pg_catalog.text, NULL"
    " FROM pg_catalog.pg_stat_activity s WHERE s.pid <> pg_catalog.pg_backend_pid()"
    " AND s.datid = (SELECT d.oid FROM pg_catalog.pg_database d"
    "  WHERE d.datname = pg_catalog.current_database())"
    " AND s.backend_type = 'client backend' AND s.state NOT IN ('idle', 'disabled')"
    " AND (s.xact_start IS NOT NULL OR s.state <> 'idle in transaction (aborted)')"
    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_vacuum v WHERE v.pid = s.pid)";

}  // namespace

std::string RunningTransaction::name() const {
  return pid.empty() ? "the prepared transaction " + PgQuoteLiteral(gid) : "process " + pid;
}

arrow::Result<std::vector<RunningTransaction>> RunningTransactions::List(const char* sql) {
  ARROW_ASSIGN_OR_RAISE(const PgResult result, QuerySystem(connection_, scope_, sql, stop_));
  std::vector<RunningTransaction> transactions;
  for (int i = 0; i < result.rows(); ++i) {
    transactions.push_back({.id = std::string(result.Text(i, 0)),
                            .pid = std::string(result.Text(i, 1)),
                            .since = MicrosOfTimeText(result.Text(i, 2)),
                            .gid = std::string(result.Text(i, 3))});
  }
  return transactions;
}

/// In this order: what is prepared in between is in both.
arrow::Result<std::vector<RunningTransaction>> RunningTransactions::ListRunning() {
  ARROW_ASSIGN_OR_RAISE(std::vector<RunningTransaction> running, List(kRunningSql));
  ARROW_ASSIGN_OR_RAISE(const std::vector<RunningTransaction> prepared, List(kPreparedSql));
  running.insert(running.end(), prepared.begin(), prepared.end());
  return running;
}

arrow::Status RunningTransactions::Read() {
  ARROW_ASSIGN_OR_RAISE(running_, ListRunning());
  ARROW_ASSIGN_OR_RAISE(active_, List(kActiveSql));
  return arrow::Status::OK();
}

arrow::Status RunningTransactions::WaitFor(const TransactionFilter& matters,
                                           milliseconds patience) {
  std::ranges::copy_if(running_, std::back_inserter(left_), matters);
  if (left_.empty()) return arrow::Status::OK();
  const auto deadline = steady_clock::now() + patience;
  ARROW_RETURN_NOT_OK(WaitUntil(deadline));
  if (!left_.empty()) return arrow::Status::OK();
  // One that was prepared meanwhile is no running one any more, and has not ended: which it is of
  // those that are prepared now cannot be told.
  ARROW_ASSIGN_OR_RAISE(left_, List(kPreparedSql));
  return WaitUntil(deadline);
}

/// Takes out of `left_` what has ended, until nothing is left.
arrow::Status RunningTransactions::WaitUntil(steady_clock::time_point deadline) {
  milliseconds pause = kFirstPoll;
  while (!left_.empty() && steady_clock::now() < deadline) {
    if (!headrace::WaitFor(pause, stop_)) return InterruptedError();
    pause = std::min(pause * 2, kLongestPoll);
    ARROW_ASSIGN_OR_RAISE(const std::vector<RunningTransaction> now, ListRunning());
    std::erase_if(left_, [&](const RunningTransaction& transaction) {
      return std::ranges::find(now, transaction.id, &RunningTransaction::id) == now.end();
    });
  }
  return arrow::Status::OK();
}

}  // namespace headrace
