#include "headrace/model/utf8.h"

#include <arrow/util/utf8.h>

#include <algorithm>
#include <array>

namespace headrace {
namespace {

constexpr size_t kMostShownBytes = 80;

/// The least code point that a sequence of so many bytes may stand for: RFC 3629, 3.
constexpr std::array<char32_t, 5> kLeastOfSize = {0, 0, 0x80, 0x800, 0x1'0000};
constexpr char32_t kMostCodePoint = 0x10'FFFF;

struct CodePointRange {
  char32_t first;
  char32_t last;
};

constexpr std::array kInvisible = {CodePointRange{0x00, 0x1F},     CodePointRange{0x7F, 0x9F},
                                   CodePointRange{0xAD, 0xAD},     CodePointRange{0x61C, 0x61C},
                                   CodePointRange{0x200B, 0x200F}, CodePointRange{0x2028, 0x202E},
                                   CodePointRange{0x2060, 0x206F}, CodePointRange{0xFEFF, 0xFEFF}};

std::string HexEscape(char byte) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto value = static_cast<unsigned char>(byte);
  return {'\\', 'x', kDigits[value >> 4U], kDigits[value & 0xFU]};
}

constexpr bool IsSurrogate(char32_t value) { return value >= 0xD800 && value <= 0xDFFF; }

constexpr bool IsContinuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

/// What the first byte of a sequence says of its size; 0: no first byte.
size_t SizeOfLead(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return 2;
  if (lead >= 0xE0 && lead < 0xF0) return 3;
  return lead >= 0xF0 && lead < 0xF5 ? 4 : 0;
}

/// The code point of the first `size` bytes; without a look at what they are.
char32_t Decode(std::string_view text, size_t size) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (size == 1) return lead;
  char32_t value = lead & (0xFFU >> (size + 1));
  for (const char c : text.substr(1, size - 1)) {
    value = (value << 6U) | (static_cast<unsigned char>(c) & 0x3FU);
  }
  return value;
}

}  // namespace

size_t Utf8CharacterSize(std::string_view text) {
  if (text.empty()) return 0;
  const size_t size = SizeOfLead(static_cast<unsigned char>(text[0]));
  if (size == 0 || size > text.size()) return 0;
  if (!std::ranges::all_of(text.substr(1, size - 1), IsContinuation)) return 0;
  const char32_t value = Decode(text, size);
  const bool good =
      value >= kLeastOfSize.at(size) && value <= kMostCodePoint && !IsSurrogate(value);
  return good ? size : 0;
}

bool IsUtf8(std::string_view text) {
  arrow::util::InitializeUTF8();  // its tables; without them every text is valid
  return arrow::util::ValidateUTF8(text);
}

std::string ShortenedValue(std::string_view text) {
  if (text.size() <= kMostShownBytes) return std::string(text);
  size_t end = kMostShownBytes;
  while (end > 0 && IsContinuation(text[end])) --end;
  return std::string(text.substr(0, end)) + "…";
}

std::string QuotedText(std::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const size_t size = Utf8CharacterSize(text);
    const std::string_view character = text.substr(0, std::max(size, size_t{1}));
    if (size == 0 || IsInvisible(character)) {
      for (const char byte : character) quoted += HexEscape(byte);
    } else {
      if (character == "\"" || character == "\\") quoted += '\\';
      quoted += character;
    }
    text.remove_prefix(character.size());
  }
  return quoted + '"';
}

bool IsInvisible(std::string_view character) {
  const size_t size = Utf8CharacterSize(character);
  if (size == 0) return false;
  const char32_t value = Decode(character, size);
  return std::ranges::any_of(kInvisible, [&](const CodePointRange& range) {
    return value >= range.first && value <= range.last;
  });
}

}  // namespace headrace
