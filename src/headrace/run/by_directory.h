#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "headrace/config/job.h"
#include "headrace/journal/journal.h"

namespace headrace {

/// Job, journal and report know a table by the name of its directory. A job may have thousands of
/// tables: whoever looks up many of them does so here, not table by table.

/// Positions in Job::tables by directory; each name is made once.
using JobPositions = std::unordered_map<std::string, size_t>;

JobPositions PositionsByDirectory(const Job& job);

/// The tables of a run in the journal by directory.
class JournalTableIndex {
 public:
  /// `tables` outlives it, unchanged.
  explicit JournalTableIndex(const std::vector<JournalTable>& tables);

  /// Null if the journal does not know it.
  const JournalTable* Find(std::string_view directory) const;

 private:
  std::unordered_map<std::string_view, const JournalTable*> by_directory_;
};

}  // namespace headrace
