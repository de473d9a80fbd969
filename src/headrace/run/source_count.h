#pragma once

#include <span>
#include <stop_token>

#include "headrace/model/error.h"
#include "headrace/model/receipt.h"
#include "headrace/run/engine.h"
#include "headrace/run/job_plan.h"
#include "headrace/source/source.h"

/// `verify: source`: what no unit has read no receipt can miss, so the source itself counts the
/// rows of each table, under the snapshot of the run.
namespace headrace {

/// Without a snapshot there is nothing that rows could be compared with: a warning of `plan`.
void WarnIfIncomparable(TablePlan& plan);

/// Counts the rows that the job wants of `planned` into TablePlan::source_rows; where they are
/// incomparable, only warns. Reads the table once.
/// Errors: those of Snapshot::CountRows, with the table's name.
arrow::Status CountSource(Snapshot& snapshot, std::stop_token stop, PlannedTable& planned);

/// OK if `receipts`, which cover the units of `work`, hold as many rows as the source counted, or
/// it counted none. Else an error that names the first units whose rows the source counts
/// differently, with the range that each reads, for which it counts units, a thousand at most: of
/// class bug, or user where the rows need not be the same twice, as those of a view, a query, of
/// another server, under a condition of the job or under row security.
arrow::Status CompareWithSource(const TableWork& work, std::span<const Receipt> receipts,
                                Snapshot& snapshot, const std::stop_token& stop);

}  // namespace headrace
