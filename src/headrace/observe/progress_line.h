#pragma once

#include <cstddef>
#include <string>

#include "headrace/observe/console.h"
#include "headrace/observe/event.h"
#include "headrace/observe/progress.h"
#include "headrace/observe/progress_meter.h"

namespace headrace {

/// The status line of a terminal of `width` columns: bar, share, rows, speed, units, busy workers,
/// time left. What does not fit is left out, least needed first; never wider than `width`.
std::string ProgressBarLine(const ProgressReading& reading, const ProgressFigures& figures,
                            const ConsoleTraits& traits, size_t width);

/// The same for a log: `2,612,000 rows (52%), 78.3 MB/s, 53 of 101 units, 2 of 2 workers busy, 3 s
/// left`.
std::string ProgressSentence(const ProgressReading& reading, const ProgressFigures& figures);

/// The same for machines.
Fields ProgressFields(const ProgressReading& reading, const ProgressFigures& figures);

}  // namespace headrace
