#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "headrace/client/postgres/connection.h"
#include "headrace/model/error.h"
#include "headrace/source/postgres/transaction.h"

namespace headrace {

/// What may have rows that nobody else sees yet.
struct RunningTransaction {
  std::string id;
  std::string pid;               ///< Empty: it is prepared, and belongs to no process.
  std::optional<int64_t> since;  ///< Microseconds since 1970; none: the role may not know.
  std::string gid;               ///< Of one that is prepared.

  /// `process 4711`, for people; a gid as COMMIT PREPARED takes it.
  std::string name() const;
};

using TransactionFilter = std::function<bool(const RunningTransaction&)>;

/// The transactions that ran in the database at one moment, and the wait for those that matter.
///
/// They are the holders of their own virtual transaction id in pg_locks, which everybody may read,
/// and the prepared ones; such a lock is let go of only when others see what was written. Each
/// question is a transaction of its own: pg_stat_activity stands still within one. Used by one
/// thread; what it is made of outlives it.
class RunningTransactions {
 public:
  RunningTransactions(PgConnection& connection, const StatementScope& scope,
                      const std::stop_token& stop)
      : connection_(connection), scope_(scope), stop_(stop) {}

  /// Looks what runs now.
  arrow::Status Read();
  /// Waits until what ran and `matters` has ended, or `patience` is over. kInterruptedCode.
  arrow::Status WaitFor(const TransactionFilter& matters, std::chrono::milliseconds patience);

  const std::vector<RunningTransaction>& running() const { return running_; }
  /// Sessions that were at work, of times only: those may have run no transaction just then.
  const std::vector<RunningTransaction>& active() const { return active_; }
  /// What was waited for in vain.
  const std::vector<RunningTransaction>& left() const { return left_; }

 private:
  arrow::Result<std::vector<RunningTransaction>> List(const char* sql);
  arrow::Result<std::vector<RunningTransaction>> ListRunning();
  arrow::Status WaitUntil(std::chrono::steady_clock::time_point deadline);

  PgConnection& connection_;
  const StatementScope& scope_;
  const std::stop_token& stop_;
  std::vector<RunningTransaction> running_;
  std::vector<RunningTransaction> active_;
  std::vector<RunningTransaction> left_;
};

}  // namespace headrace
