#pragma once

// Hashes of short strings are several times faster when the compiler sees the function: the
// library's own switch for that.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace headrace {

/// XXH3, 64 bits, seed 0.
inline uint64_t Xxh3(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

/// XXH3, 128 bits, seed 0, as the 32 hexadecimal digits that `xxhsum -H2` prints.
inline std::string Xxh3Hex128(std::string_view bytes) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes.data(), bytes.size()));
  std::string hex;
  for (const unsigned char byte : canonical.digest) {
    hex += "0123456789abcdef"[byte >> 4U];
    hex += "0123456789abcdef"[byte & 15U];
  }
  return hex;
}

}  // namespace headrace
