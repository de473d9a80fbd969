#include "headrace/engine/local/local_engine.h"

#include <utility>
#include <vector>

#include "headrace/engine/local/round_trip.h"
#include "headrace/engine/local/work_queue.h"
#include "headrace/engine/local/worker_pool.h"

namespace headrace {
namespace {

#ifdef HEADRACE_ROUND_TRIP_UNITS
arrow::Result<std::vector<TableWork>> RoundTripAll(std::span<const TableWork> tables) {
  std::vector<TableWork> copies(tables.begin(), tables.end());
  for (TableWork& table : copies) {
    for (WorkUnit& unit : table.units) {
      ARROW_ASSIGN_OR_RAISE(unit, RoundTrip(unit, table.plan));
    }
  }
  return copies;
}
#endif

/// What was read under a lost snapshot will be read again under the next one.
void TakeBackLost(const TableEnd& end, const WorkerPool& pool, Progress& progress) {
  if (!NeedsNewSnapshot(end.status)) return;
  const TableTally& tally = pool.tally(end.table);
  progress.TakeBackUnits(tally.units, tally.rows, tally.bytes);
}

/// A table that ends while others are read is reported at once, unless it is to be read again under
/// another snapshot: that waits for the others, and for workers that are still at it. When nothing
/// is left to read, the snapshot goes first: a commit may take long, and others wait for what the
/// snapshot holds.
void ReportEnds(WorkQueue& queue, WorkerPool& pool, const ExecuteCallbacks& callbacks,
                Progress& progress) {
  bool released = false;
  std::vector<TableEnd> again;
  while (auto end = queue.WaitForTableEnd()) {
    if (!released && queue.AllEnded()) {
      pool.WaitForRelease();
      released = true;
      if (callbacks.on_all_read) callbacks.on_all_read();
    }
    if (NeedsNewSnapshot(end->status)) {
      again.push_back(*std::move(end));
    } else {
      callbacks.on_table_end(end->table, end->status);
    }
  }
  for (const TableEnd& end : again) {
    TakeBackLost(end, pool, progress);
    callbacks.on_table_end(end.table, end.status);
  }
}

ExecuteSummary ExecuteOnThreads(std::span<const TableWork> tables, const ExecuteOptions& options,
                                const ExecuteContext& context, const ExecuteCallbacks& callbacks,
                                const EngineClock& clock, const std::stop_token& stop) {
  WorkQueue queue(tables, options.retries);
  const std::stop_callback interrupt(stop, [&queue] { queue.FailAll(InterruptedError()); });
  WorkerPool pool(tables, options, context, callbacks, queue, clock, stop);
  pool.Start();
  ReportEnds(queue, pool, callbacks, context.progress);
  pool.WaitForRelease();
  return pool.Summarise();
}

}  // namespace

ExecuteSummary LocalEngine::Execute(std::span<const TableWork> tables,
                                    const ExecuteOptions& options, const ExecuteContext& context,
                                    const ExecuteCallbacks& callbacks, std::stop_token stop) {
#ifdef HEADRACE_ROUND_TRIP_UNITS
  const auto copies = RoundTripAll(tables);
  if (!copies.ok()) {
    for (size_t table = 0; table < tables.size(); ++table) {
      callbacks.on_table_end(table, copies.status());
    }
    return {};
  }
  return ExecuteOnThreads(*copies, options, context, callbacks, *clock_, stop);
#else
  return ExecuteOnThreads(tables, options, context, callbacks, *clock_, stop);
#endif
}

}  // namespace headrace
