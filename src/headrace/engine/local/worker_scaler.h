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
/// it) pauses growth as a failed trial does.
///
/// Rows of another table may be wider or narrower, and their rows/s (or bytes/s) say nothing about
/// workers: where the tables change, the measurement begins anew, and a worker on trial retires,
/// without a pause, because nothing is known of it. Once only until the next judgement: tables that
/// are shorter than a trial are measured together. Pure: time and rows are given. Used under a
/// lock.
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

  /// How far a run has come.
  struct Reading {
    int64_t rows = 0;  ///< Read so far, by all.
    int tables = 0;    ///< Of which a unit is done.
    int workers = 0;   ///< At work now, by the advice given before and by whatever else happened.
  };

  WorkerScaler(int initial_workers, int max_workers)
      : max_workers_(max_workers), workers_(initial_workers) {}

  /// To be asked whenever a unit is done.
  Advice Judge(TimePoint now, const Reading& reading);

 private:
  struct Window {
    TimePoint start;
    int64_t rows = 0;
  };

  bool BeginsAnew(const Reading& reading);
  Advice BeginAnew(TimePoint now);
  Advice JudgeWindow(TimePoint now, double rows_per_second);
  void Pause(TimePoint now);

  const int max_workers_;
  int workers_;                      // as they were after the last advice
  int tables_ = 1;                   // as they were at the last question
  bool begun_anew_ = false;          // since the last judgement
  std::optional<Window> window_;     // none: the next question opens one, if not before settled_at_
  std::optional<double> base_rate_;  // rows/s before the worker on trial; none: nobody is
  TimePoint settled_at_{};
  TimePoint grow_at_{};  // not before
  Seconds pause_ = kFirstPause;
};

}  // namespace headrace
