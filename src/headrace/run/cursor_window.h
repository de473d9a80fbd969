#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "headrace/config/job.h"
#include "headrace/model/error.h"
#include "headrace/model/table_plan.h"
#include "headrace/run/table_history.h"
#include "headrace/source/source.h"

/// Which rows a run of a table in transactional mode loads: [watermark, bound).
///
/// The watermark lies with the data, in the commit record of the last run of the job that had the
/// same cursor, and moves with the commit alone. The bound is the source's
/// (Snapshot::FindCursorBound). So a row is in one window, whenever it is committed.
namespace headrace {

/// Code of the error that says that rows which are written now are never loaded (class user): it
/// must not go away because the source has come past the watermark by the next try.
inline constexpr std::string_view kBehindWatermarkCode = "behind_watermark";

/// Code of the error that says that rows are there whose end is no watermark of the job (class
/// user): somebody has to say where it begins.
inline constexpr std::string_view kNoWatermarkCode = "no_watermark";

/// Code of the error that says that the watermark is in another time zone than the cursor is read
/// in now (class user).
inline constexpr std::string_view kOtherZoneCode = "other_zone";

/// Whether running again helps only once somebody has said where the table's load goes on: one of
/// the codes above.
bool NeedsWatermark(const arrow::Status& error);

/// What the source is asked for before the snapshot; none in catalog mode.
std::optional<CursorRequest> CursorRequestOf(const TableJob& table);

/// Fills in `plan.cursor` and `plan.filter.window` of a table in transactional mode, which is
/// described. Errors of class user where rows would be loaded twice or the job's values are none of
/// the cursor.
arrow::Status PlanWindow(const TableJob& job, const TableHistory& history, Snapshot& snapshot,
                         TablePlan& plan, std::stop_token stop);

/// What commit records keep of the `where` that chose the rows below their watermark.
std::string WhereDigest(const TableJob& table);

/// The cursor's column as the statistics of `plan` have it, where an index leads to it; else null.
/// Lives in the plan.
const ColumnStatistics* IndexedCursor(const TablePlan& plan);

/// No row can be in the window of `plan`.
bool HasEmptyWindow(const TablePlan& plan);

}  // namespace headrace
