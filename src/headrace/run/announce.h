#pragma once

#include <cstdint>
#include <string>

#include "headrace/config/job.h"
#include "headrace/observe/event.h"
#include "headrace/run/job_plan.h"

namespace headrace {

/// Logs how a table is cut: estimate, strategy, units, rows per unit, three sample units.
void AnnounceTable(const PlannedTable& table, const std::string& run, Observer& observer);

struct RunBanner {
  std::string run;
  int64_t units = 0;
  int workers = 0;
  int max_workers = 0;
};

/// Logs what a run is about to do: units, source, destination, write modes, workers.
void AnnounceRun(const JobPlan& plan, const RunBanner& banner, Observer& observer);

}  // namespace headrace
