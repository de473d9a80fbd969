#include "headrace/destination/parquet/schema_difference.h"

#include <arrow/type.h>

#include <algorithm>
#include <string_view>
#include <variant>
#include <vector>

#include "headrace/model/text_front.h"
#include "headrace/model/utf8.h"

namespace headrace {
namespace {

constexpr std::string_view kNotNull = " not null";

/// Whether a line shows where `name` begins and ends.
bool IsClear(std::string_view name) {
  if (name.empty() || name.front() == ' ' || name.back() == ' ') return false;
  if (name.find_first_of("\"\\:,<>") != std::string_view::npos) return false;
  while (!name.empty()) {
    const size_t size = Utf8CharacterSize(name);
    if (size == 0 || IsInvisible(name.substr(0, size))) return false;
    name.remove_prefix(size);
  }
  return true;
}

/// As Arrow shows a field, but for the quotes.
std::string LineOf(const CommittedField& field) {
  std::string line = IsClear(field.name) ? field.name : QuotedText(field.name);
  line.append(": ").append(field.type);
  for (const CommittedField& child : field.children) {
    line.append(&child == &field.children.front() ? "<" : ", ").append(LineOf(child));
  }
  if (!field.children.empty()) line += '>';
  return field.nullable ? line : line.append(kNotNull);
}

std::string_view LineOf(std::string_view line) { return line; }

template <typename Column>
std::string OnlyIn(const std::vector<Column>& columns, const std::vector<Column>& others,
                   std::string_view mark) {
  std::string text;
  for (const Column& column : columns) {
    if (std::ranges::find(others, column) == others.end()) {
      text.append("\n").append(mark).append(LineOf(column));
    }
  }
  return text;
}

template <typename Column>
std::string DifferenceOf(const std::vector<Column>& before, const std::vector<Column>& now) {
  if (before == now) return {};
  std::string difference = OnlyIn(before, now, "- ") + OnlyIn(now, before, "+ ");
  if (difference.empty()) difference = "\nthe same columns in another order";
  return difference;
}

/// Whether a column may be NULL is not compared: readers of a lake take the files' columns together
/// by name and type, and a source that drops a NOT NULL must not end its history.
std::vector<CommittedField> WithNulls(std::vector<CommittedField> columns) {
  for (CommittedField& column : columns) column.nullable = true;
  return columns;
}

/// The lines of Arrow's display text.
std::vector<std::string_view> TextLines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with(kNotNull)) line.remove_suffix(kNotNull.size());
    lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// The indented lines below a nested column, `  child 0, element: int32`, which repeat what its own
/// line says.
bool LooksNested(std::string_view line) {
  TextFront front(line.substr(std::min(line.find_first_not_of(' '), line.size())));
  int number = 0;
  return line.starts_with("  ") && front.Skip("child ") && front.Digits(1, 9, number) &&
         front.Skip(", ");
}

std::string TextDifference(std::string_view table, std::string_view run) {
  std::vector<std::string_view> before = TextLines(table);
  std::vector<std::string_view> now = TextLines(run);
  const std::string difference = DifferenceOf(before, now);
  std::erase_if(before, LooksNested);
  std::erase_if(now, LooksNested);
  const std::string of_columns = DifferenceOf(before, now);
  return of_columns.empty() ? difference : of_columns;
}

}  // namespace

std::string SchemaDifference(const CommittedSchema& table, const arrow::Schema& run) {
  if (const auto* text = std::get_if<std::string>(&table)) {
    return TextDifference(*text, run.ToString());
  }
  return DifferenceOf(WithNulls(std::get<std::vector<CommittedField>>(table)),
                      WithNulls(CommittedFields(run)));
}

}  // namespace headrace
