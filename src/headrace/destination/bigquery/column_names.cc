#include "headrace/destination/bigquery/column_names.h"

#include <algorithm>
#include <array>
#include <map>

#include "headrace/destination/bigquery/table_field.h"
#include "headrace/model/ascii.h"
#include "headrace/model/utf8.h"

namespace headrace {
namespace {

constexpr std::array<std::string_view, 9> kRefusedPrefixes = {"_table_",
                                                              "_file_",
                                                              "_partition",
                                                              "_row_timestamp",
                                                              "__root__",
                                                              "_colidentifier",
                                                              "_change_sequence_number",
                                                              "_change_type",
                                                              "_change_timestamp"};

bool IsNameCharacter(char c) {
  const char lower = LowerAscii(c);
  return c == '_' || IsAsciiDigit(c) || (lower >= 'a' && lower <= 'z');
}

/// What the job can do: it gives names to columns, not to the fields of a source's type.
std::string_view WayOut(std::string_view path) {
  return path.empty() ? "give one another name (`as:`)"
                      : "load the column as JSON text (`type: string`)";
}

std::string Shown(std::string_view path, std::string_view name) {
  return "'" + FieldPath(path, ShortenedValue(name)) + "'";
}

}  // namespace

bool HasRefusedPrefix(std::string_view name) {
  const std::string lower = LowerAsciiText(name);
  return std::ranges::any_of(kRefusedPrefixes,
                             [&](std::string_view prefix) { return lower.starts_with(prefix); });
}

bool IsColumnName(std::string_view name) {
  return !name.empty() && name.size() <= kMostNameCharacters && !IsAsciiDigit(name.front()) &&
         std::ranges::all_of(name, IsNameCharacter) && !HasRefusedPrefix(name);
}

std::string ColumnName(std::string_view name) {
  std::string result;
  while (!name.empty()) {
    const size_t size = std::max<size_t>(Utf8CharacterSize(name), 1);
    result += IsNameCharacter(name.front()) ? name.front() : '_';
    name.remove_prefix(size);
  }
  if (result.empty() || IsAsciiDigit(result.front()) || HasRefusedPrefix(result)) {
    result.insert(result.begin(), '_');
  }
  return result;
}

arrow::Result<std::vector<std::string>> ColumnNames(const std::vector<std::string>& names,
                                                    std::string_view path) {
  std::vector<std::string> results;
  results.reserve(names.size());
  std::map<std::string, std::string_view> taken;
  for (const std::string& name : names) {
    std::string result = ColumnName(name);
    if (result.size() > kMostNameCharacters) {
      return UserError("the name of column " + Shown(path, name) + " has " +
                       std::to_string(result.size()) + " characters, BigQuery takes " +
                       std::to_string(kMostNameCharacters) + ": " + std::string(WayOut(path)));
    }
    const auto [other, is_new] = taken.emplace(LowerAsciiText(result), name);
    if (!is_new) {
      return UserError(
          "columns " + Shown(path, other->second) + " and " + Shown(path, name) +
          " would be one in BigQuery, '" + result +
          "', which does not tell capitals from small letters: " + std::string(WayOut(path)));
    }
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace headrace
