#pragma once

#include <optional>
#include <vector>

#include "headrace/config/job.h"
#include "headrace/destination/destination.h"
#include "headrace/model/commit.h"
#include "headrace/model/error.h"

namespace headrace {

/// What the destination says of a table before it is planned.
struct TableHistory {
  std::optional<CommitRecord> last;         ///< Its last commit, whoever made it.
  std::optional<CommitRecord> last_cursor;  ///< The job's last one with the cursor.
  /// The same before clock and sequence of the source were looked at: another process of the job
  /// may have come between.
  std::optional<CommitRecord> last_cursor_before;

  std::vector<CommitRecord> all;  ///< Its commits; only read for a backfill.

  /// The commit whose watermark the window begins at, or null: the window is a first one.
  const CommitIntent* last_window() const {
    const bool has_one = last_cursor.has_value() && last_cursor->intent.watermark.has_value();
    return has_one ? &last_cursor->intent : nullptr;
  }
};

/// The job's last commit of `table` with the cursor, to be read before the snapshot is opened; none
/// in catalog mode.
arrow::Result<std::optional<CommitRecord>> LastCursorOf(const Job& job, const TableJob& table,
                                                        Destination& destination);

/// Reads the history once the snapshot is open, where `before` is LastCursorOf; of a table in
/// catalog mode there is nothing to know.
arrow::Result<TableHistory> HistoryOf(const arrow::Result<std::optional<CommitRecord>>& before,
                                      const Job& job, const TableJob& table,
                                      Destination& destination);

}  // namespace headrace
