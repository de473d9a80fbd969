#include "headrace/run/known_run.h"

namespace headrace {
namespace {

/// As far as both are known.
bool AreSamePlace(const std::string& one, const std::string& other) {
  return one.empty() || other.empty() || one == other;
}

}  // namespace

arrow::Result<RequestedRun> FindRequestedRun(Journal& journal, const std::string& run) {
  RequestedRun requested;
  std::optional<JournalRun>& known = requested.run;
  ARROW_ASSIGN_OR_RAISE(known, journal.FindRun(run));
  while (known.has_value() && known->state == RunState::kSuperseded) {
    if (!requested.predecessor.has_value()) requested.predecessor = known;
    requested.notes.push_back("run " + known->run + " was taken over by run " + known->successor);
    ARROW_ASSIGN_OR_RAISE(known, journal.FindRun(known->successor));
  }
  return requested;
}

bool IsAtSamePlace(const RunParts& parts, const JournalRun& run) {
  return AreSamePlace(parts.source.place(), run.source);
}

bool IsOfJobNow(const RunParts& parts, const JournalRun& run) {
  return run.text_digest == parts.job.text_digest && IsAtSamePlace(parts, run);
}

bool IsOfSameJob(const JournalRun& one, const JournalRun& other) {
  return one.text_digest == other.text_digest && AreSamePlace(one.source, other.source);
}

}  // namespace headrace
