#include "headrace/engine/local/worker_scaler.h"

#include <algorithm>

namespace headrace {

WorkerScaler::Advice WorkerScaler::Judge(TimePoint now, const Reading& reading) {
  if (reading.workers < workers_) {
    base_rate_.reset();
    window_.reset();
    Pause(now);
  }
  workers_ = reading.workers;
  if (BeginsAnew(reading)) return BeginAnew(now);
  if (!window_.has_value()) {
    if (now >= settled_at_) window_ = Window{now, reading.rows};
    return Advice::kStay;
  }
  const std::chrono::duration<double> elapsed = now - window_->start;
  if (elapsed < kWindow) return Advice::kStay;
  const double rate = static_cast<double>(reading.rows - window_->rows) / elapsed.count();
  window_ = Window{now, reading.rows};
  return JudgeWindow(now, rate);
}

bool WorkerScaler::BeginsAnew(const Reading& reading) {
  const bool changed = reading.tables > tables_;
  tables_ = std::max(tables_, reading.tables);
  return changed && !begun_anew_;
}

/// Not before the last units of the former table are done, or nearly.
WorkerScaler::Advice WorkerScaler::BeginAnew(TimePoint now) {
  begun_anew_ = true;
  window_.reset();
  settled_at_ = std::max(settled_at_, now + kSettle);
  if (!base_rate_.has_value()) return Advice::kStay;
  base_rate_.reset();
  --workers_;
  return Advice::kRetire;
}

WorkerScaler::Advice WorkerScaler::JudgeWindow(TimePoint now, double rows_per_second) {
  if (base_rate_.has_value()) {
    begun_anew_ = false;
    const bool pays = rows_per_second > 0 && rows_per_second >= *base_rate_ * (1 + kLeastGain);
    base_rate_.reset();
    if (!pays) {
      Pause(now);
      --workers_;
      return Advice::kRetire;
    }
    pause_ = kFirstPause;
  }
  if (workers_ >= max_workers_ || now < grow_at_) {
    begun_anew_ = false;
    return Advice::kStay;
  }
  base_rate_ = rows_per_second;
  ++workers_;
  window_.reset();
  settled_at_ = now + kSettle;
  return Advice::kGrow;
}

void WorkerScaler::Pause(TimePoint now) {
  grow_at_ = now + pause_;
  pause_ = std::min(pause_ * 2, kLongestPause);
}

}  // namespace headrace
