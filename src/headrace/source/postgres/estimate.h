#pragma once

#include <span>
#include <string>

#include "headrace/client/postgres/connection.h"
#include "headrace/model/description.h"
#include "headrace/model/error.h"
#include "headrace/model/statistics.h"

namespace headrace {

/// Rows, bytes, row width and the spread of integer columns: from the catalogue where the table was
/// analysed, else from a few of its pages; from the server's own plan for views and queries.
/// `columns` are those that will be read.
arrow::Result<Statistics> EstimateRelation(PgConnection& connection, const Description& description,
                                           std::span<const std::string> columns);

}  // namespace headrace
