#include "headrace/engine/local/round_trip.h"

namespace headrace {

#ifdef HEADRACE_ROUND_TRIP_UNITS
arrow::Result<WorkUnit> RoundTrip(const WorkUnit& unit, const TablePlan& plan) {
  ARROW_ASSIGN_OR_RAISE(WorkUnit parsed, ParseWorkUnit(SerializeWorkUnit(unit, plan)));
  if (parsed == unit) return parsed;
  return BugError("unit " + unit.id + " changed on its way through its serialised form");
}
#else
arrow::Result<WorkUnit> RoundTrip(const WorkUnit& unit, const TablePlan& /*plan*/) { return unit; }
#endif

}  // namespace headrace
