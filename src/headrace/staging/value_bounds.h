#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

#include "headrace/staging/text_prefix.h"

namespace headrace {

/// Least and greatest of the numbers of one column chunk, as Parquet's statistics want them: a zero
/// bound is -0 below, +0 above. Where one of them is NaN there are no bounds: Parquet would leave
/// it out, and engines for which NaN is the greatest of all numbers (DuckDB, PostgreSQL) then skip
/// the chunk that holds it.
template <typename T>
class NumberBounds {
 public:
  void Add(const T* values, int64_t count) {
    T least = least_;  // in registers: `values` could be these members, for all the compiler knows
    T greatest = greatest_;
    bool nan = nan_;
    for (int64_t i = 0; i < count; ++i) {
      if constexpr (std::floating_point<T>) nan |= std::isnan(values[i]);
      least = values[i] < least ? values[i] : least;
      greatest = values[i] > greatest ? values[i] : greatest;
    }
    least_ = least;
    greatest_ = greatest;
    nan_ = nan;
  }

  bool any() const { return !nan_ && least_ <= greatest_; }
  std::string least() const {
    return Plain(std::floating_point<T> && least_ == T{} ? Negative() : least_);
  }
  std::string greatest() const {
    return Plain(std::floating_point<T> && greatest_ == T{} ? T{} : greatest_);
  }

 private:
  using Limits = std::numeric_limits<T>;

  static T Negative() {
    if constexpr (std::floating_point<T>) return -T{};
    return T{};
  }

  static std::string Plain(T value) {
    std::string bytes(sizeof(T), '\0');
    std::memcpy(bytes.data(), &value, sizeof(T));
    return bytes;
  }

  T least_ = std::floating_point<T> ? Limits::infinity() : Limits::max();
  T greatest_ = std::floating_point<T> ? -Limits::infinity() : Limits::lowest();
  bool nan_ = false;
};

/// Least and greatest text of one column chunk, by bytes. The views must outlive the bounds.
class TextBounds {
 public:
  void Add(std::string_view value) {
    const uint64_t prefix = TextPrefix(value);
    // Most values lie well between: two comparisons of numbers.
    if (prefix > least_prefix_ && prefix < greatest_prefix_) return;
    AddNearBound(value, prefix);
  }

  bool any() const { return any_; }
  std::string_view least() const { return least_; }
  std::string_view greatest() const { return greatest_; }

 private:
  void AddNearBound(std::string_view value, uint64_t prefix) {
    if (!any_ || value < least_) {
      least_ = value;
      least_prefix_ = prefix;
    }
    if (!any_ || value > greatest_) {
      greatest_ = value;
      greatest_prefix_ = prefix;
    }
    any_ = true;
  }

  std::string_view least_;
  std::string_view greatest_;
  uint64_t least_prefix_ = UINT64_MAX;
  uint64_t greatest_prefix_ = 0;
  bool any_ = false;
};

}  // namespace headrace
