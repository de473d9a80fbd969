#include "headrace/source/sqlite/utf16.h"

#include <cstddef>

namespace headrace::sqlite {
namespace {

constexpr char32_t kFirstSurrogate = 0xD800;
constexpr char32_t kFirstLowSurrogate = 0xDC00;
constexpr char32_t kEndOfSurrogates = 0xE000;
constexpr char32_t kFirstOfPairs = 0x1'0000;

bool IsHighSurrogate(char32_t unit) { return unit >= kFirstSurrogate && unit < kFirstLowSurrogate; }

bool IsLowSurrogate(char32_t unit) { return unit >= kFirstLowSurrogate && unit < kEndOfSurrogates; }

/// The unit at byte `at`; 0 behind the last one.
char32_t UnitAt(const Utf16Text& text, size_t at) {
  if (at + 2 > text.bytes.size()) return 0;
  const auto first = static_cast<unsigned char>(text.bytes[at]);
  const auto second = static_cast<unsigned char>(text.bytes[at + 1]);
  return text.big_endian ? (first << 8U) | second : (second << 8U) | first;
}

/// A character, or a surrogate that is none.
struct CodePoint {
  char32_t value = 0;
  size_t bytes = 2;

  bool is_surrogate() const { return value >= kFirstSurrogate && value < kEndOfSurrogates; }
};

CodePoint CodePointAt(const Utf16Text& text, size_t at) {
  const char32_t unit = UnitAt(text, at);
  const char32_t next = UnitAt(text, at + 2);
  if (!IsHighSurrogate(unit) || !IsLowSurrogate(next)) return {.value = unit};
  return {.value = kFirstOfPairs + ((unit - kFirstSurrogate) << 10U) + (next - kFirstLowSurrogate),
          .bytes = 4};
}

void AppendUtf8(char32_t value, std::string& out) {
  const auto continuation = [&](unsigned shift) {
    out += static_cast<char>(0x80U | ((value >> shift) & 0x3FU));
  };
  if (value < 0x80) {
    out += static_cast<char>(value);
  } else if (value < 0x800) {
    out += static_cast<char>(0xC0U | (value >> 6U));
    continuation(0);
  } else if (value < kFirstOfPairs) {
    out += static_cast<char>(0xE0U | (value >> 12U));
    continuation(6);
    continuation(0);
  } else {
    out += static_cast<char>(0xF0U | (value >> 18U));
    continuation(12);
    continuation(6);
    continuation(0);
  }
}

}  // namespace

bool IsUtf16(const Utf16Text& text) {
  if (text.bytes.size() % 2 != 0) return false;
  for (size_t at = 0; at < text.bytes.size();) {
    const CodePoint point = CodePointAt(text, at);
    if (point.is_surrogate()) return false;
    at += point.bytes;
  }
  return true;
}

std::string GeneralizedUtf8(const Utf16Text& text) {
  std::string out;
  size_t at = 0;
  while (at + 2 <= text.bytes.size()) {
    const CodePoint point = CodePointAt(text, at);
    AppendUtf8(point.value, out);
    at += point.bytes;
  }
  if (at < text.bytes.size()) {
    out += '\xFF';
    out += text.bytes[at];
  }
  return out;
}

}  // namespace headrace::sqlite
