#include "headrace/engine/local/unit_watch.h"

#include <algorithm>
#include <utility>

#include "headrace/engine/local/worker_pool.h"
#include "headrace/plan/divide.h"

namespace headrace {

UnitWatch::UnitWatch(const TableWork& table, const WorkUnit& unit, const WorkerShared& shared,
                     std::stop_token stop)
    : table_(table), unit_(unit), shared_(shared), stop_(std::move(stop)) {}

bool UnitWatch::IsToBeDivided(int64_t rows, int64_t bytes) {
  if (!shared_.callbacks.on_divided || !IsDivisible(unit_.split)) return false;
  if (!HasOutgrown(unit_, table_.unit_target, rows, bytes)) return false;
  const int readers = shared_.pool.readers();
  if (readers < 2 || !HasPlaces(rows, bytes)) return false;
  return PaysToDivide({.read_rows = static_cast<double>(rows),
                       .rows = sample_->rows,
                       .waiting_rows = shared_.queue.waiting_rows(),
                       .workers = readers});
}

/// Of a source that cannot look just now it is asked again when the unit has twice the rows.
bool UnitWatch::HasPlaces(int64_t rows, int64_t bytes) {
  if (!sample_ && rows >= next_look_) {
    next_look_ = 2 * rows;
    sample_ = shared_.context.snapshot.SampleUnit(table_.plan, unit_, stop_);
    if (sample_) parts_ = DivideUnit(unit_, *sample_, RowsOfPart(rows, bytes));
  }
  return !parts_.empty();
}

/// By the width that the rows have turned out to have.
double UnitWatch::RowsOfPart(int64_t rows, int64_t bytes) const {
  const double width =
      std::max(1.0, static_cast<double>(bytes) / std::max(1.0, static_cast<double>(rows)));
  return std::min(static_cast<double>(table_.unit_target.rows),
                  static_cast<double>(table_.unit_target.bytes) / width);
}

}  // namespace headrace
