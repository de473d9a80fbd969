#include "headrace/observe/text_wrap.h"

#include <algorithm>
#include <utility>

#include "headrace/observe/human.h"

namespace headrace {
namespace {

/// Appends the one line `line`, broken. The spaces that it begins with stay in front of its first
/// word.
void WrapLine(std::string_view line, size_t width, std::vector<std::string>& lines) {
  const size_t margin = std::min(line.find_first_not_of(' '), line.size());
  lines.emplace_back(line.substr(0, margin));
  line.remove_prefix(margin);
  bool begins = true;
  while (!line.empty()) {
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(std::min(line.size(), word.size() + 1));
    if (std::exchange(begins, false)) {
      lines.back() += word;
    } else if (DisplayWidth(lines.back()) + 1 + DisplayWidth(word) <= width) {
      lines.back() += ' ';
      lines.back() += word;
    } else {
      lines.emplace_back(word);
    }
  }
}

}  // namespace

std::vector<std::string> WrapText(std::string_view text, size_t width) {
  std::vector<std::string> lines;
  do {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    WrapLine(line, width, lines);
  } while (!text.empty());
  return lines;
}

std::string IndentedText(std::string_view text, size_t indent, size_t width) {
  std::string out;
  for (const std::string& line : WrapText(text, width > indent ? width - indent : 1)) {
    out += std::string(indent, ' ') + line + "\n";
  }
  return out;
}

}  // namespace headrace
