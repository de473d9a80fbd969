#pragma once

#include "headrace/config/job.h"
#include "headrace/config/problems.h"
#include "headrace/config/section_reader.h"

namespace headrace {

/// Makes the Job of what its sections say: inheritance resolved, names parsed. Contradictions
/// between keys go to `problems`; the Job is then not to be used. `file` and `text_digest` are left
/// to the caller.
Job BuildJob(const SectionValues& root, Problems& problems);

/// The same of `name` and `state` alone, whatever the other sections say.
Job BuildPlaceOfRuns(const SectionValues& root, Problems& problems);

}  // namespace headrace
