#pragma once

#include <string>

#include "headrace/config/job.h"
#include "headrace/observe/event.h"
#include "headrace/run/job_plan.h"

namespace headrace {

/// Logs how a table is cut: estimate, strategy, units, rows per unit, three sample units.
void AnnounceTable(const PlannedTable& table, const std::string& run, Observer& observer);

/// Logs what a run is about to do: units, source, destination, write modes, workers.
void AnnounceRun(const JobPlan& plan, const std::string& run, int workers, Observer& observer);

}  // namespace headrace
