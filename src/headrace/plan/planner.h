#pragma once

#include <string>
#include <vector>

#include "headrace/model/capabilities.h"
#include "headrace/model/description.h"
#include "headrace/model/error.h"
#include "headrace/model/statistics.h"
#include "headrace/model/work_unit.h"

namespace headrace {

/// What the job says about cutting one table.
struct PlanKnobs {
  Strategy strategy = Strategy::kAuto;
  std::string column;  ///< Split column wanted by the job; empty: the planner's choice.
  int64_t target_rows = 50'000;
  int64_t target_bytes = 16LL << 20;
  bool strict = false;  ///< A wanted strategy that does not fit is an error instead of one unit and
                        ///< a warning.
  bool filtered = false;  ///< The job has a `where`: estimates are upper bounds.
  bool windowed = false;  ///< A window of a cursor is read: likewise, unless it is cut by it.
  std::string unwanted_nulls = {};  ///< A column whose NULL rows no unit has to hold, whatever the
                                    ///< table is cut by; empty: none.
};

/// How one table is cut, and why.
struct Partitioning {
  Strategy strategy = Strategy::kNone;
  std::string column;  ///< That it is cut by; empty: none.
  std::string why;     ///< One sentence.
  std::vector<std::string> warnings;
  std::vector<WorkUnit> units;  ///< At least one; together they hold every row exactly once,
                                ///< whatever the statistics say.
};

/// Cuts a table into work units. Pure: no I/O, the same arguments give the same units. Errors of
/// class user where the job wants what cannot be and `strict` is set, or names a column that is not
/// there.
arrow::Result<Partitioning> PlanUnits(const Description& description, const Statistics& statistics,
                                      const Capabilities& capabilities, const PlanKnobs& knobs,
                                      const std::string& plan_id);

/// The columns that PlanUnits would cut the table by if their values were known, the best one
/// first; empty where it does not cut by values. For Snapshot::Estimate, which need not look at
/// others.
std::vector<std::string> SplitColumns(const Description& description,
                                      const Capabilities& capabilities, const PlanKnobs& knobs);

}  // namespace headrace
