#include "headrace/cli/observation.h"

#include <algorithm>

#include "headrace/observe/console.h"
#include "headrace/observe/log_sinks.h"

namespace headrace {
namespace {

Level MinimumLevel(const CommandLine& line, const LoggingSettings& logging) {
  const Level wanted = ParseLevel(line.log_level.value_or(logging.level)).value_or(Level::kInfo);
  return line.quiet ? std::max(wanted, Level::kWarning) : wanted;
}

}  // namespace

Observation::Observation(CommandContext& context, const LoggingSettings& logging)
    : console_(context.console),
      quiet_(context.line.quiet),
      json_(context.line.log_format.value_or(logging.format) == "json") {
  context.json_log = json_;
  const Level minimum = MinimumLevel(context.line, logging);
  if (json_) {
    observer_.AddSink(std::make_shared<JsonLog>(console_, minimum));
  } else {
    observer_.AddSink(std::make_shared<TextLog>(console_, minimum));
  }
}

void Observation::ShowProgress() {
  if (quiet_) return;
  if (console_.traits().terminal && !json_) {
    display_ = std::make_unique<ProgressBar>(console_);
  } else {
    display_ = std::make_unique<LoggedProgress>(observer_, json_);
  }
  ticker_.emplace(progress_, *display_);
}

void Observation::HideProgress() {
  ticker_.reset();
  display_.reset();
  if (console_.traits().terminal && !quiet_ && !json_) console_.WriteLine({});
}

}  // namespace headrace
