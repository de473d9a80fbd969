#pragma once

#include "headrace/config/job.h"
#include "headrace/config/problems.h"
#include "headrace/config/section_reader.h"

namespace headrace {

/// The entries of `tables:`, each with what it inherits from the job: Job::tables and
/// Job::patterns.
void BuildTables(const SectionValues& root, Problems& problems, Job& job);

/// Finds keys of a `partition:` (the job's or a table's) that contradict each other, or what a
/// table inherits.
void CheckPartition(const SectionValues& partition, const SectionValues& inherited,
                    Problems& problems);

}  // namespace headrace
