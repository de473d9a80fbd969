#include "headrace/run/cursor_zone.h"

#include <arrow/type.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include "headrace/model/civil_time.h"
#include "headrace/run/cursor_window.h"

namespace headrace {
namespace {

/// Whether the greatest value is a time of day that can be compared with the clock, and is known:
/// statistics, and samples, may have missed it.
bool ShowsItsZone(const TablePlan& plan) {
  const Column* described = plan.description.FindColumn(plan.cursor->column);
  const ColumnStatistics* known = IndexedCursor(plan);
  return described->type->id() == arrow::Type::TIMESTAMP && plan.cursor->now && known != nullptr &&
         known->maximum;
}

/// To look for the greatest value without an index would take a pass over the table.
void WarnOfUncheckedZone(const TableJob& job, TablePlan& plan) {
  if (!plan.cursor->is_first || !job.load.cursor_timezone.empty()) return;
  const std::string name = '"' + plan.cursor->column + '"';
  plan.warnings.push_back(
      name + " has no time zone and is taken to be in " + plan.cursor->timezone +
      ", that of the role. This was not compared with its values, which only an "
      "indexed timestamp allows: in another zone rows are lost. "
      "load.cursor_timezone says for good which one it is");
}

/// How far a value is from those that rows are written with now; negative: behind. Where the clock
/// of a zone was set back, those that were written before are ahead, and no sign of another zone.
double AheadOfNow(const CursorPlan& cursor, int64_t value) {
  const int64_t newest = std::max(*cursor.now, cursor.newest.value_or(*cursor.now));
  return static_cast<double>(value) - static_cast<double>(std::clamp(value, *cursor.now, newest));
}

}  // namespace

/// A zone that is not the column's moves the watermark by hours, and loses the rows between: what
/// is written now is hours away. A table that is quiet looks so too, behind: that is said of the
/// first window alone.
void WarnOfZone(const TableJob& job, TablePlan& plan) {
  if (plan.cursor->timezone.empty()) return;
  if (!ShowsItsZone(plan)) return WarnOfUncheckedZone(job, plan);
  const int64_t greatest = *plan.statistics.columns.at(plan.cursor->column).maximum;
  constexpr int64_t kWorthSaying = int64_t{15} * 60 * kMicrosPerSecond;
  constexpr int64_t kZonesApart = int64_t{26} * 60 * 60 * kMicrosPerSecond;
  const double ahead = AheadOfNow(*plan.cursor, greatest);
  const bool is_quiet = ahead < 0 && !plan.cursor->is_first;
  if (std::abs(ahead) <= kWorthSaying || std::abs(ahead) > kZonesApart || is_quiet) return;
  plan.warnings.push_back("the greatest \"" + plan.cursor->column + "\" is " + IsoTime(greatest) +
                          ", more than 15 minutes from now, " + IsoTime(*plan.cursor->now) + " (" +
                          plan.cursor->about +
                          "): if the column is in another time zone, load.cursor_timezone must say "
                          "so, or rows are lost");
}

}  // namespace headrace
