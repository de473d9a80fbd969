#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "headrace/journal/journal.h"

namespace headrace {

/// The report that the journal keeps of `run`; an empty object where there is none.
nlohmann::json StoredReport(const JournalRun& run);

/// A run as it stands now.
struct RunStanding {
  JournalRun run;
  std::optional<std::string> at_work = {};  ///< The process that is: `pid 7 on HOST since TIME`.
  bool lock_seen = true;                    ///< False: this user may not look at the job's lock.

  /// Its state for people. What the journal calls `running` is at work or was stopped before its
  /// end; where the lock cannot be looked at it stays `running`.
  std::string StateText() const;
};

/// Looks at the job's lock, which only looking leaves as it is. `state`: the folder that `journal`
/// is in.
arrow::Result<RunStanding> StandingOf(const std::filesystem::path& state, Journal& journal,
                                      const JournalRun& run);

/// A run as `headrace runs --json` and `headrace show --json` print it.
nlohmann::ordered_json RunJson(const RunStanding& standing);

/// `2025-01-31T08:15:00Z` as `2025-01-31 08:15:00`; `-` for an empty text.
std::string HumanTime(std::string_view iso);

/// The same without seconds, where a line has little room.
std::string HumanMinute(std::string_view iso);

}  // namespace headrace
