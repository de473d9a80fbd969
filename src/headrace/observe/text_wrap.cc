#include "headrace/observe/text_wrap.h"

#include <algorithm>

#include "headrace/observe/human.h"

namespace headrace {

std::vector<std::string> WrapText(std::string_view text, size_t width) {
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (lines.back().empty()) {
      lines.back() = word;
    } else if (DisplayWidth(lines.back()) + 1 + DisplayWidth(word) <= width) {
      lines.back() += ' ';
      lines.back() += word;
    } else {
      lines.emplace_back(word);
    }
  }
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
