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
  return pattern.Matches(table.is_query() ? TableRef{.name = table.alias} : table);
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
