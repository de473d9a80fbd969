#pragma once

#include <arrow/util/decimal.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include "headrace/model/exact_decimal.h"
#include "headrace/transform/unfit_rows.h"

/// What text says of a number before anybody computes it: where Arrow reads more, or less, than is
/// written.
namespace headrace {

/// Every int64 has so many digits at most.
inline constexpr int32_t kInt64Digits = 19;

/// A decimal number (exact_decimal.h) of type integer: zeros that it ends in change nothing. Sets
/// `value` where it fits `range` and only there.
inline DecimalFit ParseInteger(std::string_view text, IntegerRange range, int64_t& value) {
  arrow::Decimal128 unscaled;
  const DecimalFit fit = ParseDecimal(text, {.precision = kInt64Digits, .scale = 0}, unscaled);
  if (fit != DecimalFit::kFits) return fit;
  const auto number = NumberOf<Int128>(unscaled);
  if (number < range.least || number > range.greatest) return DecimalFit::kTooLarge;
  value = static_cast<int64_t>(number);
  return fit;
}

/// A time of day as the timestamp that it is on 1970-01-01.
inline std::string OnTheFirstDay(std::string_view time) {
  return std::string("1970-01-01 ").append(time);
}

/// Whether `text` writes a number other than zero: a digit before the exponent says so.
inline bool WritesNonZero(std::string_view text) {
  return text.substr(0, text.find_first_of("eE")).find_first_of("123456789") !=
         std::string_view::npos;
}

/// Whether `text` writes a number and not "inf" or "nan".
inline bool WritesNumber(std::string_view text) {
  return text.find_first_of("0123456789") != std::string_view::npos;
}

/// Arrow reads numbers that are too large as infinity, and those that are too small as zero.
inline bool LosesMagnitude(std::string_view text, double value) {
  return WritesNumber(text) && (!std::isfinite(value) || (value == 0 && WritesNonZero(text)));
}

}  // namespace headrace
