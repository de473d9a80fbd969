#pragma once

#include <arrow/util/decimal.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "headrace/model/exact_decimal.h"

namespace headrace::sqlite {

/// Precision and scale of a decimal column (arrow::Decimal128 or Decimal256), and the conversions
/// to it. Each returns nullopt where the value has more digits, before or behind the point, than
/// the type: nothing is rounded.
template <typename Decimal>
class DecimalScaleOf {
 public:
  DecimalScaleOf(int32_t precision, int32_t scale);

  std::optional<Decimal> OfInteger(int64_t value) const;

  /// A REAL stands for the decimal of this scale that SQLite would store as the same double: 12.3
  /// at scale 2 is 12.30, but 0.30000000000000004 is not 0.30. Where several are, above 2^53 steps
  /// of the scale, it is the double's exact value if that fits, else the decimal of fewest digits.
  std::optional<Decimal> OfReal(double value) const;

  /// The decimal of fewest digits that SQLite would store as the same double.
  std::optional<Decimal> OfRealAsShortest(double value) const;

  std::optional<Decimal> OfText(std::string_view text) const;

 private:
  /// Whether `value` is below 2^53 steps of the scale, where one decimal at most has that double:
  /// then sets `decimal` to it, if there is one.
  bool IsOfFewSteps(double value, std::optional<Decimal>& decimal) const;
  std::optional<Decimal> OfUnscaled(const Decimal& unscaled) const;

  DecimalShape shape_;
  DecimalRescaler<arrow::Decimal128, Decimal> whole_;  ///< Of whole numbers.
  double power_ = 1;  ///< 10^scale, exact for the scales that OfReal computes with.
};

using DecimalScale = DecimalScaleOf<arrow::Decimal128>;

extern template class DecimalScaleOf<arrow::Decimal128>;
extern template class DecimalScaleOf<arrow::Decimal256>;

}  // namespace headrace::sqlite
