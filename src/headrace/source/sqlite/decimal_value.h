#pragma once

#include <arrow/util/decimal.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "headrace/model/exact_decimal.h"

namespace headrace::sqlite {

/// Precision and scale of a decimal column, and the conversions to it. Each returns nullopt where
/// the value has more digits, before or behind the point, than the type: nothing is rounded.
class DecimalScale {
 public:
  DecimalScale(int32_t precision, int32_t scale);

  std::optional<arrow::Decimal128> OfInteger(int64_t value) const;

  /// A REAL stands for the decimal of this scale that SQLite would store as the same double: 12.3
  /// at scale 2 is 12.30, but 0.30000000000000004 is not 0.30. Where several are, above 2^53 steps
  /// of the scale, it is the double's exact value if that fits, else the decimal of fewest digits.
  std::optional<arrow::Decimal128> OfReal(double value) const;

  std::optional<arrow::Decimal128> OfText(std::string_view text) const;

 private:
  std::optional<arrow::Decimal128> OfUnscaled(const arrow::Decimal128& unscaled) const;

  DecimalShape shape_;
  DecimalRescaler<arrow::Decimal128, arrow::Decimal128> whole_;  ///< Of whole numbers.
  double power_ = 1;  ///< 10^scale, exact for the scales that OfReal computes with.
};

}  // namespace headrace::sqlite
