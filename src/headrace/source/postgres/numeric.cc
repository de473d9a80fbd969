#include "headrace/source/postgres/numeric.h"

#include <algorithm>
#include <string_view>

#include "headrace/source/postgres/wire.h"

namespace headrace {
namespace {

/// src/backend/utils/adt/numeric.c of PostgreSQL.
constexpr uint16_t kPositiveSign = 0x0000;
constexpr uint16_t kNegativeSign = 0x4000;
constexpr uint16_t kNaNSign = 0xc000;
constexpr uint16_t kInfinitySign = 0xd000;
constexpr uint16_t kMinusInfinitySign = 0xf000;
constexpr int32_t kMaxScale = 0x3fff;

constexpr int32_t kNumericHeaderBytes = 8;
constexpr int32_t kGroupBytes = 2;
constexpr uint32_t kGroupBase = 10'000;

std::string_view SpecialText(WireNumeric::Kind kind) {
  if (kind == WireNumeric::Kind::kNaN) return "NaN";
  return kind == WireNumeric::Kind::kInfinity ? "Infinity" : "-Infinity";
}

bool ParseSign(uint16_t sign, WireNumeric& number) {
  using Kind = WireNumeric::Kind;
  number.negative = sign == kNegativeSign;
  if (sign == kPositiveSign || sign == kNegativeSign) {
    number.kind = Kind::kFinite;
  } else if (sign == kNaNSign) {
    number.kind = Kind::kNaN;
  } else if (sign == kInfinitySign) {
    number.kind = Kind::kInfinity;
  } else if (sign == kMinusInfinitySign) {
    number.kind = Kind::kMinusInfinity;
  } else {
    return false;
  }
  return true;
}

/// Writes the four decimal digits of a group.
char* WriteGroup(uint32_t group, char* out) {
  for (uint32_t unit = kGroupBase / 10; unit > 0; unit /= 10) {
    *out++ = static_cast<char>('0' + group / unit % 10);
  }
  return out;
}

char* WriteWhole(const WireNumeric& number, char* out) {
  if (number.weight < 0) {
    *out++ = '0';
    return out;
  }
  char* begin = out;
  for (int32_t i = 0; i <= number.weight; ++i) out = WriteGroup(number.Digit(i), out);
  // Leading zeros of the first groups, but not the last digit.
  char* first = std::find_if(begin, out - 1, [](char c) { return c != '0'; });
  return std::copy(first, out, begin);
}

char* WriteFraction(const WireNumeric& number, char* out) {
  char* end = out + number.scale;
  for (int32_t i = number.weight + 1; out < end; ++i) out = WriteGroup(number.Digit(i), out);
  return end;
}

}  // namespace

uint32_t WireNumeric::Digit(int32_t index) const {
  if (index < 0 || index >= digits) return 0;
  return wire::Load16(digit_bytes + int64_t{kGroupBytes} * index);
}

bool ParseNumeric(const uint8_t* data, int32_t size, WireNumeric& number) {
  if (size < kNumericHeaderBytes) return false;
  number.digits = wire::Load16(data);
  number.weight = wire::LoadInt16(data + 2);
  number.scale = wire::Load16(data + 6);
  number.digit_bytes = data + kNumericHeaderBytes;
  if (size != kNumericHeaderBytes + kGroupBytes * number.digits) return false;
  if (number.scale > kMaxScale || !ParseSign(wire::Load16(data + 4), number)) return false;
  for (int32_t i = 0; i < number.digits; ++i) {
    if (number.Digit(i) >= kGroupBase) return false;
  }
  return true;
}

char* WriteText(const WireNumeric& number, char* out) {
  if (number.kind != WireNumeric::Kind::kFinite) {
    const std::string_view text = SpecialText(number.kind);
    return std::ranges::copy(text, out).out;
  }
  if (number.negative) *out++ = '-';
  out = WriteWhole(number, out);
  if (number.scale == 0) return out;
  *out++ = '.';
  return WriteFraction(number, out);
}

/// Room for sign, point, and whole groups on both sides.
int64_t MaxTextBytes(const WireNumeric& number) {
  const int64_t whole = kDigitsPerGroup * (std::max<int64_t>(number.weight, 0) + 1);
  return whole + number.scale + kDigitsPerGroup + 16;
}

std::string NumericText(const WireNumeric& number) {
  std::string text(static_cast<size_t>(MaxTextBytes(number)), '\0');
  text.resize(static_cast<size_t>(WriteText(number, text.data()) - text.data()));
  return text;
}

}  // namespace headrace
