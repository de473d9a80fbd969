#include "headrace/engine/local/worker_scaler.h"

#include <algorithm>

namespace headrace {

WorkerScaler::Advice WorkerScaler::Judge(TimePoint now, int64_t rows, int workers) {
  if (workers < workers_) {
    base_rate_.reset();
    window_.reset();
    Pause(now);
  }
  workers_ = workers;
  if (!window_.has_value()) {
    if (now >= settled_at_) window_ = Window{now, rows};
    return Advice::kStay;
  }
  const std::chrono::duration<double> elapsed = now - window_->start;
  if (elapsed < kWindow) return Advice::kStay;
  const double rate = static_cast<double>(rows - window_->rows) / elapsed.count();
  window_ = Window{now, rows};
  return JudgeWindow(now, rate);
}

WorkerScaler::Advice WorkerScaler::JudgeWindow(TimePoint now, double rows_per_second) {
  if (base_rate_.has_value()) {
    const bool pays = rows_per_second > 0 && rows_per_second >= *base_rate_ * (1 + kLeastGain);
    base_rate_.reset();
    if (!pays) {
      Pause(now);
      --workers_;
      return Advice::kRetire;
    }
    pause_ = kFirstPause;
  }
  if (workers_ >= max_workers_ || now < grow_at_) return Advice::kStay;
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
