#pragma once

#include <cstdint>

#include "headrace/model/statistics.h"

namespace headrace::sqlite {

/// What a look at the values of one column says of them.
struct ColumnSample {
  ColumnStatistics statistics;
  int64_t counted = 0;  ///< Rows that were seen one by one; the table has at least as many.
};

}  // namespace headrace::sqlite
