#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "headrace/config/job.h"
#include "headrace/destination/destination.h"
#include "headrace/model/commit.h"
#include "headrace/model/error.h"
#include "headrace/model/table_plan.h"
#include "headrace/source/source.h"

/// Which rows a run of a table in transactional mode loads: [watermark, bound).
///
/// The watermark lies with the data, in the commit record of the last run of the job that had the
/// same cursor, and moves with the commit alone. The bound is the source's
/// (Snapshot::FindCursorBound). So a row is in one window, whenever it is committed.
namespace headrace {

/// What the destination says of a table before it is planned.
struct TableHistory {
  std::optional<CommitRecord> last;         ///< Its last commit, whoever made it.
  std::optional<CommitRecord> last_cursor;  ///< The job's last one with the cursor.
  /// The same before clock and sequence of the source were looked at: another process of the job
  /// may have come between.
  std::optional<CommitRecord> last_cursor_before;

  /// The commit whose watermark the window begins at, or null: the window is a first one.
  const CommitIntent* last_window() const {
    const bool has_one = last_cursor.has_value() && last_cursor->intent.watermark.has_value();
    return has_one ? &last_cursor->intent : nullptr;
  }
};

/// Code of the error that says that rows which are written now are never loaded (class user): it
/// must not go away because the source has come past the watermark by the next try.
inline constexpr std::string_view kBehindWatermarkCode = "behind_watermark";

/// The job's last commit of `table` with the cursor, to be read before the snapshot is opened; none
/// in catalog mode.
arrow::Result<std::optional<CommitRecord>> LastCursorOf(const Job& job, const TableJob& table,
                                                        Destination& destination);

/// Reads the history once the snapshot is open, where `before` is LastCursorOf; of a table in
/// catalog mode there is nothing to know.
arrow::Result<TableHistory> HistoryOf(const arrow::Result<std::optional<CommitRecord>>& before,
                                      const Job& job, const TableJob& table,
                                      Destination& destination);

/// What the source is asked for before the snapshot; none in catalog mode.
std::optional<CursorRequest> CursorRequestOf(const TableJob& table);

/// Fills in `plan.cursor` and `plan.filter.window` of a table in transactional mode, which is
/// described. Errors of class user where rows would be loaded twice or the job's values are none of
/// the cursor.
arrow::Status PlanWindow(const TableJob& job, const TableHistory& history, Snapshot& snapshot,
                         TablePlan& plan, std::stop_token stop);

/// No row can be in the window of `plan`.
bool HasEmptyWindow(const TablePlan& plan);

}  // namespace headrace
