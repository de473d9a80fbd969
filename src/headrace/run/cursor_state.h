#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "headrace/config/job.h"
#include "headrace/destination/destination.h"
#include "headrace/model/commit.h"
#include "headrace/model/error.h"
#include "headrace/run/coordinator.h"

/// The watermarks of a job, for people: what `headrace state` shows and changes.
namespace headrace {

/// How far a table in transactional mode has come.
struct TableCursor {
  std::string table;  ///< TableRef::label(); of a pattern whose tables are not known, its text.
  std::string column;
  /// Whose watermark it is; none: no run has left one. Or why that is not known.
  arrow::Result<std::optional<CommitRecord>> record;
};

/// Those of the job's tables in transactional mode, in the order of the job. The source is asked
/// only for what patterns in that mode stand for.
std::vector<TableCursor> ListCursors(const Job& job, Source& source, Destination& destination,
                                     std::stop_token stop);

/// Publishes a commit record of its own, without rows, so that the next run of `table` begins at
/// `watermark`, or without one as the first run did. Connects to the source, which knows the type
/// of the cursor. Errors of class user where the table is not in transactional mode, the watermark
/// is no value of its cursor, or a run of the job is unfinished. The caller holds the job's lock.
arrow::Result<CommitRecord> SetWatermark(const RunParts& parts, const std::string& table,
                                         const std::optional<std::string>& watermark,
                                         std::stop_token stop);

}  // namespace headrace
