#include "headrace/plan/calendar_cut.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "headrace/model/civil_time.h"
#include "headrace/plan/size.h"

namespace headrace {
namespace {

struct Step {
  int64_t micros;
  int64_t origin;  ///< Where step 0 starts.
  std::string_view name;
};

constexpr size_t kWeek = 0;
constexpr size_t kDay = 1;
constexpr size_t kQuarterHour = 3;

constexpr std::array<Step, 4> kSteps = {{
    {7 * kMicrosPerDay, -3 * kMicrosPerDay, "weeks"},  // 1970 began on a Thursday.
    {kMicrosPerDay, 0, "days"},
    {kMicrosPerDay / 24, 0, "hours"},
    {kMicrosPerDay / 96, 0, "15 minutes"},
}};

/// Parts of what a range should hold: less is next to nothing, and more by so much is tolerated.
constexpr double kNextToNothing = 0.1;
constexpr double kMore = 1.25;
constexpr double kSlack = 1.1;

int64_t StartOf(size_t step, int64_t index) {
  return index * kSteps[step].micros + kSteps[step].origin;
}

/// The step that `time` lies in.
int64_t IndexOf(size_t step, int64_t time) {
  return FloorDivide(time - kSteps[step].origin, kSteps[step].micros);
}

/// Cuts one spread. Ranges of steps are halved until they hold next to nothing or are one step, so
/// that empty millennia cost nothing.
class CalendarCutter {
 public:
  CalendarCutter(const TimeSpread& spread, bool is_date, double rows_per_range)
      : spread_(spread), finest_(is_date ? kDay : kQuarterHour), wanted_(rows_per_range) {}

  std::vector<TimeRange> Cut() {
    const size_t step = AreMostTooFull(kWeek) ? kDay : kWeek;
    base_ = step;
    const int64_t first = IndexOf(step, spread_.first);
    const int64_t end = IndexOf(step, spread_.last) + 1;
    if (spread_.rows_before > 0) pieces_.push_back({0, spread_.rows_before, step});
    Collect(step, first, end);
    if (spread_.rows_after > 0) pieces_.push_back({StartOf(step, end), spread_.rows_after, step});
    return Joined();
  }

 private:
  struct Counts {
    int64_t occupied = 0;  ///< Steps that hold more than next to nothing.
    int64_t too_full = 0;
  };

  double RowsIn(size_t step, int64_t first, int64_t end) const {
    return spread_.rows * (spread_.values.ShareBelow(StartOf(step, end)) -
                           spread_.values.ShareBelow(StartOf(step, first)));
  }

  bool AreMostTooFull(size_t step) const {
    Counts counts;
    Count(step, IndexOf(step, spread_.first), IndexOf(step, spread_.last) + 1, counts);
    return 2 * counts.too_full > counts.occupied;
  }

  void Count(size_t step, int64_t first, int64_t end, Counts& counts) const {
    const double rows = RowsIn(step, first, end);
    if (rows < kNextToNothing * wanted_) return;
    if (end - first > 1) {
      const int64_t middle = first + (end - first) / 2;
      Count(step, first, middle, counts);
      Count(step, middle, end, counts);
      return;
    }
    ++counts.occupied;
    if (rows > kMore * wanted_) ++counts.too_full;
  }

  void Collect(size_t step, int64_t first, int64_t end) {
    const double rows = RowsIn(step, first, end);
    const bool is_little = rows < kNextToNothing * wanted_;
    if (!is_little && end - first > 1) {
      const int64_t middle = first + (end - first) / 2;
      Collect(step, first, middle);
      Collect(step, middle, end);
    } else if (step < finest_ &&
               (step == base_ ? IsTooFull(rows, wanted_) : rows > kMore * wanted_)) {
      Collect(step + 1, IndexOf(step + 1, StartOf(step, first)),
              IndexOf(step + 1, StartOf(step, end)));
    } else {
      pieces_.push_back({StartOf(step, first), rows, step});
    }
  }

  /// Hours and quarters of one day belong together as long as they are not too many; steps that
  /// hold next to nothing go with what is beside them.
  bool BelongTogether(const TimeRange& range, double largest, const TimeRange& piece) const {
    const double limit = kSlack * std::max({wanted_, largest, piece.rows});
    if (range.rows + piece.rows > limit) return false;
    const bool within_a_day = std::min(range.step, piece.step) > kDay &&
                              IndexOf(kDay, range.start) == IndexOf(kDay, piece.start);
    return within_a_day || std::min(range.rows, piece.rows) < kNextToNothing * wanted_;
  }

  std::vector<TimeRange> Joined() const {
    std::vector<TimeRange> ranges{pieces_.front()};
    double largest = ranges.back().rows;  // Of the pieces in the last range.
    for (size_t i = 1; i < pieces_.size(); ++i) {
      TimeRange& range = ranges.back();
      const TimeRange& piece = pieces_[i];
      if (BelongTogether(range, largest, piece)) {
        range.rows += piece.rows;
        range.step = std::max(range.step, piece.step);
        largest = std::max(largest, piece.rows);
      } else {
        ranges.push_back(piece);
        largest = piece.rows;
      }
    }
    return ranges;
  }

  const TimeSpread& spread_;
  const size_t finest_;
  const double wanted_;
  size_t base_ = kWeek;  ///< The step that most of the time is cut by.
  std::vector<TimeRange> pieces_;
};

}  // namespace

std::vector<TimeRange> CutByCalendar(const TimeSpread& spread, bool is_date,
                                     double rows_per_range) {
  return CalendarCutter(spread, is_date, rows_per_range).Cut();
}

std::string StepsText(const std::vector<TimeRange>& ranges) {
  std::array<bool, kSteps.size()> used{};
  for (const TimeRange& range : ranges) used.at(range.step) = true;
  std::string text;
  for (size_t step = 0; step < kSteps.size(); ++step) {
    if (used.at(step)) text += (text.empty() ? "" : ", ") + std::string(kSteps.at(step).name);
  }
  return text;
}

}  // namespace headrace
