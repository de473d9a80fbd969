#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "headrace/model/error.h"
#include "headrace/run/engine.h"

namespace headrace {

/// A unit waiting for a worker.
struct QueuedUnit {
  size_t table = 0;                ///< Index into the tables of the run.
  const WorkUnit* unit = nullptr;  ///< Of that table; lives as long as the queue.
  int attempt = 1;
};

/// How a table ended.
struct TableEnd {
  size_t table = 0;
  arrow::Status status;
};

/// The units of a run and what has become of them. Tables are worked on one after another, those
/// with most bytes first; a table ends once, when each of its units has a receipt or when it fails.
/// Thread-safe.
class WorkQueue {
 public:
  /// `tables` outlive the queue.
  WorkQueue(std::span<const TableWork> tables, int retries);

  /// The next unit, if one is waiting.
  std::optional<QueuedUnit> TryPull();

  /// The next unit; blocks while other workers still have units that may come back. Nothing: all
  /// tables have ended, or `stop`.
  std::optional<QueuedUnit> Pull(const std::stop_token& stop);

  /// `units` of `table` have a durable receipt.
  void MarkReceipted(size_t table, size_t units);

  /// The unit failed with `status` and shall run again, if attempts are left; else its table fails.
  void Retry(QueuedUnit unit, const arrow::Status& status);

  /// The unit was not tried: back to the front of the queue.
  void PutBack(QueuedUnit unit);

  /// `parts` take the place of the unit, which nobody runs again: they come next.
  void Divide(const QueuedUnit& unit, std::vector<WorkUnit> parts);

  void FailTable(size_t table, const arrow::Status& status);
  /// Fails every table that has not ended.
  void FailAll(const arrow::Status& status);
  bool HasEnded(size_t table) const;
  /// No unit is left, nor will one come back.
  bool AllEnded() const;
  /// Units that nobody works on.
  size_t waiting() const;
  /// Of these, as they were estimated.
  double waiting_rows() const;

  /// The next table to end, in the order of their ends; blocks. Nothing once every table was
  /// returned.
  std::optional<TableEnd> WaitForTableEnd();

 private:
  struct TableState {
    std::deque<QueuedUnit> waiting;
    std::deque<WorkUnit> parts;  // of divided units; a deque: `waiting` refers to them
    size_t open = 0;             // units without receipt
    bool ended = false;
  };

  std::optional<QueuedUnit> PullLocked();
  void PutFrontLocked(const QueuedUnit& unit);
  void EndLocked(size_t table, const arrow::Status& status);

  const int retries_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<TableState> tables_;  // protected by mutex_
  std::vector<size_t> order_;       // constant after construction
  std::deque<TableEnd> ends_;       // protected by mutex_: not yet returned
  size_t ended_ = 0;                // protected by mutex_
  size_t waiting_ = 0;              // protected by mutex_: in the tables' queues
  double waiting_rows_ = 0;         // protected by mutex_: likewise
  size_t returned_ = 0;             // protected by mutex_
};

}  // namespace headrace
