#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "headrace/model/statistics.h"

namespace headrace {

/// Equi-depth bounds of all rows that are not NULL, from what pg_stats keeps apart: the most common
/// values, and bounds of equal depth over the others, which have `rest_share` of the rows. Empty
/// where there is nothing to go by.
std::vector<int64_t> MergeHistogram(const std::vector<CommonValue>& common,
                                    const std::vector<int64_t>& bounds, double rest_share);

/// The numbers of an array in text form, `{1,2,3}`; empty where one of them is no integer.
std::vector<int64_t> ParseIntegerArray(std::string_view text);
std::vector<double> ParseNumberArray(std::string_view text);

}  // namespace headrace
