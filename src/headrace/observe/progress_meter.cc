#include "headrace/observe/progress_meter.h"

#include <algorithm>

namespace headrace {
namespace {

/// Long enough to be calm between two batches, short enough to show a source that slows down.
constexpr double kRateWindowSeconds = 10;

/// Estimates do not say that a run is done; its units do.
constexpr double kMostShareUnfinished = 0.99;

std::optional<double> ShareDone(const ProgressReading& reading) {
  if (reading.phase_rows_total > 0) {
    return static_cast<double>(reading.phase_rows) / static_cast<double>(reading.phase_rows_total);
  }
  if (reading.tables_total > 0) return std::nullopt;
  if (reading.units_total == 0) return std::nullopt;
  if (reading.units_done >= reading.units_total) return 1;
  const double by_units =
      static_cast<double>(reading.units_done) / static_cast<double>(reading.units_total);
  if (reading.estimated_rows <= 0) return by_units;
  const double by_rows =
      static_cast<double>(reading.rows) / static_cast<double>(reading.estimated_rows);
  return std::min(by_rows <= 1 ? by_rows : by_units, kMostShareUnfinished);
}

}  // namespace

ProgressFigures ProgressMeter::Take(const ProgressReading& reading) {
  const Sample now{reading.seconds, reading.rows, reading.bytes, reading.units_done};
  // A new epoch starts the clock again and keeps the rows of the tables that are published.
  if (!samples_.empty() && now.seconds < samples_.back().seconds) samples_ = {now};
  if (samples_.empty()) samples_.emplace_back();
  while (samples_.size() > 1 && samples_[1].seconds < now.seconds - kRateWindowSeconds) {
    samples_.pop_front();
  }
  const Sample& oldest = samples_.front();
  const double elapsed = now.seconds - oldest.seconds;

  ProgressFigures figures{.share = ShareDone(reading)};
  if (elapsed > 0) {
    figures.rows_per_second = std::max(0.0, static_cast<double>(now.rows - oldest.rows) / elapsed);
    figures.bytes_per_second =
        std::max(0.0, static_cast<double>(now.bytes - oldest.bytes) / elapsed);
    const double units_per_second = static_cast<double>(now.units - oldest.units) / elapsed;
    const auto rows_left = static_cast<double>(reading.estimated_rows - reading.rows);
    const bool done = reading.units_done >= reading.units_total;
    if (!done && rows_left > 0 && figures.rows_per_second > 0) {
      figures.seconds_left = rows_left / figures.rows_per_second;
    } else if (!done && rows_left <= 0 && units_per_second > 0) {
      figures.seconds_left =
          static_cast<double>(reading.units_total - reading.units_done) / units_per_second;
    }
  }
  samples_.push_back(now);
  return figures;
}

}  // namespace headrace
