#pragma once

#include <stop_token>
#include <string>

#include "headrace/client/postgres/connection.h"
#include "headrace/model/description.h"
#include "headrace/model/error.h"

namespace headrace {

/// Why the parts of the table that was described cannot be read one by one under `where`, the job's
/// condition; empty where they can. A part's virtual column may be computed otherwise than the
/// table's, which counts. Rows of a part that has other columns, or its columns in another order,
/// are of another type than the table's, and the condition may refer to the whole row.
arrow::Result<std::string> WhyUnpageable(PgConnection& connection, const Description& description,
                                         const std::string& where, const std::stop_token& stop);

}  // namespace headrace
