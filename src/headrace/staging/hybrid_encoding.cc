#include "headrace/staging/hybrid_encoding.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace headrace {
namespace {

constexpr size_t kGroup = 8;  // Values are packed by eights.

/// Packed runs end here, as those of other writers do: their header is then one byte.
constexpr size_t kMostGroups = 63;

void AppendVarint(uint64_t value, ByteBuffer& out) {
  uint8_t* const bytes = out.Grow(10);
  size_t count = 0;
  for (; value >= 0x80; value >>= 7U) bytes[count++] = static_cast<uint8_t>(value | 0x80U);
  bytes[count++] = static_cast<uint8_t>(value);
  out.Advance(count);
}

void AppendRepeated(uint16_t value, size_t count, int bit_width, ByteBuffer& out) {
  AppendVarint(count << 1U, out);
  out.Append(&value, bit_width <= 8 ? 1 : 2);  // Little-endian, as the format asks.
}

/// Packs four values of up to 16 bits.
uint64_t PackFour(const uint16_t* values, int bit_width) {
  const auto width = static_cast<unsigned>(bit_width);
  return static_cast<uint64_t>(values[0]) | static_cast<uint64_t>(values[1]) << width |
         static_cast<uint64_t>(values[2]) << (2 * width) |
         static_cast<uint64_t>(values[3]) << (3 * width);
}

/// Writes eight values as `bit_width` bytes; up to 16 bytes at `out` may be overwritten.
void PackGroup(const uint16_t* values, int bit_width, uint8_t* out) {
  const uint64_t low = PackFour(values, bit_width);
  const uint64_t high = PackFour(values + 4, bit_width);
  const auto half_bits = static_cast<unsigned>(4 * bit_width);
  if (half_bits <= 32) {
    const uint64_t both = low | high << half_bits;
    std::memcpy(out, &both, sizeof(both));
    return;
  }
  // 36 to 64 bits each: the upper half begins in the middle of a byte where the width is odd.
  const uint64_t first = half_bits == 64 ? low : low | high << half_bits;
  const uint64_t second = half_bits == 64 ? high : high >> (64 - half_bits);
  std::memcpy(out, &first, sizeof(first));
  std::memcpy(out + sizeof(first), &second, sizeof(second));
}

void AppendPackedRun(std::span<const uint16_t> values, int bit_width, ByteBuffer& out) {
  const size_t groups = (values.size() + kGroup - 1) / kGroup;
  AppendVarint(groups << 1U | 1U, out);
  uint8_t* packed = out.Grow(groups * static_cast<size_t>(bit_width) + 2 * sizeof(uint64_t));
  size_t begin = 0;
  for (; begin + kGroup <= values.size(); begin += kGroup, packed += bit_width) {
    PackGroup(&values[begin], bit_width, packed);
  }
  if (begin < values.size()) {
    uint16_t last[kGroup] = {};
    std::copy(values.begin() + static_cast<std::ptrdiff_t>(begin), values.end(), last);
    PackGroup(last, bit_width, packed);
  }
  out.Advance(groups * static_cast<size_t>(bit_width));
}

void AppendPacked(std::span<const uint16_t> values, int bit_width, ByteBuffer& out) {
  while (!values.empty()) {
    const size_t count = std::min(values.size(), kMostGroups * kGroup);
    AppendPackedRun(values.first(count), bit_width, out);
    values = values.subspan(count);
  }
}

bool IsUniformGroup(const uint16_t* values) {
  uint64_t low = 0;
  uint64_t high = 0;
  std::memcpy(&low, values, sizeof(low));
  std::memcpy(&high, values + 4, sizeof(high));
  return low == high && low == values[0] * 0x0001000100010001ULL;
}

}  // namespace

int BitWidth(uint32_t greatest) { return std::max(1, static_cast<int>(std::bit_width(greatest))); }

void AppendIndices(std::span<const uint16_t> indices, int bit_width, ByteBuffer& out) {
  size_t packed_begin = 0;
  size_t position = 0;
  while (position + kGroup <= indices.size()) {
    if (!IsUniformGroup(&indices[position])) {
      position += kGroup;
      continue;
    }
    size_t end = position + kGroup;
    while (end < indices.size() && indices[end] == indices[position]) ++end;
    AppendPacked(indices.subspan(packed_begin, position - packed_begin), bit_width, out);
    AppendRepeated(indices[position], end - position, bit_width, out);
    packed_begin = position = end;
  }
  AppendPacked(indices.subspan(packed_begin), bit_width, out);
}

void AppendBitLevels(const uint8_t* bits, int64_t count, ByteBuffer& out) {
  size_t groups = (static_cast<size_t>(count) + kGroup - 1) / kGroup;
  while (groups > 0) {
    const size_t run = std::min(groups, kMostGroups);
    AppendVarint(run << 1U | 1U, out);
    out.Append(bits, run);
    bits += run;
    groups -= run;
  }
}

void AppendOneLevels(int64_t count, ByteBuffer& out) {
  AppendRepeated(1, static_cast<size_t>(count), 1, out);
}

}  // namespace headrace
