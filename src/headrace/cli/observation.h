#pragma once

#include <memory>
#include <optional>

#include "headrace/cli/command.h"
#include "headrace/config/job.h"
#include "headrace/observe/event.h"
#include "headrace/observe/progress.h"
#include "headrace/observe/progress_display.h"

namespace headrace {

/// What a command that works shows of its work: log lines by the job's and the command line's
/// wishes, and progress. Made when the job is known; outlives whatever it is given to.
class Observation {
 public:
  /// Sets `context.json_log`.
  Observation(CommandContext& context, const LoggingSettings& logging);

  Observer& observer() { return observer_; }
  Progress& progress() { return progress_; }

  /// Shows progress from now on: a bar on a terminal, log lines elsewhere, nothing if the user
  /// wants quiet.
  void ShowProgress();
  /// Removes it, before results are printed.
  void HideProgress();

 private:
  Console& console_;
  const bool quiet_;
  const bool json_;
  Observer observer_;
  Progress progress_;
  std::unique_ptr<ProgressDisplay> display_;
  std::optional<ProgressTicker> ticker_;
};

}  // namespace headrace
