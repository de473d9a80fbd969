#include "headrace/run/known_run.h"

namespace headrace {

arrow::Result<RequestedRun> FindRequestedRun(Journal& journal, const std::string& run) {
  RequestedRun requested;
  std::optional<JournalRun>& known = requested.run;
  ARROW_ASSIGN_OR_RAISE(known, journal.FindRun(run));
  while (known.has_value() && known->state == RunState::kSuperseded) {
    requested.notes.push_back("run " + known->run + " was taken over by run " + known->successor);
    ARROW_ASSIGN_OR_RAISE(known, journal.FindRun(known->successor));
  }
  return requested;
}

bool IsAtSamePlace(const RunParts& parts, const JournalRun& run) {
  const std::string place = parts.source.place();
  return place.empty() || run.source.empty() || place == run.source;
}

}  // namespace headrace
