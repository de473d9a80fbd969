#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/engine/local/work_queue.h"
#include "headrace/run/engine.h"
#include "headrace/run/execute_unit.h"

namespace headrace {

/// How many workers of the pool still work. A server that has no room for another session makes a
/// worker retire, never the last.
class WorkerCount {
 public:
  explicit WorkerCount(int workers) : active_(workers) {}

  /// True: the caller may leave, others go on.
  bool TryRetire();
  int active() const { return active_; }

 private:
  std::atomic<int> active_;
};

/// What all workers of one Execute share; outlives them.
struct WorkerShared {
  std::span<const TableWork> tables;
  const ExecuteOptions& options;
  const ExecuteContext& context;
  const ExecuteCallbacks& callbacks;
  WorkQueue& queue;
  WorkerCount& count;
};

/// One thread's life: pulls units, keeps one session for all and one writer for the table it works
/// on. Used by one thread.
class Worker {
 public:
  Worker(int number, const WorkerShared& shared, std::stop_token stop);

  /// Works until nothing is left, the worker retires, or the stop token is stopped. The session is
  /// closed when it returns. Never throws: an exception fails every table with an error of class
  /// bug.
  void Run();

  /// Seconds spent on units, sealing included.
  double unit_seconds() const { return unit_seconds_; }
  int64_t retries() const { return retries_; }
  /// When Run returned.
  std::chrono::steady_clock::time_point ended_at() const { return ended_at_; }

 private:
  /// The table that the worker has a writer for.
  struct CurrentTable {
    size_t table = 0;
    std::unique_ptr<Writer> writer;
    std::optional<Transform> transform;
    std::vector<QueuedUnit> closed;  ///< Units in the writer that have no receipt yet.
  };

  void Work();
  void Fail(std::string_view exception);
  std::optional<QueuedUnit> NextUnit();
  bool EnsureSession(const QueuedUnit& unit);
  bool AfterFailedAttach(const QueuedUnit& unit, const arrow::Status& status);
  bool EnsureWriter(const QueuedUnit& unit);
  void RunUnit(const QueuedUnit& unit);
  void AfterUnit(const QueuedUnit& unit, UnitOutcome outcome);
  void AfterSourceFault(const QueuedUnit& unit, const arrow::Status& status);
  void LoseWriter(const arrow::Status& status);
  arrow::Status Deliver(std::span<const Receipt> receipts);
  void LeaveTable();
  void RetryOrFail(std::span<const QueuedUnit> units, const arrow::Status& status);
  arrow::Status Explain(const QueuedUnit& unit, const arrow::Status& status) const;
  Fields FieldsOf(const QueuedUnit& unit) const;

  const TableWork& work(const QueuedUnit& unit) const { return shared_.tables[unit.table]; }

  const int number_;
  const WorkerShared& shared_;
  const std::stop_token stop_;
  const ReadLimits limits_;
  std::unique_ptr<Session> session_;
  std::optional<CurrentTable> current_;
  int writers_opened_ = 0;
  int failed_attaches_ = 0;
  double unit_seconds_ = 0;
  int64_t retries_ = 0;
  std::chrono::steady_clock::time_point ended_at_;
};

}  // namespace headrace
