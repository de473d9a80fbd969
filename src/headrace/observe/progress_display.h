#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "headrace/observe/console.h"
#include "headrace/observe/event.h"
#include "headrace/observe/progress.h"
#include "headrace/observe/progress_meter.h"

namespace headrace {

/// Shows a run's progress, one reading after another. Used by one thread at a time.
class ProgressDisplay {
 public:
  virtual ~ProgressDisplay() = default;

  /// How often Show wants to be called.
  virtual std::chrono::milliseconds interval() const = 0;
  virtual void Show(const ProgressReading& reading) = 0;
};

/// One status line, redrawn ten times a second and gone when the display is destroyed. The console
/// outlives the display.
class ProgressBar : public ProgressDisplay {
 public:
  explicit ProgressBar(Console& console) : console_(console) {}
  ~ProgressBar() override { console_.SetStatus({}); }

  std::chrono::milliseconds interval() const override { return std::chrono::milliseconds(100); }
  void Show(const ProgressReading& reading) override;

 private:
  Console& console_;
  ProgressMeter meter_;
};

/// An event `progress` every five seconds; a shorter run has none. The observer outlives the
/// display.
class LoggedProgress : public ProgressDisplay {
 public:
  /// `with_fields`: the figures are fields too, for logs that machines read.
  LoggedProgress(Observer& observer, bool with_fields)
      : observer_(observer), with_fields_(with_fields) {}

  std::chrono::milliseconds interval() const override { return std::chrono::seconds(5); }
  void Show(const ProgressReading& reading) override;

 private:
  Observer& observer_;
  const bool with_fields_;
  ProgressMeter meter_;
};

/// Shows `progress` on `display` until it is destroyed, on a thread of its own. Both outlive it.
/// Where the system has no room for another thread it shows nothing: the work goes on all the same.
class ProgressTicker {
 public:
  ProgressTicker(const Progress& progress, ProgressDisplay& display);

 private:
  void Tick(const std::stop_token& stop);

  const Progress& progress_;
  ProgressDisplay& display_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: it ends before what it uses
};

}  // namespace headrace
