#include "headrace/run/table_selection.h"

#include <algorithm>
#include <cstddef>
#include <ranges>
#include <string_view>
#include <unordered_set>

#include "headrace/config/nearest.h"
#include "headrace/run/table_name.h"

namespace headrace {
namespace {

/// In an error; `headrace plan` shows all.
constexpr size_t kMostTablesNamed = 20;

/// `directories` outlives it.
std::unordered_set<std::string_view> SetOf(const std::vector<std::string>& directories) {
  return {directories.begin(), directories.end()};
}

/// The label of the table that `name` is most likely a slip of, its schema perhaps left out; empty
/// where none is near.
std::string NearestTable(const std::string& name, const Job& job) {
  std::vector<std::string> names;
  for (const TableJob& table : job.tables) names.push_back(table.table.label());
  for (const TableJob& table : job.tables) {
    names.push_back(table.table.is_query() ? table.table.alias : table.table.name);
  }
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  const std::string_view nearest = Nearest(name, candidates);
  if (nearest.empty()) return {};
  const auto at = std::ranges::find(names, nearest) - names.begin();
  return names[static_cast<size_t>(at) % job.tables.size()];
}

/// In quotes, of which the other ones are within.
std::string Quoted(const std::string& name) {
  return name.find('"') == std::string::npos ? "\"" + name + "\"" : "'" + name + "'";
}

}  // namespace

arrow::Status NoSuchTable(const std::string& name, const Job& job) {
  TableJobs shown;
  for (const TableJob& table : job.tables | std::views::take(kMostTablesNamed)) {
    shown.push_back(&table);
  }
  std::string tables = shown.empty() ? "it has none" : "it has: " + LabelsOf(shown);
  if (const size_t more = job.tables.size() - shown.size(); more > 0) {
    tables += " and " + std::to_string(more) + " more";
  }
  const std::string nearest = NearestTable(name, job);
  const std::string none = "the job has no table " + Quoted(name) + "; ";
  if (nearest.empty()) return UserError(none + tables);
  tables.front() = 'I';
  return UserError(none + "did you mean " + Quoted(nearest) + "? " + tables);
}

arrow::Result<TableJobs> SelectTables(const Job& job, const std::vector<std::string>& only) {
  TableJobs selected;
  for (const TableJob& table : job.tables) {
    const auto names_it = [&](const std::string& name) { return IsNamed(table.table, name); };
    if (only.empty() || std::ranges::any_of(only, names_it)) selected.push_back(&table);
  }
  for (const std::string& name : only) {
    const auto is_it = [&](const TableJob& table) { return IsNamed(table.table, name); };
    if (std::ranges::none_of(job.tables, is_it)) {
      return WithContext(NoSuchTable(name, job), "--only");
    }
  }
  return selected;
}

std::vector<std::string> DirectoriesOf(const TableJobs& tables) {
  std::vector<std::string> directories;
  directories.reserve(tables.size());
  for (const TableJob* table : tables) directories.push_back(table->table.directory());
  return directories;
}

TableJobs TablesIn(const Job& job, const std::vector<std::string>& directories) {
  TableJobs tables;
  const auto among = SetOf(directories);
  for (const TableJob& table : job.tables) {
    if (among.contains(table.table.directory())) tables.push_back(&table);
  }
  return tables;
}

TableJobs TablesOutside(const TableJobs& tables, const std::vector<std::string>& directories) {
  TableJobs outside;
  const auto among = SetOf(directories);
  for (const TableJob* table : tables) {
    if (!among.contains(table->table.directory())) outside.push_back(table);
  }
  return outside;
}

std::string LabelsOf(const TableJobs& tables) {
  std::string labels;
  for (const TableJob* table : tables) {
    labels += (labels.empty() ? "" : ", ") + table->table.label();
  }
  return labels;
}

std::string NamedTables(const TableJobs& tables) {
  return (tables.size() == 1 ? "table " : "tables ") + LabelsOf(tables);
}

}  // namespace headrace
