#pragma once

#include <stop_token>

#include "headrace/client/postgres/connection.h"
#include "headrace/model/error.h"
#include "headrace/source/postgres/transaction.h"

namespace headrace {

/// Whether the limits of the role and the database allow a second connection: a run has one for its
/// snapshot, and one more for each worker. An error of class user if not; what the server does not
/// tell is none.
arrow::Status CheckPgConnectionLimits(PgConnection& connection, const StatementScope& scope,
                                      const std::stop_token& stop);

}  // namespace headrace
