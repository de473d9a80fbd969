#pragma once

#include <iosfwd>

#include "headrace/run/job_plan.h"

namespace headrace {

/// Writes the machine-readable form of a plan: one JSON document, indented, with each unit on a
/// line of its own in the form of docs/format/work_unit.md. `headrace help plan` lists the keys.
/// Units go out one by one: the document of 100,000 of them never lies in memory. Bytes that are
/// not UTF-8 become U+FFFD.
void WritePlanJson(const JobPlan& plan, std::ostream& out);

}  // namespace headrace
