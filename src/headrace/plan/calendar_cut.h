#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "headrace/plan/distribution.h"

namespace headrace {

/// How many rows are thought to lie when. Times are microseconds since 1970.
struct TimeSpread {
  const Distribution& values;
  double rows = 0;         ///< Spread as `values` tells.
  double rows_before = 0;  ///< Before all that int64 holds: −infinity.
  double rows_after = 0;   ///< After it: infinity.
  int64_t first = 0;       ///< The least and the greatest time known, 14 days or more within int64.
  int64_t last = 0;
};

/// A range of time, which ends where the next one starts.
struct TimeRange {
  int64_t start = 0;  ///< Begins a step. Of the first range it means nothing.
  double rows = 0;
  size_t step = 0;  ///< The shortest step in it: 0 is a week, 3 are 15 minutes.
};

/// Cuts time into ranges that begin and end with steps of the calendar: weeks, which begin on
/// Monday, or days where most weeks hold more than `rows_per_range`. A week or day that holds far
/// more (IsTooFull) falls into days or hours, an hour that holds more into quarters, hours and
/// quarters together so many that they hold about as much. Steps with next to nothing in them go
/// with their neighbours. Dates stop at days. At least one range.
std::vector<TimeRange> CutByCalendar(const TimeSpread& spread, bool is_date, double rows_per_range);

/// "weeks", "days, hours and 15 minutes" …: what ranges are made of.
std::string StepsText(const std::vector<TimeRange>& ranges);

}  // namespace headrace
