#pragma once

#include <stop_token>

#include "headrace/client/postgres/connection.h"
#include "headrace/model/error.h"
#include "headrace/model/table_ref.h"

namespace headrace {

/// The error of a table that the catalogue does not have: class user, SQLSTATE 42P01, with the
/// names that come next to it. Asks the server for those; without an answer they are left out.
arrow::Status NoSuchTable(PgConnection& connection, const TableRef& table,
                          const std::stop_token& stop);

/// The error of a read of `table` that found no such relation: NoSuchTable, or `cause`, which names
/// it, where the table is there and what it stands for is not, as on the server of a foreign table.
arrow::Status ExplainMissing(PgConnection& connection, const TableRef& table,
                             const arrow::Status& cause, const std::stop_token& stop);

}  // namespace headrace
