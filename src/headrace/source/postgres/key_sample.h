#pragma once

#include <vector>

#include "headrace/model/description.h"
#include "headrace/model/error.h"
#include "headrace/model/statistics.h"
#include "headrace/source/postgres/estimate_query.h"

namespace headrace {

/// Whether the values of the column have an order that a sample tells and their text repeats:
/// texts, UUIDs and numerics.
bool HasKeyOrder(const Column& column);

/// Places all over the values of a column that has such an order, sorted by the server itself, from
/// rows of some pages of the table: what ColumnStatistics::keys wants. The server has compared them
/// as it will read them from a unit. Empty where they do not ascend then, where the server does not
/// answer within a few seconds or with an error, as where the role may not read them or the access
/// method has no samples, or the sample has none.
arrow::Result<std::vector<KeyBound>> SampleKeys(EstimateQueries& queries,
                                                const Description& description,
                                                const Column& column);

}  // namespace headrace
