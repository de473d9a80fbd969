#pragma once

#include <array>
#include <bit>
#include <cstdint>

/// The arithmetic of docs/format/checksum.md, to the bit. Names are those of that page: a value
/// becomes a *word*, a word and the position of its column become a *hash*, the hashes of a row are
/// added and mixed.
namespace headrace {

/// 2^64 divided by the golden ratio: the increment of SplitMix64 (Steele, Lea, Flood 2014).
inline constexpr uint64_t kGoldenGamma = 0x9E3779B97F4A7C15;

/// Told apart by these tags are kinds of values that would otherwise have equal words.
inline constexpr uint64_t kFloatTag = 0xA0761D6478BD642F;
inline constexpr uint64_t kListTag = 0xE7037ED1A0B428DB;
inline constexpr uint64_t kStructTag = 0x8EBC6AF09C88C6E3;

/// The finaliser of SplitMix64: a bijection in which every bit of the input changes about half of
/// the output.
constexpr uint64_t Mix(uint64_t value) {
  value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9;
  value = (value ^ (value >> 27U)) * 0x94D049BB133111EB;
  return value ^ (value >> 31U);
}

__extension__ using Product128 = unsigned __int128;

/// The two halves of the 128-bit product, folded by exclusive or (the step of wyhash).
constexpr uint64_t MultiplyFold(uint64_t a, uint64_t b) {
  const Product128 product = static_cast<Product128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64U);
}

/// What a column's position in the row (from 0) makes of its values.
struct ColumnSalt {
  uint64_t flip = 0;        ///< Exclusive-or'ed to the word.
  uint64_t multiplier = 0;  ///< Odd.
  uint64_t null_hash = 0;   ///< The hash of NULL.

  static constexpr ColumnSalt At(uint64_t position) {
    return {Mix((3 * position + 1) * kGoldenGamma), Mix((3 * position + 2) * kGoldenGamma) | 1U,
            Mix((3 * position + 3) * kGoldenGamma)};
  }

  constexpr uint64_t Hash(uint64_t word) const { return MultiplyFold(word ^ flip, multiplier); }
};

/// The word of a floating-point number: the bits of the double, with one NaN and one zero.
inline uint64_t FloatWord(double value) {
  constexpr uint64_t kQuietNan = 0x7FF8000000000000;
  const uint64_t bits =
      value != value ? kQuietNan : std::bit_cast<uint64_t>(value + 0.0);  // −0 + 0 = +0
  return bits ^ kFloatTag;
}

/// The word of `unscaled` × 10^-`scale`, `scale` ≥ 0: trailing zeros behind the point do not count,
/// so that 5.00 is the integer 5.
constexpr uint64_t DecimalWord(int64_t unscaled, int scale) {
  if (unscaled == 0) return 0;
  while (scale > 0 && unscaled % 10 == 0) {
    unscaled /= 10;
    --scale;
  }
  return static_cast<uint64_t>(unscaled) + static_cast<uint64_t>(scale) * kGoldenGamma;
}

/// The same of an unscaled value of 256 bits: two's complement, least significant limb first.
uint64_t WideDecimalWord(const std::array<uint64_t, 4>& limbs, int scale);

/// The word of `value` × `factor` (which is positive), also beyond the range of int64.
uint64_t ScaledIntegerWord(int64_t value, int64_t factor);

}  // namespace headrace
