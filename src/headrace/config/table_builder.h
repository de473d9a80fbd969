#pragma once

#include <vector>

#include "headrace/config/job.h"
#include "headrace/config/problems.h"
#include "headrace/config/section_reader.h"

namespace headrace {

/// The entries of `tables:`, each with what it inherits from the job.
std::vector<TableJob> BuildTables(const SectionValues& root, Problems& problems);

/// Finds keys of a `partition:` (the job's or a table's) that contradict each other, or what a
/// table inherits.
void CheckPartition(const SectionValues& partition, const SectionValues& inherited,
                    Problems& problems);

}  // namespace headrace
