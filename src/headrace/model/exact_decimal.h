#pragma once

#include <arrow/type_fwd.h>
#include <arrow/util/decimal.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

/// Numbers as values of decimal types, exact or not at all. Arrow's FromString and Rescale compute
/// modulo 2^128 or 2^256 and let most of what has wrapped pass, and they refuse a number for zeros
/// that it ends in; here digits are counted before anything is computed.
namespace headrace {

/// Whether a number has its equal in a decimal type, and if not, why.
enum class DecimalFit {
  kFits,
  kNoNumber,  ///< Text that writes none.
  kTooLarge,  ///< Too many digits before the point.
  kTooFine,   ///< Too many digits behind the point.
};

/// What a decimal type holds: `precision` digits in all, `scale` of them behind the point.
struct DecimalShape {
  int32_t precision = 0;  ///< 1 to 38 for Decimal128, 1 to 76 for Decimal256.
  int32_t scale = 0;      ///< 0 to precision.
};

/// `type`: decimal128 or decimal256.
DecimalShape ShapeOf(const arrow::DataType& type);

/// For people: why a number does not fit.
std::string ReasonText(DecimalFit fit, DecimalShape shape);

/// `text`: digits with a sign, a point and an exponent, or without (`-1.50`, `.5`, `2e3`). Sets
/// `unscaled` where it fits and only there. For arrow::Decimal128 and Decimal256.
template <typename Decimal>
DecimalFit ParseDecimal(std::string_view text, DecimalShape shape, Decimal& unscaled);

extern template DecimalFit ParseDecimal(std::string_view, DecimalShape, arrow::Decimal128&);
extern template DecimalFit ParseDecimal(std::string_view, DecimalShape, arrow::Decimal256&);

__extension__ using Int128 = __int128;

/// What values of a decimal type are computed in: the compiler's own 128 bits, or Arrow's 256.
template <typename Decimal>
using DecimalNumber =
    std::conditional_t<std::is_same_v<Decimal, arrow::Decimal128>, Int128, arrow::Decimal256>;

template <typename Number>
Number NumberOf(const arrow::Decimal128& unscaled) {
  if constexpr (std::is_same_v<Number, Int128>) {
    return static_cast<Int128>(unscaled.high_bits()) * (Int128{1} << 64) + unscaled.low_bits();
  } else {
    return Number(unscaled);
  }
}

template <typename Number>
const Number& NumberOf(const arrow::Decimal256& unscaled) {
  return unscaled;
}

/// `number`, which the type can hold.
template <typename Decimal>
Decimal DecimalOf(Int128 number) {
  return Decimal(
      arrow::Decimal128(static_cast<int64_t>(number >> 64), static_cast<uint64_t>(number)));
}

template <typename Decimal>
Decimal DecimalOf(const arrow::Decimal256& number) {
  if constexpr (std::is_same_v<Decimal, arrow::Decimal256>) {
    return number;
  } else {
    const auto words = number.little_endian_array();
    return Decimal(static_cast<int64_t>(words[1]), words[0]);
  }
}

/// 10^exponent; `exponent` up to the digits that the decimal type of `Number` has.
template <typename Number>
Number PowerOfTen(int32_t exponent) {
  Number power(1);
  for (int32_t i = 0; i < exponent; ++i) power = power * Number(10);
  return power;
}

/// Takes unscaled values of one scale to another decimal type.
template <typename From, typename To>
class DecimalRescaler {
 public:
  /// `from_scale`: 0 to the digits of From.
  DecimalRescaler(int32_t from_scale, DecimalShape to)
      : grows_(to.scale >= from_scale),
        factor_(PowerOfTen<Number>(grows_ ? to.scale - from_scale : from_scale - to.scale)),
        end_(PowerOfTen<Number>(grows_ ? std::max(to.precision - (to.scale - from_scale), 0)
                                       : to.precision)),
        least_(-end_) {}

  /// Sets `rescaled` where the value fits and only there.
  DecimalFit operator()(const From& unscaled, To& rescaled) const {
    const Number number = NumberOf<Number>(unscaled);
    if (grows_) {
      if (!InRange(number)) return DecimalFit::kTooLarge;
      rescaled = DecimalOf<To>(Number(number * factor_));
      return DecimalFit::kFits;
    }
    const Number quotient = number / factor_;
    if (Number(quotient * factor_) != number) return DecimalFit::kTooFine;
    if (!InRange(quotient)) return DecimalFit::kTooLarge;
    rescaled = DecimalOf<To>(quotient);
    return DecimalFit::kFits;
  }

 private:
  static constexpr bool kWide =
      std::is_same_v<From, arrow::Decimal256> || std::is_same_v<To, arrow::Decimal256>;
  using Number = DecimalNumber<std::conditional_t<kWide, arrow::Decimal256, arrow::Decimal128>>;

  bool InRange(const Number& number) const { return number < end_ && number > least_; }

  bool grows_;
  Number factor_;
  Number end_;  ///< The least number beyond those that fit: before growing, after shrinking.
  Number least_;
};

}  // namespace headrace
