#include "headrace/destination/bigquery/table_name.h"

#include <algorithm>

#include "headrace/model/ascii.h"

namespace headrace {
namespace {

bool IsTableNameByte(char c) {
  const char lower = LowerAscii(c);
  const bool is_ascii = static_cast<unsigned char>(c) < 0x80;
  return !is_ascii || c == '_' || c == '-' || IsAsciiDigit(c) || (lower >= 'a' && lower <= 'z');
}

arrow::Result<std::string_view> ValueOf(std::string_view word, const TableRef& table) {
  if (word == "schema") return std::string_view(table.schema);
  if (word == "table") return std::string_view(table.alias.empty() ? table.name : table.alias);
  return UserError("destination.table: {" + std::string(word) +
                   "} stands for nothing; {schema} and {table} do");
}

}  // namespace

arrow::Result<std::string> TableName(std::string_view pattern, const TableRef& table) {
  std::string name;
  while (!pattern.empty()) {
    const size_t open = std::min(pattern.find('{'), pattern.size());
    name += pattern.substr(0, open);
    pattern.remove_prefix(open);
    if (pattern.empty()) break;
    const size_t close = pattern.find('}');
    if (close == std::string_view::npos) {
      return UserError("destination.table: a { without its }");
    }
    ARROW_ASSIGN_OR_RAISE(const std::string_view value,
                          ValueOf(pattern.substr(1, close - 1), table));
    name += value;
    pattern.remove_prefix(close + 1);
  }
  std::ranges::replace_if(name, [](char c) { return !IsTableNameByte(c); }, '_');
  if (name.empty() || name.size() > kMostTableNameBytes) {
    return UserError("table " + table.label() + " would be called '" + name + "' in BigQuery, " +
                     (name.empty() ? "which is no name" : "which is longer than 1024 bytes") +
                     ": set destination.table");
  }
  return name;
}

}  // namespace headrace
