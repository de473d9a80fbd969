#include "headrace/engine/local/unit_watch.h"

#include <algorithm>
#include <utility>

#include "headrace/engine/local/worker_pool.h"
#include "headrace/plan/divide.h"

namespace headrace {
namespace {

constexpr double kPartsForEachReader = 4;

}  // namespace

UnitWatch::UnitWatch(const TableWork& table, const WorkUnit& unit, const WorkerShared& shared,
                     std::stop_token stop)
    : table_(table), unit_(unit), shared_(shared), stop_(std::move(stop)) {}

bool UnitWatch::IsToBeDivided(int64_t rows, int64_t bytes) {
  if (!shared_.callbacks.on_divided || !IsDivisible(unit_.split)) return false;
  if (!HasOutgrown(unit_, table_.unit_target, rows, bytes)) return false;
  const UnitLoad load{.read_rows = static_cast<double>(rows),
                      .waiting_rows = shared_.queue.waiting_rows(),
                      .workers = shared_.pool.readers()};
  if (!all_rows_ && rows >= next_look_ && PaysToLook(load)) Look(rows, bytes, load.workers);
  return !parts_.empty() && PaysToDivide(load, *all_rows_);
}

/// A source that cannot look just now is asked again when the unit has twice the rows.
void UnitWatch::Look(int64_t rows, int64_t bytes, int readers) {
  next_look_ = 2 * rows;
  const auto sample = shared_.context.snapshot.SampleUnit(table_.plan, unit_, stop_);
  if (!sample) return;
  all_rows_ = sample->rows;
  parts_ = DivideUnit(unit_, *sample, RowsOfPart(rows, bytes, readers));
}

/// By the width that the rows have turned out to have. No more parts than all workers need to end
/// at about the same time: where the rows lie in another order than that of the column, each part
/// costs the source as many pages as the whole unit.
double UnitWatch::RowsOfPart(int64_t rows, int64_t bytes, int readers) const {
  const double width =
      std::max(1.0, static_cast<double>(bytes) / std::max(1.0, static_cast<double>(rows)));
  const double wanted = std::min(static_cast<double>(table_.unit_target.rows),
                                 static_cast<double>(table_.unit_target.bytes) / width);
  return std::max(wanted, *all_rows_ / (kPartsForEachReader * readers));
}

}  // namespace headrace
