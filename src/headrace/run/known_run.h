#pragma once

#include <optional>
#include <string>
#include <vector>

#include "headrace/journal/journal.h"
#include "headrace/model/error.h"
#include "headrace/run/coordinator.h"

namespace headrace {

/// The run that an id means.
struct RequestedRun {
  std::optional<JournalRun> run;  ///< None: the journal does not know it.
  std::optional<JournalRun>
      predecessor;  ///< The run of the id itself, where `run` has taken it over in the end.
  std::vector<std::string> notes;  ///< Sentences: which run took over which.
};

/// The run of the id `run`, or the one that has taken it over in the end.
arrow::Result<RequestedRun> FindRequestedRun(Journal& journal, const std::string& run);

/// Did `run` read the place that the source is at now, as far as both are known?
bool IsAtSamePlace(const RunParts& parts, const JournalRun& run);

/// Is `run` of the job as it is now, and at the place where the source is?
bool IsOfJobNow(const RunParts& parts, const JournalRun& run);

/// Was `one` of the same job, at the same place, as `other`?
bool IsOfSameJob(const JournalRun& one, const JournalRun& other);

}  // namespace headrace
