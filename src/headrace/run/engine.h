#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "headrace/destination/destination.h"
#include "headrace/model/table_plan.h"
#include "headrace/model/work_unit.h"
#include "headrace/observe/event.h"
#include "headrace/observe/progress.h"
#include "headrace/plan/divide.h"
#include "headrace/source/source.h"

/// An engine turns work units into receipts:
///
// clang-format off
///   coordinator ──Execute(tables)──► engine ──► workers: ExecuteUnit ──► Writer
///                                                                          │
///                                        journal ◄──on_receipt── Receipt ◄─┘
// clang-format on
///
/// It decides how many units run at once and where, retries what is transient, and gives up on a
/// table (not on the run) when a unit has used its attempts. It knows nothing of commits: the
/// coordinator publishes from the receipts. Execute returns when every table is finished, failed or
/// lost its snapshot, or when the stop token is stopped. Once nothing is left to read it closes its
/// sessions and releases the snapshot (unless `keep_snapshot`), and only then reports the tables
/// that ended last: what the source holds up for the snapshot does not wait for their commits.
namespace headrace {

/// One table to extract. Owned by the coordinator; constant while Execute runs.
struct TableWork {
  TablePlan plan;
  TableTarget target;
  std::vector<WorkUnit> units;
  UnitTarget unit_target = {};  ///< What each of them should hold.
};

/// How hard to work.
struct ExecuteOptions {
  int initial_workers = 2;             ///< Units that are read at once in the beginning.
  int max_workers = 2;                 ///< At least initial_workers; so far an engine may grow.
  int retries = 5;                     ///< Attempts after the first, per unit.
  int64_t worker_memory = 64LL << 20;  ///< Bytes one worker may hold: reader and writer together.
  bool keep_snapshot = false;          ///< It is not released when all is read: commits ask it.
};

/// What the engine reports while it works, from any thread: receipts from several at once, also of
/// one table; the end of a table once, of one that is whole after its last receipt.
struct ExecuteCallbacks {
  /// A sealed file of table number `table` in the span; must be durable when it returns. After an
  /// error the units of the file count as not done: they run again if it is transient, else the
  /// table ends.
  std::function<arrow::Status(size_t table, const Receipt& receipt)> on_receipt;
  /// A unit of table number `table` turned out to be far larger than planned: it is void from here
  /// on, `parts` cover it exactly. Must be durable when it returns: then their receipts count.
  /// After an error the unit runs again as it is if that is transient, else the table ends. Empty:
  /// units are not divided.
  std::function<arrow::Status(size_t table, const WorkUnit& unit,
                              const std::vector<WorkUnit>& parts)>
      on_divided;
  /// Table number `table` needs nothing more: OK, or why it ended. The coordinator may commit it at
  /// once.
  std::function<void(size_t table, const arrow::Status& status)> on_table_end;
  /// Nothing is left to read, the snapshot is released if it is to be; the calls of on_table_end
  /// that follow are the last. On the same thread as those. May be empty.
  std::function<void()> on_all_read;
};

struct ExecuteSummary {
  int workers = 0;            ///< Most workers at once; who never had a session does not count.
  double wall_seconds = 0;    ///< Of the extraction.
  double unit_seconds = 0;    ///< Sum over units of the time that a worker spent on them, writing
                              ///< included, waiting for a further attempt not.
  double worker_seconds = 0;  ///< Sum over workers of the time that they were there: workers × wall
                              ///< where their number did not change.
  int64_t retries = 0;

  /// Of one run after another: what a further epoch took.
  void Add(const ExecuteSummary& later) {
    workers = std::max(workers, later.workers);
    wall_seconds += later.wall_seconds;
    unit_seconds += later.unit_seconds;
    worker_seconds += later.worker_seconds;
    retries += later.retries;
  }
  /// Unit time / worker time, 0 to 1.
  double utilisation() const { return worker_seconds <= 0 ? 0 : unit_seconds / worker_seconds; }
};

/// What every engine needs of the process that it runs in.
struct ExecuteContext {
  Snapshot& snapshot;
  Destination& destination;
  Observer& observer;
  Progress& progress;
};

class Engine {
 public:
  virtual ~Engine() = default;

  virtual std::string name() const = 0;

  /// Extracts `tables`, each from its units to its receipts. Blocks. A table's outcome goes to
  /// on_table_end: kSnapshotLostCode if the snapshot died, kTableLostCode if it did for this table
  /// alone (both after all others), kInterruptedCode if `stop` was stopped. Never throws, never
  /// fails as a whole.
  virtual ExecuteSummary Execute(std::span<const TableWork> tables, const ExecuteOptions& options,
                                 const ExecuteContext& context, const ExecuteCallbacks& callbacks,
                                 std::stop_token stop) = 0;
};

}  // namespace headrace
