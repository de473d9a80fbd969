#include "headrace/model/base64.h"

#include <algorithm>
#include <cstdint>

namespace headrace {
namespace {

constexpr std::string_view kBase64Alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr size_t kGroupBytes = 3;
constexpr size_t kGroupCharacters = 4;

/// The first one to three bytes of `bytes` as 24 bits, zeros behind them.
uint32_t GroupOf(std::string_view bytes) {
  uint32_t group = 0;
  for (size_t i = 0; i < kGroupBytes; ++i) {
    group = (group << 8U) | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U);
  }
  return group;
}

/// The `i`-th of the four characters of a group.
char CharacterOf(uint32_t group, size_t i) { return kBase64Alphabet[group >> (18 - 6 * i) & 63U]; }

}  // namespace

void AppendBase64(std::string_view bytes, std::string& text) {
  size_t out = text.size();
  text.resize(out + (bytes.size() + kGroupBytes - 1) / kGroupBytes * kGroupCharacters, '=');
  while (!bytes.empty()) {
    const uint32_t group = GroupOf(bytes);
    const size_t taken = std::min(bytes.size(), kGroupBytes);
    for (size_t i = 0; i <= taken; ++i) text[out + i] = CharacterOf(group, i);
    out += kGroupCharacters;
    bytes.remove_prefix(taken);
  }
}

}  // namespace headrace
