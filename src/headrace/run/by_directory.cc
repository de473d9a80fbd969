#include "headrace/run/by_directory.h"

namespace headrace {

JobPositions PositionsByDirectory(const Job& job) {
  JobPositions positions;
  positions.reserve(job.tables.size());
  for (size_t i = 0; i < job.tables.size(); ++i) {
    positions.emplace(job.tables[i].table.directory(), i);
  }
  return positions;
}

JournalTableIndex::JournalTableIndex(const std::vector<JournalTable>& tables) {
  by_directory_.reserve(tables.size());
  for (const JournalTable& table : tables) by_directory_.emplace(table.directory, &table);
}

const JournalTable* JournalTableIndex::Find(std::string_view directory) const {
  const auto found = by_directory_.find(directory);
  return found == by_directory_.end() ? nullptr : found->second;
}

}  // namespace headrace
