#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace headrace {

/// The first eight bytes of `text`, the first one in the lowest byte, padded with zeros. Reads
/// nothing outside `text`.
inline uint64_t FirstBytes(std::string_view text) {
  constexpr unsigned kByteBits = 8;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  const size_t size = text.size();
  if (size >= sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof(word));
    return word;
  }
  if (size >= sizeof(uint32_t)) {  // Two halves that overlap hold the same bytes there.
    uint32_t low = 0;
    uint32_t high = 0;
    std::memcpy(&low, bytes, sizeof(low));
    std::memcpy(&high, bytes + size - sizeof(high), sizeof(high));
    return low | static_cast<uint64_t>(high) << (kByteBits * (size - sizeof(high)));
  }
  if (size == 0) return 0;
  const size_t middle = size / 2;
  return static_cast<uint64_t>(bytes[0]) |
         static_cast<uint64_t>(bytes[middle]) << (kByteBits * middle) |
         static_cast<uint64_t>(bytes[size - 1]) << (kByteBits * (size - 1));
}

/// A number that orders as the first eight bytes of `text` do: a smaller one belongs to a smaller
/// text. Equal ones say nothing.
inline uint64_t TextPrefix(std::string_view text) { return __builtin_bswap64(FirstBytes(text)); }

static_assert(std::endian::native == std::endian::little,
              "Parquet pages are laid out by copying little-endian numbers");

}  // namespace headrace
