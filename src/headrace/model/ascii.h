#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace headrace {

/// The small letter of a capital of ASCII; every other byte as it is, whatever the locale.
constexpr char LowerAscii(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// `text` with each byte by LowerAscii(char).
inline std::string LowerAsciiText(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), LowerAscii);
  return lower;
}

}  // namespace headrace
