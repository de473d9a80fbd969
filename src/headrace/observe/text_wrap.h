#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace headrace {

/// The lines of `text`, broken at spaces into lines of at most `width` columns; a longer word has a
/// line of its own. A line feed at the end begins no line.
std::vector<std::string> WrapText(std::string_view text, size_t width);

/// `text`, wrapped, each line behind `indent` spaces and with a line feed.
std::string IndentedText(std::string_view text, size_t indent, size_t width);

}  // namespace headrace
