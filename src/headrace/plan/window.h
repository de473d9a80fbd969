#pragma once

#include "headrace/model/description.h"
#include "headrace/model/statistics.h"
#include "headrace/model/work_unit.h"

namespace headrace {

/// The statistics of those rows alone that lie in `window`, an IdRange or DateRange of a column, as
/// far as the statistics of the column tell: how many they are, and where its values lie. Those of
/// other columns, and all of them where nothing is known of the column, stay as they are.
Statistics StatisticsInWindow(const Description& description, Statistics statistics,
                              const Split& window);

}  // namespace headrace
