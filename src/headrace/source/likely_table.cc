#include "headrace/source/likely_table.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/config/nearest.h"

namespace headrace {
namespace {

constexpr size_t kMostNames = 3;

/// As a job writes it: ParseTableName's other way round.
std::string NamePart(std::string_view part) {
  if (part.find_first_of(".\"*?[ ") == std::string_view::npos) return std::string(part);
  std::string quoted = "\"";
  for (const char c : part) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + '"';
}

std::string WrittenName(const TableRef& table) {
  return table.schema.empty() ? NamePart(table.name)
                              : NamePart(table.schema) + "." + NamePart(table.name);
}

struct LikelyTable {
  int distance = 0;
  std::string name;
};

bool IsSlip(std::string_view written, std::string_view meant) {
  return !Nearest(written, std::span(&meant, 1)).empty();
}

bool IsLikely(const TableRef& wanted, const TableRef& table) {
  if (!IsSlip(wanted.name, table.name)) return false;
  return wanted.schema.empty() || IsSlip(wanted.schema, table.schema) ||
         EditDistance(wanted.name, table.name) == 0;
}

std::vector<LikelyTable> LikelyTables(const TableRef& wanted, std::span<const TableRef> tables) {
  std::vector<LikelyTable> likely;
  for (const TableRef& table : tables) {
    if (!IsLikely(wanted, table)) continue;
    const int other_schema = wanted.schema.empty() ? 0 : EditDistance(wanted.schema, table.schema);
    likely.push_back({EditDistance(wanted.name, table.name) + other_schema, WrittenName(table)});
  }
  std::ranges::stable_sort(likely, {}, &LikelyTable::distance);
  return likely;
}

}  // namespace

std::string DidYouMeanTable(const TableRef& wanted, std::span<const TableRef> tables) {
  const std::vector<LikelyTable> likely = LikelyTables(wanted, tables);
  if (likely.empty()) return {};
  const size_t names = std::min(likely.size(), kMostNames);
  std::string text = "; did you mean " + likely.front().name;
  for (size_t i = 1; i < names; ++i) text += (i + 1 < names ? ", " : " or ") + likely[i].name;
  return text + "?";
}

}  // namespace headrace
