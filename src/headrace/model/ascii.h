#pragma once

namespace headrace {

/// The small letter of a capital of ASCII; every other byte as it is, whatever the locale.
constexpr char LowerAscii(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace headrace
