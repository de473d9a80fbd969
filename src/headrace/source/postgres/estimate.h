#pragma once

#include "headrace/model/description.h"
#include "headrace/model/error.h"
#include "headrace/model/statistics.h"
#include "headrace/source/postgres/estimate_query.h"
#include "headrace/source/source.h"

namespace headrace {

/// Rows, bytes, row width and the spread of integer, date and timestamp columns: from the catalogue
/// where the table was analysed, else from a few of its pages, or their number; from the server's
/// own plan for views and queries. Reads no column that the role has no right to: what it may not
/// know stays unknown.
arrow::Result<Statistics> EstimateRelation(EstimateQueries& queries, const Description& description,
                                           const EstimateRequest& request);

}  // namespace headrace
