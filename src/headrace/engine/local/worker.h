#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/engine/local/engine_clock.h"
#include "headrace/engine/local/work_queue.h"
#include "headrace/run/engine.h"
#include "headrace/run/execute_unit.h"

namespace headrace {

class WorkerPool;

/// What workers have read of one table and still hold or made durable. Thread-safe.
struct TableTally {
  std::atomic<int64_t> units{0};
  std::atomic<int64_t> rows{0};
  std::atomic<int64_t> bytes{0};
};

/// What all workers of one Execute share; outlives them.
struct WorkerShared {
  std::span<const TableWork> tables;
  const ExecuteOptions& options;
  const ExecuteContext& context;
  const ExecuteCallbacks& callbacks;
  WorkQueue& queue;
  WorkerPool& pool;
  const EngineClock& clock;
  std::deque<TableTally>& tallies;  ///< One per table.
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

  // For anybody once Run has returned.

  /// Seconds spent on units, sealing included, waiting before a further attempt not.
  double unit_seconds() const { return unit_seconds_; }
  int64_t retries() const { return retries_; }
  bool had_session() const { return had_session_; }
  /// It ended although there was something to do.
  bool retired() const { return retired_; }
  EngineClock::TimePoint started_at() const { return started_at_; }
  EngineClock::TimePoint ended_at() const { return ended_at_; }

 private:
  /// A unit in the writer that has no receipt yet.
  struct ClosedUnit {
    QueuedUnit unit;
    int64_t rows = 0;
    int64_t bytes = 0;
  };

  /// The table that the worker has a writer for.
  struct CurrentTable {
    size_t table = 0;
    std::unique_ptr<Writer> writer;
    std::optional<Transform> transform;
    std::vector<ClosedUnit> closed;
  };

  void Work();
  void Fail(std::string_view exception);
  std::optional<QueuedUnit> NextUnit();
  bool EnsureSession(const QueuedUnit& unit);
  void AfterFailedAttach(const QueuedUnit& unit, const arrow::Status& status);
  void WaitForSnapshot(const QueuedUnit& unit, const arrow::Status& status);
  void WaitToAttach(const QueuedUnit& unit, const arrow::Status& status);
  void TellOfRetry(const QueuedUnit& unit, const arrow::Status& status) const;
  void DropSession();
  bool EnsureWriter(const QueuedUnit& unit);
  void RunUnit(const QueuedUnit& unit);
  void Divide(const QueuedUnit& unit, std::vector<WorkUnit> parts);
  arrow::Status NoteDivision(const QueuedUnit& unit, std::vector<WorkUnit>& parts);
  void AfterUnit(const QueuedUnit& unit, UnitOutcome outcome);
  void AfterSourceFault(const QueuedUnit& unit, const arrow::Status& status);
  void CloseUnit(const QueuedUnit& unit, const UnitOutcome& outcome);
  void LoseWriter(const arrow::Status& status, std::vector<QueuedUnit> units);
  arrow::Status Deliver(std::span<const Receipt> receipts);
  void LeaveTable();
  void TakeBackClosed(const CurrentTable& table);
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
  int waits_ = 0;  // for a snapshot that is to be handed on
  bool had_session_ = false;
  bool retired_ = false;
  double unit_seconds_ = 0;
  int64_t retries_ = 0;
  const EngineClock::TimePoint started_at_;
  EngineClock::TimePoint ended_at_;
};

}  // namespace headrace
