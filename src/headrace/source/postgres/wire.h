#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace headrace::wire {

/// Big-endian loads from unaligned memory.
inline uint16_t Load16(const uint8_t* bytes) {
  uint16_t value = 0;
  std::memcpy(&value, bytes, sizeof(value));
  return __builtin_bswap16(value);
}
inline uint32_t Load32(const uint8_t* bytes) {
  uint32_t value = 0;
  std::memcpy(&value, bytes, sizeof(value));
  return __builtin_bswap32(value);
}
inline uint64_t Load64(const uint8_t* bytes) {
  uint64_t value = 0;
  std::memcpy(&value, bytes, sizeof(value));
  return __builtin_bswap64(value);
}
inline int16_t LoadInt16(const uint8_t* bytes) { return static_cast<int16_t>(Load16(bytes)); }
inline int32_t LoadInt32(const uint8_t* bytes) { return static_cast<int32_t>(Load32(bytes)); }
inline int64_t LoadInt64(const uint8_t* bytes) { return static_cast<int64_t>(Load64(bytes)); }

/// Reads a nested value piece by piece and never beyond its end.
class Cursor {
 public:
  Cursor(const uint8_t* data, int64_t size) : at_(data), end_(data + size) {}

  int64_t left() const { return end_ - at_; }
  const uint8_t* at() const { return at_; }

  bool TakeInt32(int32_t& value) {
    if (left() < 4) return false;
    value = LoadInt32(at_);
    at_ += 4;
    return true;
  }

  /// A length, then as many bytes; a length of -1 is NULL and has none.
  bool TakeField(const uint8_t*& data, int32_t& size) {
    if (!TakeInt32(size) || size < -1 || size > left()) return false;
    data = at_;
    if (size > 0) at_ += size;
    return true;
  }

 private:
  const uint8_t* at_;
  const uint8_t* end_;
};

}  // namespace headrace::wire
