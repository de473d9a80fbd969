#include "headrace/model/value_hash.h"

#include <arrow/util/decimal.h>

#include "headrace/model/xxh3.h"

namespace headrace {
namespace {

bool FitsInt64(const std::array<uint64_t, 4>& limbs) {
  const uint64_t sign = static_cast<int64_t>(limbs[0]) < 0 ? ~uint64_t{0} : 0;
  return limbs[1] == sign && limbs[2] == sign && limbs[3] == sign;
}

/// The last decimal digit of a number of 256 bits without sign. 2^64, and so each power of it, is 6
/// mod 10.
uint64_t LastDigit(const std::array<uint64_t, 4>& limbs) {
  return (6 * (limbs[1] % 10 + limbs[2] % 10 + limbs[3] % 10) + limbs[0] % 10) % 10;
}

uint64_t HashOfLimbs(const std::array<uint64_t, 4>& limbs) {
  return Xxh3({reinterpret_cast<const char*>(limbs.data()), sizeof(limbs)});
}

}  // namespace

uint64_t WideDecimalWord(const std::array<uint64_t, 4>& limbs, int scale) {
  if (FitsInt64(limbs)) return DecimalWord(static_cast<int64_t>(limbs[0]), scale);
  arrow::Decimal256 value(arrow::BasicDecimal256::LittleEndianArray, limbs);
  const auto magnitude = [&value] {
    return arrow::BasicDecimal256::Abs(value).little_endian_array();
  };
  while (scale > 0 && LastDigit(magnitude()) == 0) {
    value = arrow::Decimal256(value.ReduceScaleBy(1, false));
    --scale;
  }
  const std::array<uint64_t, 4>& stripped = value.little_endian_array();
  if (FitsInt64(stripped)) return DecimalWord(static_cast<int64_t>(stripped[0]), scale);
  return HashOfLimbs(stripped) + static_cast<uint64_t>(scale) * kGoldenGamma;
}

uint64_t ScaledIntegerWord(int64_t value, int64_t factor) {
  int64_t product = 0;
  if (!__builtin_mul_overflow(value, factor, &product)) return static_cast<uint64_t>(product);
  const arrow::BasicDecimal256 wide =
      arrow::BasicDecimal256(value) * arrow::BasicDecimal256(factor);
  return WideDecimalWord(wide.little_endian_array(), 0);
}

}  // namespace headrace
