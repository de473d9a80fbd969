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

/// Counts the rows that the job wants of `planned` into TablePlan::source_rows. Without a snapshot
/// there is nothing that they could be compared with: a warning of the plan. Reads the table once.
/// Errors: those of Snapshot::CountRows, with the table's name.
arrow::Status CountSource(Snapshot& snapshot, std::stop_token stop, PlannedTable& planned);

/// OK if `receipts`, which cover the units of `work`, hold as many rows as the source counted, or
/// it counted none. Else an error that names the first units whose rows the source counts
/// differently, with the range that each reads, for which it counts units, a thousand at most: of
/// class bug, or user where the table is a view, a query or lies on another server, which need not
/// yield the same rows twice.
arrow::Status CompareWithSource(const TableWork& work, std::span<const Receipt> receipts,
                                Snapshot& snapshot, const std::stop_token& stop);

}  // namespace headrace
