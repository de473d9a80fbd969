#include "headrace/run/table_name.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "headrace/model/table_pattern.h"
#include "headrace/observe/human.h"

namespace headrace {

bool IsNamed(const TableRef& table, const std::string& name) {
  if (name == table.label() || name == table.directory()) return true;
  if (!table.is_query() && ParseTableName(name) == table) return true;
  if (!TablePattern::HasWildcards(name)) return false;
  const TablePattern pattern(name);
  if (table.is_query()) return pattern.Matches(TableRef{.name = table.alias});
  return pattern.Matches(pattern.has_schema() ? table : TableRef{.name = table.name});
}

std::string SomeNames(const std::vector<std::string>& names) {
  constexpr size_t kMost = 3;
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), kMost); ++i) {
    text += (i == 0 ? "" : ", ") + names[i];
  }
  if (names.size() <= kMost) return text;
  return text + " and " + HumanCount(static_cast<int64_t>(names.size() - kMost)) + " more";
}

}  // namespace headrace
