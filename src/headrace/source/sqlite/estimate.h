#pragma once

#include <cstdint>
#include <stop_token>

#include "headrace/client/sqlite/database.h"
#include "headrace/model/description.h"
#include "headrace/model/error.h"
#include "headrace/model/statistics.h"
#include "headrace/source/source.h"

namespace headrace::sqlite {

/// Files below this are counted: a count(*) reads them within a fraction of a second.
inline constexpr int64_t kCountedFileBytes = 256LL << 20;

/// Row count of a table: from ANALYZE (sqlite_stat1) where it was run; by count(*) where the file
/// is small; else -1.
arrow::Result<Statistics> EstimateRows(SqliteDatabase& database, const Description& description);

/// Everything Snapshot::Estimate promises. Large files that were never analysed are judged by how
/// dense their rowids lie, and no higher than by their pages over the width of a sampled row. Views
/// and queries are counted if that takes a bounded effort. Of `request.split_columns` dates and
/// timestamps are sampled, and integers that an index orders.
arrow::Result<Statistics> EstimateRelation(SqliteDatabase& database, const Description& description,
                                           const EstimateRequest& request,
                                           const std::stop_token& stop);

}  // namespace headrace::sqlite
