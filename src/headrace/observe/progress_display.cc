#include "headrace/observe/progress_display.h"

#include "headrace/model/start_thread.h"
#include "headrace/observe/progress_line.h"

namespace headrace {

namespace {

/// Columns left free behind the status line: one because many terminals wrap when the last one is
/// written, two for the `^C` that a terminal echoes, which would otherwise wrap and stay.
constexpr size_t kFreeColumns = 3;

}  // namespace

void ProgressBar::Show(const ProgressReading& reading) {
  const ProgressFigures figures = meter_.Take(reading);
  const size_t width = console_.width();
  console_.SetStatus(ProgressBarLine(reading, figures, console_.traits(),
                                     width > kFreeColumns ? width - kFreeColumns : width));
}

void LoggedProgress::Show(const ProgressReading& reading) {
  if (reading.units_total == 0 && reading.tables_total == 0) return;
  const ProgressFigures figures = meter_.Take(reading);
  observer_.Emit(Level::kInfo, "progress", ProgressSentence(reading, figures),
                 with_fields_ ? ProgressFields(reading, figures) : Fields{});
}

ProgressTicker::ProgressTicker(const Progress& progress, ProgressDisplay& display)
    : progress_(progress),
      display_(display),
      thread_(StartThread([this](const std::stop_token& stop) { Tick(stop); })) {}

void ProgressTicker::Tick(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (
      !wake_.wait_for(lock, stop, display_.interval(), [&stop] { return stop.stop_requested(); })) {
    if (stop.stop_requested()) return;
    display_.Show(progress_.Read());
  }
}

}  // namespace headrace
