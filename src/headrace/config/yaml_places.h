#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "headrace/config/problems.h"

namespace YAML {
struct Mark;
}  // namespace YAML

namespace headrace {

/// Turns yaml-cpp's marks (bytes, from 0) into places of a text (characters, from 1). The text must
/// outlive it.
class YamlPlaces {
 public:
  /// Without `in_file` every place is that of a `--set`.
  YamlPlaces(std::string_view text, bool in_file);

  Location Of(const YAML::Mark& mark) const;

  /// The place of a value that is not there (`key:`): yaml-cpp marks what follows it, a person
  /// looks at what stands before.
  Location OfEmpty(const YAML::Mark& mark) const;

  /// false where a quote begins at `mark` and is never closed: yaml-cpp takes the rest of the file
  /// for text.
  bool IsQuoteClosed(const YAML::Mark& mark) const;

  /// Whether the scalar `value` at `mark` stands on several lines that YAML joins to fewer: behind
  /// `>`, in quotes, or plain.
  bool IsFolded(const YAML::Mark& mark, std::string_view value) const;

  /// Does a tab stand in the indentation of the line of `mark`?
  bool IsIndentedByTab(const YAML::Mark& mark) const;

  /// "null" where the word, and not nothing or `~`, stands at `mark`; else empty.
  std::string_view NullWordAt(const YAML::Mark& mark) const;

 private:
  size_t OffsetOf(const YAML::Mark& mark) const;
  /// `rest` begins with a quote: the text up to its end, both included; all where there is none.
  static std::string_view QuotedText(std::string_view rest);
  Location OfOffset(size_t offset) const;

  std::string_view text_;
  bool in_file_;
  std::vector<size_t> lines_;  // offset of each line
};

/// yaml-cpp's message of a syntax error in words that help. Never quotes the text that is wrong: it
/// may be a secret.
std::string SyntaxAdvice(std::string_view message);

}  // namespace headrace
