#pragma once

#include <cstdint>
#include <string>

namespace headrace {

/// The binary form of a numeric: digits of base 10,000, the first of which counts 10,000^weight.
/// Views the wire's bytes.
struct WireNumeric {
  enum class Kind { kFinite, kNaN, kInfinity, kMinusInfinity };

  Kind kind = Kind::kFinite;
  bool negative = false;
  int32_t digits = 0;
  int32_t weight = 0;
  int32_t scale = 0;  ///< Digits shown after the point.
  const uint8_t* digit_bytes = nullptr;

  uint32_t Digit(int32_t index) const;  ///< 0 outside of what is sent.
};

/// Decimal digits in one digit of the wire.
inline constexpr int32_t kDigitsPerGroup = 4;

/// False where the bytes are no numeric.
bool ParseNumeric(const uint8_t* data, int32_t size, WireNumeric& number);

/// The number as the server prints it. Returns the end of what was written, at most MaxTextBytes
/// behind `out`.
char* WriteText(const WireNumeric& number, char* out);
int64_t MaxTextBytes(const WireNumeric& number);
std::string NumericText(const WireNumeric& number);

}  // namespace headrace
