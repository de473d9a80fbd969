#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace headrace {

/// The small letter of a capital of ASCII; every other byte as it is, whatever the locale.
constexpr char LowerAscii(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// The capital of a small letter of ASCII; every other byte as it is.
constexpr char UpperAscii(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

constexpr bool IsAsciiDigit(char c) { return c >= '0' && c <= '9'; }

/// `text` with each byte by UpperAscii(char).
inline std::string UpperAsciiText(std::string_view text) {
  std::string upper(text);
  std::ranges::transform(upper, upper.begin(), UpperAscii);
  return upper;
}

/// `text` with each byte by LowerAscii(char).
inline std::string LowerAsciiText(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), LowerAscii);
  return lower;
}

}  // namespace headrace
