#pragma once

#include "headrace/model/error.h"
#include "headrace/model/table_plan.h"
#include "headrace/model/work_unit.h"

namespace headrace {

/// The unit as it is after its serialised form, in which an engine on other machines sends it. A
/// difference is an error of class bug. In builds for tests every unit goes this way
/// (HEADRACE_ROUND_TRIP_UNITS); in others it is the unit itself.
arrow::Result<WorkUnit> RoundTrip(const WorkUnit& unit, const TablePlan& plan);

}  // namespace headrace
