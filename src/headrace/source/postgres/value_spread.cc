#include "headrace/source/postgres/value_spread.h"

#include <algorithm>
#include <utility>

#include "headrace/model/civil_time.h"
#include "headrace/source/postgres/integer_histogram.h"
#include "headrace/source/postgres/time_text.h"

namespace headrace {
namespace {

/// The elements of an array in text form as numbers.
std::vector<int64_t> ParseValues(const Column& column, std::string_view array) {
  return IsTimeType(*column.type) ? ParseTimeArray(array) : ParseIntegerArray(array);
}

/// Infinity, and what int64 does not hold, is no place in a histogram: those that are common are
/// counted by themselves.
void FillTimes(const std::vector<CommonValue>& common, std::vector<int64_t> bounds,
               ValueSpread& spread) {
  for (const CommonValue& value : common) {
    if (value.value == kFarPast) {
      spread.share_before += value.share;
    } else if (value.value == kFarFuture) {
      spread.share_after += value.share;
    } else {
      spread.common.push_back(value);
    }
  }
  std::erase_if(bounds, [](int64_t bound) { return bound == kFarPast || bound == kFarFuture; });
  spread.histogram = std::move(bounds);
}

}  // namespace

ValueSpread SpreadOfStatistics(const Column& column, double null_share,
                               std::string_view common_values, std::string_view common_shares,
                               std::string_view bounds) {
  ValueSpread spread{.null_share = null_share};
  const std::vector<int64_t> values = ParseValues(column, common_values);
  const std::vector<double> shares = ParseNumberArray(common_shares);
  std::vector<CommonValue> common;
  double rest = 1 - null_share;
  for (size_t k = 0; k < std::min(values.size(), shares.size()); ++k) {
    common.push_back({values[k], shares[k]});
    rest -= shares[k];
  }
  std::vector<int64_t> others = ParseValues(column, bounds);
  if (IsTimeType(*column.type)) {
    FillTimes(common, std::move(others), spread);
  } else {
    spread.histogram = MergeHistogram(common, others, std::max(rest, 0.0));
  }
  return spread;
}

/// Between two bounds lies one part of the rows, so that a value which is several of them has one
/// part less.
ValueSpread SpreadOfSample(const Column& column, double null_share, std::string_view bounds) {
  ValueSpread spread{.null_share = null_share};
  std::vector<int64_t> values = ParseValues(column, bounds);
  if (!IsTimeType(*column.type)) {
    spread.histogram = std::move(values);
    return spread;
  }
  const double part =
      (1 - null_share) / std::max<double>(1, static_cast<double>(values.size()) - 1);
  std::vector<CommonValue> common;
  std::vector<int64_t> distinct;
  for (auto first = values.begin(); first != values.end();) {
    const auto next = std::find_if(first, values.end(), [&](int64_t v) { return v != *first; });
    const auto times = static_cast<double>(next - first);
    if (times > 1) common.push_back({*first, (times - 1) * part});
    distinct.push_back(*first);
    first = next;
  }
  FillTimes(common, std::move(distinct), spread);
  return spread;
}

}  // namespace headrace
