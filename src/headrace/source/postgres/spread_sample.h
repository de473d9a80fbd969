#pragma once

#include <optional>

#include "headrace/model/description.h"
#include "headrace/model/error.h"
#include "headrace/source/postgres/estimate_query.h"
#include "headrace/source/postgres/value_spread.h"

namespace headrace {

/// How the values of an integer, date or timestamp column lie, by rows of some pages all over the
/// table: for one of which the catalogue knows nothing, or nothing that still holds. Looks at the
/// same pages each time. Nothing where the sample has no value, the server does not answer within a
/// few seconds, or answers with an error, as where the role may not read the column.
arrow::Result<std::optional<ValueSpread>> SampleSpread(EstimateQueries& queries,
                                                       const Description& description,
                                                       const Column& column);

}  // namespace headrace
