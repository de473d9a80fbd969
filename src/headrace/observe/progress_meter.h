#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "headrace/observe/progress.h"

namespace headrace {

/// What a reading means at the moment it was taken.
struct ProgressFigures {
  double rows_per_second = 0;  ///< Over the last seconds, not the whole run.
  double bytes_per_second = 0;
  std::optional<double>
      share;  ///< Done of all, 0 to 1: by rows where they are known, else by units.
  std::optional<double> seconds_left;  ///< At the present speed. Absent until there is one.
};

/// Turns readings, taken one after another, into speeds and the time left. Used by one thread.
class ProgressMeter {
 public:
  ProgressFigures Take(const ProgressReading& reading);

 private:
  struct Sample {
    double seconds = 0;
    int64_t rows = 0;
    int64_t bytes = 0;
    int64_t units = 0;
  };

  std::deque<Sample> samples_;  ///< Of the last kRateWindowSeconds, the oldest first.
};

}  // namespace headrace
