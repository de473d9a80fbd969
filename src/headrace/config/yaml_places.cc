#include "headrace/config/yaml_places.h"

#include <yaml-cpp/mark.h>

#include <algorithm>
#include <array>

namespace headrace {
namespace {

/// yaml-cpp's messages (its exceptions.h, namespace ErrorMsg), by their beginning, and what helps
/// more.
struct SyntaxMessage {
  std::string_view begins;
  std::string_view advice;
};
constexpr std::array<SyntaxMessage, 14> kSyntaxMessages = {{
    {"illegal map value",
     "a ':' that does not fit here: check the indentation, or put text that holds ': ' in quotes"},
    {"end of map not found",
     "this line does not continue the mapping above: check the indentation"},
    {"end of sequence not found",
     "this line does not continue the list above: check the indentation"},
    {"end of map flow not found",
     "a '{' without its '}': text that holds one of { } [ ] , must be in quotes here"},
    {"end of sequence flow not found",
     "a '[' without its ']': text that holds one of { } [ ] , must be in quotes here"},
    {"illegal tab when looking for indentation", "a tab cannot indent YAML: use spaces"},
    {"the referenced anchor is not defined",
     "'*' must name an anchor (&) that is defined above: put text that starts with '*' in quotes"},
    {"anchor not found after &", "'&' defines an anchor: put text that starts with '&' in quotes"},
    {"unknown token", "text cannot start with this character: put it in quotes"},
    {"illegal EOF in scalar", "a quote is opened and not closed"},
    {"illegal document indicator in scalar", "a quote is opened and not closed before this line"},
    {"illegal block entry", "a '-' that does not fit here: check the indentation"},
    {"unknown escape character",
     "an unknown escape in double quotes: use single quotes to keep '\\' as it is"},
    {"bad file", "nested too deeply"},
}};

/// A scalar behind its anchor (`&name`) and its tag (`!!str`), where the place is theirs.
std::string_view BehindProperties(std::string_view rest) {
  constexpr std::string_view kBlanks = " \t\r\n";
  while (rest.starts_with('&') || rest.starts_with('!')) {
    rest.remove_prefix(std::min(rest.find_first_of(kBlanks), rest.size()));
    rest.remove_prefix(std::min(rest.find_first_not_of(kBlanks), rest.size()));
  }
  return rest;
}

}  // namespace

YamlPlaces::YamlPlaces(std::string_view text, bool in_file) : text_(text), in_file_(in_file) {
  lines_.push_back(0);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') lines_.push_back(i + 1);
  }
}

size_t YamlPlaces::OffsetOf(const YAML::Mark& mark) const {
  if (mark.line < 0 || mark.column < 0) return text_.size();
  const auto line = static_cast<size_t>(mark.line);
  if (line >= lines_.size()) return text_.size();
  return std::min(lines_[line] + static_cast<size_t>(mark.column), text_.size());
}

Location YamlPlaces::Of(const YAML::Mark& mark) const { return OfOffset(OffsetOf(mark)); }

Location YamlPlaces::OfOffset(size_t offset) const {
  if (!in_file_) return {};
  const auto next_line = std::ranges::upper_bound(lines_, offset);
  const size_t begin = *std::prev(next_line);
  int column = 1;
  for (const char c : text_.substr(begin, offset - begin)) {
    if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) ++column;
  }
  return {static_cast<int>(next_line - lines_.begin()), column};
}

Location YamlPlaces::OfEmpty(const YAML::Mark& mark) const {
  const std::string_view before = text_.substr(0, OffsetOf(mark));
  const size_t last = before.find_last_not_of(" \t\r\n");
  return last == std::string_view::npos ? Of(mark) : OfOffset(last);
}

std::string_view YamlPlaces::QuotedText(std::string_view rest) {
  const char quote = rest.front();
  for (size_t i = 1; i < rest.size(); ++i) {
    const bool doubled = quote == '\'' && rest.substr(i, 2) == "''";
    if ((quote == '"' && rest[i] == '\\') || doubled) {
      ++i;
    } else if (rest[i] == quote) {
      return rest.substr(0, i + 1);
    }
  }
  return rest;
}

bool YamlPlaces::IsQuoteClosed(const YAML::Mark& mark) const {
  const std::string_view rest = BehindProperties(text_.substr(OffsetOf(mark)));
  if (rest.empty() || (rest.front() != '"' && rest.front() != '\'')) return true;
  const std::string_view quoted = QuotedText(rest);
  return quoted.size() < rest.size() || (quoted.size() > 1 && quoted.back() == rest.front());
}

bool YamlPlaces::IsFolded(const YAML::Mark& mark, std::string_view value) const {
  const std::string_view rest = BehindProperties(text_.substr(OffsetOf(mark)));
  if (rest.empty() || rest.front() == '|') return false;
  if (rest.front() == '"' || rest.front() == '\'') {
    return QuotedText(rest).find('\n') != std::string_view::npos;
  }
  return rest.front() == '>' || !rest.starts_with(value);
}

bool YamlPlaces::IsIndentedByTab(const YAML::Mark& mark) const {
  const size_t offset = OffsetOf(mark);
  const size_t begin = *std::prev(std::ranges::upper_bound(lines_, offset));
  const std::string_view line = text_.substr(begin);
  const std::string_view indentation = line.substr(0, line.find_first_not_of(" \t"));
  return indentation.find('\t') != std::string_view::npos;
}

std::string_view YamlPlaces::NullWordAt(const YAML::Mark& mark) const {
  const std::string_view word = text_.substr(OffsetOf(mark), 4);
  return word == "null" || word == "Null" || word == "NULL" ? "null" : "";
}

std::string SyntaxAdvice(std::string_view message) {
  for (const SyntaxMessage& row : kSyntaxMessages) {
    if (message.starts_with(row.begins)) return std::string(row.advice);
  }
  return std::string(message);
}

}  // namespace headrace
