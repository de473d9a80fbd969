#pragma once

#include <string>

#include "headrace/run/job_plan.h"

namespace headrace {

/// How much of a plan to show.
struct PlanTextOptions {
  size_t width = 100;
  bool all_units = false;
};

/// The plan of a job for people: per table how and why it is cut, the estimate, the mapping of
/// columns, units, warnings.
std::string PlanText(const JobPlan& plan, const PlanTextOptions& options);

}  // namespace headrace
