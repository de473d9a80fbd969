#pragma once

// Hashes of short strings are several times faster when the compiler sees the function: the
// library's own switch for that.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace headrace {

/// XXH3, 64 bits, seed 0.
inline uint64_t Xxh3(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

/// Two hexadecimal digits for each byte.
inline std::string HexOf(std::span<const unsigned char> bytes) {
  std::string hex;
  for (const unsigned char byte : bytes) {
    hex += "0123456789abcdef"[byte >> 4U];
    hex += "0123456789abcdef"[byte & 15U];
  }
  return hex;
}

/// 16 hexadecimal digits, the highest first.
inline std::string HexOf(uint64_t value) {
  XXH64_canonical_t canonical;
  XXH64_canonicalFromHash(&canonical, value);
  return HexOf(canonical.digest);
}

/// XXH3, 128 bits, seed 0, as the 32 hexadecimal digits that `xxhsum -H2` prints.
inline std::string Xxh3Hex128(std::string_view bytes) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes.data(), bytes.size()));
  return HexOf(canonical.digest);
}

/// The same hash of 64 bits, over bytes that come in pieces.
class Xxh3Stream {
 public:
  Xxh3Stream() { XXH3_64bits_reset(&state_); }

  void Add(std::string_view bytes) { XXH3_64bits_update(&state_, bytes.data(), bytes.size()); }

  /// Of all that was added: the 16 hexadecimal digits that `xxhsum -H3` prints.
  std::string Hex() const { return HexOf(XXH3_64bits_digest(&state_)); }

 private:
  XXH3_state_t state_{};
};

}  // namespace headrace
