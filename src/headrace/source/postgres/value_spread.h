#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "headrace/model/description.h"
#include "headrace/model/statistics.h"

namespace headrace {

/// How the values of an integer, date or timestamp column lie, as ColumnStatistics has it. Shares
/// are of all rows.
struct ValueSpread {
  double null_share = 0;
  double share_before = 0;  ///< Of times before all that int64 holds, and after it.
  double share_after = 0;
  std::vector<int64_t> histogram;
  std::vector<CommonValue> common;  ///< Of times alone; of integers they are in the histogram.
};

/// From what pg_stats says: the most common values, their shares, and bounds of equal depth over
/// the others, each an array in text form.
ValueSpread SpreadOfStatistics(const Column& column, double null_share,
                               std::string_view common_values, std::string_view common_shares,
                               std::string_view bounds);

/// From bounds of equal depth over all values of a sample, an array in text form: a value that many
/// rows have is there several times.
ValueSpread SpreadOfSample(const Column& column, double null_share, std::string_view bounds);

}  // namespace headrace
