#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_set>
#include <vector>

#include "headrace/engine/local/engine_clock.h"
#include "headrace/engine/local/work_queue.h"
#include "headrace/engine/local/worker.h"
#include "headrace/engine/local/worker_scaler.h"
#include "headrace/run/engine.h"

namespace headrace {

/// The workers of one Execute and their threads. It begins with `initial_workers` and changes their
/// number while they work: after each unit the scaler may send for one more, or say that one is to
/// go, which is the one that is least needed as soon as it asks: one that is still without a
/// session, else the one that came last. A worker that cannot connect goes too, never the last. The
/// last worker to end releases the snapshot. Thread-safe; workers call it from their threads.
class WorkerPool {
 public:
  /// What is given outlives the pool.
  WorkerPool(std::span<const TableWork> tables, const ExecuteOptions& options,
             const ExecuteContext& context, const ExecuteCallbacks& callbacks, WorkQueue& queue,
             const EngineClock& clock, std::stop_token stop);
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  /// Fails what has not ended, and waits.
  ~WorkerPool();

  /// Starts the first workers: no more than there are units, one at least.
  void Start();

  /// Blocks until every worker has ended, its session with it, and the snapshot is released.
  void WaitForRelease();

  /// After WaitForRelease.
  ExecuteSummary Summarise() const;

  /// Workers that are at work, or would be if there were units for them.
  int readers() const;

  /// Units and rows of `table` that workers have read and not lost again.
  const TableTally& tally(size_t table) const { return tallies_[table]; }

  // For workers.

  /// Says what the snapshot holds up, if it is an hour old, and whenever it is twice as old as
  /// then.
  void WarnOfAge();
  /// Says what has become of the snapshot.
  void TellNews();
  /// A unit of `table` is done. False: the worker is to end.
  bool KeepAfterUnit(int number, size_t table);
  /// The worker could not connect, for the reason `status`. True: it is to end, others are at work.
  /// One that `can_try_again` ends only if somebody is to go anyway.
  bool RetireUnconnected(int number, const arrow::Status& status, bool can_try_again);
  /// There are more units than before: starts those of the first workers that had none.
  void SendForRest();
  /// The worker has a session, as its `first` or once more.
  void HasSession(int number, bool first);
  /// It has none any more.
  void LostSession(int number);

 private:
  /// How a worker stands.
  enum class Standing { kConnecting, kHasSession, kRetired };

  bool StartLocked();
  void GrowLocked();
  void RunWorker(Worker& worker);
  void EndWorker(bool had_session);
  void ReleaseSnapshot();
  int LeastNeededLocked() const;
  void RetireLocked(int number);
  void Tell(Level level, std::string_view event, std::string message, int number) const;

  const ExecuteOptions& options_;
  const ExecuteContext& context_;
  WorkQueue& queue_;
  const EngineClock& clock_;
  const std::stop_token stop_;
  const EngineClock::TimePoint start_;
  std::deque<TableTally> tallies_;  // one per table; constant after construction
  const size_t units_;
  const WorkerShared shared_;
  const int64_t rows_before_;  // of earlier epochs

  std::atomic<int64_t> next_warning_{1};  // of the snapshot's age, at so many hours

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  WorkerScaler scaler_;               // protected by mutex_, as all below
  std::unordered_set<size_t> begun_;  // tables of which a unit is done
  std::deque<Worker> workers_;        // a deque: threads hold references
  std::vector<Standing> standings_;   // one per worker
  std::vector<std::thread> threads_;  // joined in WaitForRelease
  std::set<std::string> told_;        // why workers could not connect
  int unneeded_ = 0;                  // of the first, not started: there were no units for them
  int working_ = 0;                   // have not been told to end
  int surplus_ = 0;                   // of these, are to end once the least needed asks
  int running_ = 0;                   // have not ended
  int with_session_ = 0;              // have, or had, a session and have not ended
  int most_with_session_ = 0;
  bool released_ = false;
};

}  // namespace headrace
