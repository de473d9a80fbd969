#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "headrace/staging/byte_buffer.h"
#include "headrace/staging/text_prefix.h"

namespace headrace {

/// A dictionary with more entries, or bytes, than this does not pay; its column chunk becomes
/// PLAIN.
inline constexpr size_t kMostDictionaryEntries = 1 << 15;
inline constexpr size_t kMostDictionaryBytes = 1 << 20;

/// Hash of a text: multiply and fold, eight bytes at a time. Only for tables in memory.
inline uint64_t HashOf(std::string_view text) {
  constexpr uint64_t kMultiplier = 0x9E3779B97F4A7C15;
  uint64_t hash = text.size() * kMultiplier;
  while (text.size() > sizeof(uint64_t)) {
    hash = (hash ^ FirstBytes(text)) * kMultiplier;
    hash ^= hash >> 32U;
    text.remove_prefix(sizeof(uint64_t));
  }
  hash = (hash ^ FirstBytes(text)) * kMultiplier;
  return hash ^ hash >> 32U;
}

template <typename Number>
uint64_t HashOf(Number number) {
  constexpr uint64_t kMultiplier = 0x9E3779B97F4A7C15;
  uint64_t word = 0;
  std::memcpy(&word, &number, sizeof(number));
  // A product's low bits know nothing of its factor's high ones: 1.23, 2.46 and 4.92 differ in the
  // exponent alone.
  word ^= word >> 32U;
  word *= kMultiplier;
  return word ^ word >> 32U;
}

/// Numbers the distinct values of a column chunk in the order of their first appearance. `Value` is
/// a number, compared by its bytes, or a string_view whose text must outlive the dictionary.
template <typename Value>
class Dictionary {
 public:
  Dictionary() : slots_(kFirstSlots) {}

  /// Empties it, with room for `expected` entries before it has to grow. Memory is kept.
  void Clear(size_t expected = 0) {
    slots_.assign(std::max(kFirstSlots, std::bit_ceil(2 * expected)), Slot{});
    entries_.clear();
    bytes_ = 0;
  }

  /// The index of `value`; nothing if the dictionary would become too large.
  std::optional<uint16_t> Index(const Value& value) {
    const uint64_t hash = HashOf(value);
    const auto tag = static_cast<uint32_t>(hash >> 32U);
    for (size_t at = hash & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[at];
      if (slot.number == 0) return Add(value, at, tag);
      if (slot.tag == tag && Same(entries_[slot.number - 1U], value))
        return static_cast<uint16_t>(slot.number - 1U);
    }
  }

  const std::vector<Value>& entries() const { return entries_; }

 private:
  static constexpr size_t kFirstSlots = 256;

  /// `number` is one more than the entry's index; 0: free.
  struct Slot {
    uint32_t number = 0;
    uint32_t tag = 0;
  };

  static bool Same(std::string_view left, std::string_view right) {
    constexpr size_t kWord = sizeof(uint64_t);
    if (left.size() != right.size() || FirstBytes(left) != FirstBytes(right)) return false;
    return left.size() <= kWord ||
           std::memcmp(left.data() + kWord, right.data() + kWord, left.size() - kWord) == 0;
  }

  /// NaN is a value too, and -0 another than +0.
  template <typename Number>
  static bool Same(const Number& left, const Number& right) {
    return std::memcmp(&left, &right, sizeof(Number)) == 0;
  }

  static size_t BytesOf(const Value& value) {
    if constexpr (std::is_same_v<Value, std::string_view>) {
      return value.size() + sizeof(uint32_t);
    } else {
      return sizeof(value);
    }
  }

  std::optional<uint16_t> Add(const Value& value, size_t at, uint32_t tag) {
    bytes_ += BytesOf(value);
    if (entries_.size() == kMostDictionaryEntries || bytes_ > kMostDictionaryBytes)
      return std::nullopt;
    entries_.push_back(value);
    slots_[at] = {static_cast<uint32_t>(entries_.size()), tag};
    if (2 * entries_.size() > slots_.size()) Rehash();
    return static_cast<uint16_t>(entries_.size() - 1);
  }

  void Rehash() {
    slots_.assign(2 * slots_.size(), Slot{});
    for (size_t i = 0; i < entries_.size(); ++i) {
      const uint64_t hash = HashOf(entries_[i]);
      size_t at = hash & (slots_.size() - 1);
      while (slots_[at].number != 0) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = {static_cast<uint32_t>(i + 1), static_cast<uint32_t>(hash >> 32U)};
    }
  }

  std::vector<Slot> slots_;
  std::vector<Value> entries_;
  size_t bytes_ = 0;
};

}  // namespace headrace
