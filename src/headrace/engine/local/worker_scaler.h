#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace headrace {

/// Finds out how many workers pay, by hill climbing on rows per second: what one more worker brings
/// depends on the server, its disks and what else runs, and shows only when it is tried.
///
///   measure ──window over──► one more on trial ──faster by kLeastGain──► kept, the next one on
///   trial
///      ▲                            └──no──► it retires; growth pauses, twice as long each time
///      └───────────────────────────────────────────────────┘
///
/// The first judgement comes after a whole window, so that a short run keeps the workers that it
/// began with, and their memory. A worker that left for another reason (the server had no room for
/// it) pauses growth as a failed trial does. Pure: time and rows are given. Used under a lock.
class WorkerScaler {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Seconds = std::chrono::seconds;

  static constexpr Seconds kWindow{5};        ///< Of one measurement.
  static constexpr Seconds kSettle{1};        ///< A new worker connects, and is not measured yet.
  static constexpr double kLeastGain = 0.10;  ///< In rows/s, for a worker to be kept.
  static constexpr Seconds kFirstPause{30};
  static constexpr Seconds kLongestPause{960};

  enum class Advice {
    kStay,
    kGrow,    ///< Start one more worker.
    kRetire,  ///< One worker ends after its unit.
  };

  WorkerScaler(int initial_workers, int max_workers)
      : max_workers_(max_workers), workers_(initial_workers) {}

  /// To be asked whenever a unit is done. `rows`: read so far, by all; `workers`: at work now, as a
  /// result of the advice given before and of whatever else happened.
  Advice Judge(TimePoint now, int64_t rows, int workers);

 private:
  struct Window {
    TimePoint start;
    int64_t rows = 0;
  };

  Advice JudgeWindow(TimePoint now, double rows_per_second);
  void Pause(TimePoint now);

  const int max_workers_;
  int workers_;                      // as they were after the last advice
  std::optional<Window> window_;     // none: the next question opens one, if not before settled_at_
  std::optional<double> base_rate_;  // rows/s before the worker on trial; none: nobody is
  TimePoint settled_at_{};
  TimePoint grow_at_{};  // not before
  Seconds pause_ = kFirstPause;
};

}  // namespace headrace
