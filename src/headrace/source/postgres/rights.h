#pragma once

#include <span>
#include <stop_token>

#include "headrace/client/postgres/connection.h"
#include "headrace/model/error.h"
#include "headrace/model/table_plan.h"
#include "headrace/source/postgres/transaction.h"
#include "headrace/source/source.h"

namespace headrace {

/// GRANT statements for what the current role lacks to read `tables` (Source::FindMissingRights).
/// `scope` sets row_security on; each table is looked at in one, which is taken back.
arrow::Result<MissingRights> FindPgMissingRights(PgConnection& connection,
                                                 const StatementScope& scope,
                                                 std::span<const WantedRead> tables,
                                                 const std::stop_token& stop);

/// The error of a missing right, with the columns of the plan that the role may not read where it
/// may read others of the table. In a transaction.
arrow::Status NameUnreadableColumns(PgConnection& connection, const TablePlan& plan,
                                    const arrow::Status& status, const std::stop_token& stop);

}  // namespace headrace
