#pragma once

#include <stop_token>

#include "headrace/client/sqlite/database.h"
#include "headrace/model/error.h"
#include "headrace/model/statistics.h"
#include "headrace/model/table_plan.h"
#include "headrace/model/work_unit.h"

namespace headrace::sqlite {

/// Where the rows of a range of integers lie, along the b-tree that orders them: as far as half a
/// second or so reaches; of those behind nothing is known. Of other units, or where there is no
/// b-tree, it has no values.
arrow::Result<UnitSample> SampleUnitRows(SqliteDatabase& database, const TablePlan& plan,
                                         const WorkUnit& unit, const std::stop_token& stop);

}  // namespace headrace::sqlite
