#pragma once

#include "headrace/destination/bigquery/table_load.h"
#include "headrace/model/table_plan.h"

namespace headrace {

/// Gives the columns of `plan` what `load`, which was decided for them, makes of them: names and
/// types of the table, which values it holds, and notes. Columns that the table has not are left
/// out, so that nobody reads them.
void FitColumns(const TableLoad& load, TablePlan& plan);

/// How the table is published, for people; `staging` is where files lie before.
std::string IntoText(const TableLoad& load, const std::string& staging);

}  // namespace headrace
