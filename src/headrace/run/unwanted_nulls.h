#pragma once

#include <stop_token>

#include "headrace/config/job.h"
#include "headrace/model/description.h"
#include "headrace/model/error.h"
#include "headrace/model/table_plan.h"
#include "headrace/source/source.h"

namespace headrace {

/// The column whose NULLs the job does not want (partition.nulls); null where it wants all rows, or
/// has none to fear. Lives in `description`.
const Column* UnwantedNulls(const TableJob& job, const Description& description);

/// Counts the rows of `plan` with NULL in `column`: a warning that says how many are left out, or
/// the error that the job wants of them, of class user.
arrow::Status CheckNullRows(const TableJob& job, const Column& column, Snapshot& snapshot,
                            std::stop_token stop, TablePlan& plan);

}  // namespace headrace
