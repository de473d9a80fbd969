#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "headrace/config/job.h"
#include "headrace/journal/journal.h"
#include "headrace/model/error.h"
#include "headrace/model/table_plan.h"
#include "headrace/run/table_history.h"
#include "headrace/source/source.h"

/// A backfill: a run for a range of the cursor that the person who calls it has named, which leaves
/// the watermark where it is.
namespace headrace {

/// Code of the error that says that the range itself cannot be loaded, whoever tries again (class
/// user).
inline constexpr std::string_view kBackfillRangeCode = "backfill_range";

/// Makes a backfill of a run of the tables that `only` names, of all if it is empty. Such a run is
/// continued by the same range alone: to the journal it is another job. Errors of class user for a
/// table that is not in transactional mode; of a job with patterns GiveBackfill says it.
arrow::Status SetBackfill(const BackfillRange& range, const std::vector<std::string>& only,
                          Job& job);

/// Gives the range of a backfill to the tables of `job` that `only` names; of another run none.
/// Errors as above. For who has listed the tables of a job.
arrow::Status GiveBackfill(const std::vector<std::string>& only, Job& job);

/// Was `run` a backfill? Its range is a part of what the journal knows of its job.
bool IsBackfill(const JournalRun& run);

/// Fills in `plan.cursor` and `plan.filter.window` of a table with a backfill, whose history has
/// all commits. Errors of class user where its bounds are no values of the cursor, where rows of it
/// are in the table already, and where the runs to come would load them.
arrow::Status PlanBackfill(const TableJob& job, const Column& column, const TableHistory& history,
                           const CursorBound& bound, TablePlan& plan);

}  // namespace headrace
