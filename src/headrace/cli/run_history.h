#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "headrace/journal/journal.h"

namespace headrace {

/// The report that the journal keeps of `run`; an empty object where there is none.
nlohmann::json StoredReport(const JournalRun& run);

/// A run as `headrace runs --json` and `headrace show --json` print it.
nlohmann::ordered_json RunJson(const JournalRun& run);

/// `2025-01-31T08:15:00Z` as `2025-01-31 08:15:00`; `-` for an empty text.
std::string HumanTime(std::string_view iso);

}  // namespace headrace
