#include "headrace/destination/parquet/schema_difference.h"

#include <algorithm>
#include <vector>

namespace headrace {
namespace {

/// Top-level lines; the indented lines below a nested column repeat what its own line says. Whether
/// a column may be NULL is not part of them: readers of a lake take the files' columns together by
/// name and type, and a source that drops a NOT NULL must not end its history.
std::vector<std::string_view> ColumnLines(std::string_view schema) {
  constexpr std::string_view kNotNull = " not null";
  std::vector<std::string_view> lines;
  while (!schema.empty()) {
    const size_t end = std::min(schema.find('\n'), schema.size());
    std::string_view line = schema.substr(0, end);
    if (line.ends_with(kNotNull)) line.remove_suffix(kNotNull.size());
    if (!line.empty() && line[0] != ' ') lines.push_back(line);
    schema.remove_prefix(std::min(end + 1, schema.size()));
  }
  return lines;
}

std::string OnlyIn(const std::vector<std::string_view>& lines,
                   const std::vector<std::string_view>& others, std::string_view mark) {
  std::string text;
  for (const std::string_view line : lines) {
    if (std::ranges::find(others, line) == others.end()) {
      text.append("\n").append(mark).append(line);
    }
  }
  return text;
}

}  // namespace

std::string SchemaDifference(std::string_view table, std::string_view run) {
  const std::vector<std::string_view> before = ColumnLines(table);
  const std::vector<std::string_view> now = ColumnLines(run);
  if (before == now) return {};
  std::string difference = OnlyIn(before, now, "- ") + OnlyIn(now, before, "+ ");
  if (difference.empty()) difference = "\nthe same columns in another order";
  return difference;
}

}  // namespace headrace
