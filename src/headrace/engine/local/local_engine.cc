#include "headrace/engine/local/local_engine.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "headrace/engine/local/work_queue.h"
#include "headrace/engine/local/worker.h"

namespace headrace {
namespace {

/// No more workers than units; never none.
int WorkersFor(std::span<const TableWork> tables, const ExecuteOptions& options) {
  size_t units = 0;
  for (const TableWork& table : tables) units += table.units.size();
  const int most = std::max(1, std::min(options.initial_workers, options.max_workers));
  return static_cast<int>(std::clamp<size_t>(units, 1, static_cast<size_t>(most)));
}

#ifdef HEADRACE_ROUND_TRIP_UNITS
/// Every unit through its serialised form, as an engine on other machines sends it. A difference is
/// a bug that must show here.
arrow::Result<std::vector<TableWork>> RoundTrip(std::span<const TableWork> tables) {
  std::vector<TableWork> copies(tables.begin(), tables.end());
  for (TableWork& table : copies) {
    for (WorkUnit& unit : table.units) {
      ARROW_ASSIGN_OR_RAISE(WorkUnit parsed, ParseWorkUnit(SerializeWorkUnit(unit, table.plan)));
      if (!(parsed == unit)) {
        return BugError("unit " + unit.id + " changed on its way through its serialised form");
      }
      unit = std::move(parsed);
    }
  }
  return copies;
}
#endif

void ReportEnds(WorkQueue& queue, const ExecuteCallbacks& callbacks) {
  while (const auto end = queue.WaitForTableEnd()) callbacks.on_table_end(end->table, end->status);
}

ExecuteSummary Summarise(const std::deque<Worker>& workers,
                         std::chrono::steady_clock::time_point start) {
  ExecuteSummary summary;
  summary.workers = static_cast<int>(workers.size());
  for (const Worker& worker : workers) {
    summary.wall_seconds = std::max(
        summary.wall_seconds, std::chrono::duration<double>(worker.ended_at() - start).count());
    summary.unit_seconds += worker.unit_seconds();
    summary.retries += worker.retries();
  }
  return summary;
}

ExecuteSummary ExecuteOnThreads(std::span<const TableWork> tables, const ExecuteOptions& options,
                                const ExecuteContext& context, const ExecuteCallbacks& callbacks,
                                const std::stop_token& stop) {
  const auto start = std::chrono::steady_clock::now();
  WorkQueue queue(tables, options.retries);
  const std::stop_callback interrupt(stop, [&queue] {
    queue.FailAll(TransientError("interrupted", std::string(kInterruptedCode)));
  });
  const int worker_count = WorkersFor(tables, options);
  context.progress.SetWorkers(worker_count);
  WorkerCount count(worker_count);
  const WorkerShared shared{tables, options, context, callbacks, queue, count};
  std::deque<Worker> workers;  // a deque: threads hold references
  {
    std::vector<std::jthread> threads;
    for (int number = 0; number < worker_count; ++number) {
      Worker& worker = workers.emplace_back(number, shared, stop);
      threads.emplace_back([&worker] { worker.Run(); });
    }
    ReportEnds(queue, callbacks);
  }
  return Summarise(workers, start);
}

}  // namespace

ExecuteSummary LocalEngine::Execute(std::span<const TableWork> tables,
                                    const ExecuteOptions& options, const ExecuteContext& context,
                                    const ExecuteCallbacks& callbacks, std::stop_token stop) {
#ifdef HEADRACE_ROUND_TRIP_UNITS
  const auto copies = RoundTrip(tables);
  if (!copies.ok()) {
    for (size_t table = 0; table < tables.size(); ++table) {
      callbacks.on_table_end(table, copies.status());
    }
    return {};
  }
  return ExecuteOnThreads(*copies, options, context, callbacks, stop);
#else
  return ExecuteOnThreads(tables, options, context, callbacks, stop);
#endif
}

}  // namespace headrace
