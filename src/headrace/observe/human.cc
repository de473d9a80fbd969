#include "headrace/observe/human.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "headrace/model/utf8.h"

namespace headrace {
namespace {

constexpr std::array<std::string_view, 6> kByteUnits = {"B", "kB", "MB", "GB", "TB", "PB"};

/// First and last code point of a range.
struct CodePointRange {
  char32_t first;
  char32_t last;
};

/// Ranges of East Asian Width W and F (Unicode 15, EastAsianWidth.txt), neighbours merged.
constexpr std::array kWideRanges = std::to_array<CodePointRange>({{0x1100, 0x115F},
                                                                  {0x2E80, 0x303E},
                                                                  {0x3041, 0xA4CF},
                                                                  {0xA960, 0xA97C},
                                                                  {0xAC00, 0xD7A3},
                                                                  {0xF900, 0xFAFF},
                                                                  {0xFE30, 0xFE6F},
                                                                  {0xFF00, 0xFF60},
                                                                  {0xFFE0, 0xFFE6},
                                                                  {0x1F300, 0x1F64F},
                                                                  {0x1F900, 0x1F9FF},
                                                                  {0x20000, 0x3FFFD}});

/// Combining marks and joiners that take no column of their own.
constexpr std::array kZeroWidthRanges = std::to_array<CodePointRange>({{0x0300, 0x036F},
                                                                       {0x1AB0, 0x1AFF},
                                                                       {0x1DC0, 0x1DFF},
                                                                       {0x200B, 0x200F},
                                                                       {0x20D0, 0x20FF},
                                                                       {0xFE00, 0xFE0F},
                                                                       {0xFE20, 0xFE2F}});

template <size_t Size>
bool IsInRanges(const std::array<CodePointRange, Size>& ranges, char32_t code_point) {
  return std::ranges::any_of(ranges, [code_point](const CodePointRange& range) {
    return range.first <= code_point && code_point <= range.last;
  });
}

size_t WidthOf(char32_t code_point) {
  if (IsInRanges(kZeroWidthRanges, code_point)) return 0;
  return IsInRanges(kWideRanges, code_point) ? 2 : 1;
}

/// Bytes of the UTF-8 sequence that `lead` starts; 1 for what starts none.
size_t SequenceLength(unsigned char lead) {
  if (lead >= 0xF0) return 4;
  if (lead >= 0xE0) return 3;
  return lead >= 0xC0 ? 2 : 1;
}

/// One code point and how many bytes it took.
struct DecodedCodePoint {
  char32_t value;
  size_t bytes;
};

/// Decodes the code point at the start of `text`, which is not empty. A broken sequence is one
/// column per byte.
DecodedCodePoint DecodeFirst(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const size_t length = SequenceLength(lead);
  if (length == 1 || length > text.size()) return {lead, 1};
  char32_t value = lead & (0xFFU >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0U) != 0x80U) return {lead, 1};
    value = (value << 6U) | (byte & 0x3FU);
  }
  return {value, length};
}

/// Control characters of one byte, and those of two (U+0080 to U+009F), which some terminals obey.
std::string EscapedControl(std::string_view character) {
  const auto last = static_cast<unsigned char>(character.back());
  const bool is_control = character.size() == 1
                              ? last < 0x20 || last == 0x7F
                              : character.size() == 2 && character[0] == '\xC2' && last < 0xA0;
  return is_control ? fmt::format("\\x{:02x}", last) : std::string(character);
}

/// `text` as UTF-8 without control characters; `line_feed` and `tab` stand for those two.
std::string Escaped(std::string_view text, std::string_view line_feed, std::string_view tab) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t size = Utf8CharacterSize(text);
    if (size == 0) {
      out += kReplacementCharacter;
    } else if (text[0] == '\n') {
      out += line_feed;
    } else if (text[0] == '\t') {
      out += tab;
    } else {
      out += EscapedControl(text.substr(0, size));
    }
    text.remove_prefix(std::max(size, size_t{1}));
  }
  return out;
}

std::string WholeSecondsText(int64_t seconds) {
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min {:02} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {:02} min", seconds / 3600, seconds % 3600 / 60);
}

}  // namespace

std::string HumanCount(int64_t count) {
  std::string digits = fmt::format("{}", count);
  const size_t sign = count < 0 ? 1 : 0;
  for (size_t at = digits.size(); at > sign + 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string HumanBytes(double bytes) {
  size_t unit = 0;
  while (std::abs(bytes) >= 999.5 && unit + 1 < kByteUnits.size()) {
    bytes /= 1000;
    ++unit;
  }
  const bool decimal = unit > 0 && std::abs(bytes) < 99.95;
  return decimal ? fmt::format("{:.1f} {}", bytes, kByteUnits[unit])
                 : fmt::format("{:.0f} {}", bytes, kByteUnits[unit]);
}

std::string HumanSeconds(double seconds) {
  if (seconds < 0.995) return fmt::format("{:.2f} s", std::max(0.0, seconds));
  if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
  return WholeSecondsText(std::llround(seconds));
}

std::string HumanWholeSeconds(double seconds) {
  return WholeSecondsText(std::llround(std::ceil(seconds)));
}

std::string HumanPercent(double share) {
  if (share <= 0) return "0%";
  if (share >= 1) return "100%";
  return fmt::format("{}%", std::clamp<int64_t>(std::llround(share * 100), 1, 99));
}

std::string HumanNumberOf(int64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", HumanCount(count), noun, count == 1 ? "" : "s");
}

std::string HumanEstimate(int64_t count, std::string_view noun) {
  return count < 0 ? fmt::format("{}s unknown", noun) : "about " + HumanNumberOf(count, noun);
}

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  while (!text.empty()) {
    const DecodedCodePoint first = DecodeFirst(text);
    width += WidthOf(first.value);
    text.remove_prefix(first.bytes);
  }
  return width;
}

std::string TruncateToWidth(std::string_view text, size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  if (width == 0) return {};
  size_t used = 0;
  size_t bytes = 0;
  while (bytes < text.size()) {
    const DecodedCodePoint next = DecodeFirst(text.substr(bytes));
    if (used + WidthOf(next.value) > width - 1) break;
    used += WidthOf(next.value);
    bytes += next.bytes;
  }
  return std::string(text.substr(0, bytes)) + "…";
}

std::string PlainLines(std::string_view text) { return Escaped(text, "\n", "  "); }

std::string EscapeControls(std::string_view text) { return Escaped(text, "\\n", "\\t"); }

}  // namespace headrace
