#include "headrace/run/execute_options.h"

#include <algorithm>

namespace headrace {

ExecuteOptions ExecuteOptionsOf(const Job& job, int cores) {
  ExecuteOptions options{.initial_workers = 1,
                         .max_workers = 1,
                         .retries = job.retries,
                         .worker_memory = job.worker_memory,
                         .keep_snapshot = job.verify == VerifyLevel::kSource};
  if (job.engine == EngineType::kSequential) return options;
  const WorkerSettings& workers = job.workers;
  options.initial_workers = workers.initial;
  const int cap = workers.max_written ? workers.max : std::min(workers.max, std::max(1, cores) + 1);
  options.max_workers = std::max(workers.initial, cap);
  return options;
}

}  // namespace headrace
