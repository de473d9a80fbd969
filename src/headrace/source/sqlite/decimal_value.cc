#include "headrace/source/sqlite/decimal_value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

namespace headrace::sqlite {
namespace {

/// Powers of ten up to this one, and integers below 2^53, are exact doubles: their quotient is then
/// the double nearest to the decimal (Clinger 1990, the fast path of every strtod).
constexpr int32_t kExactPower = 22;
constexpr double kExactInteger = 9'007'199'254'740'992.0;

/// The shortest digits that read back as `value`: at most 24 characters.
std::string_view ShortestText(double value, std::array<char, 32>& buffer) {
  const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), static_cast<size_t>(written.ptr - buffer.data())};
}

constexpr int kSignificandBits = 53;

/// Above every decimal of 38 digits, and as far below 2^127 as a product of doubles may be wrong.
constexpr double kBeyondDecimal = 1.1e38;

/// `value` times 10^scale where that is a whole number: a double with k binary digits behind the
/// point has k decimal ones, the last of which is a 5.
std::optional<arrow::Decimal128> ExactUnscaled(double value, int32_t scale) {
  if (!(std::abs(value) * std::pow(10.0, scale) < kBeyondDecimal)) return std::nullopt;
  int exponent = 0;
  auto significand =
      static_cast<int64_t>(std::ldexp(std::frexp(value, &exponent), kSignificandBits));
  exponent -= kSignificandBits;
  for (; significand != 0 && significand % 2 == 0; significand /= 2) ++exponent;
  if (-exponent > scale) return std::nullopt;
  Int128 unscaled = significand;
  for (int i = 0; i < exponent; ++i) unscaled *= 2;
  const int behind = std::max(-exponent, 0);
  for (int i = 0; i < behind; ++i) unscaled *= 5;
  return DecimalOf<arrow::Decimal128>(unscaled * PowerOfTen<Int128>(scale - behind));
}

}  // namespace

DecimalScale::DecimalScale(int32_t precision, int32_t scale)
    : shape_{.precision = precision, .scale = scale},
      whole_(0, shape_),
      power_(std::pow(10.0, scale)) {}

std::optional<arrow::Decimal128> DecimalScale::OfUnscaled(const arrow::Decimal128& unscaled) const {
  if (!unscaled.FitsInPrecision(shape_.precision)) return std::nullopt;
  return unscaled;
}

std::optional<arrow::Decimal128> DecimalScale::OfInteger(int64_t value) const {
  arrow::Decimal128 unscaled;
  if (whole_(arrow::Decimal128(value), unscaled) != DecimalFit::kFits) return std::nullopt;
  return unscaled;
}

std::optional<arrow::Decimal128> DecimalScale::OfReal(double value) const {
  const double unscaled = std::nearbyint(value * power_);
  if (shape_.scale <= kExactPower && std::abs(unscaled) < kExactInteger) {
    if (unscaled / power_ != value) return std::nullopt;
    return OfUnscaled(arrow::Decimal128(static_cast<int64_t>(unscaled)));
  }
  if (!std::isfinite(value)) return std::nullopt;
  if (const auto exact = ExactUnscaled(value, shape_.scale)) return OfUnscaled(*exact);
  std::array<char, 32> buffer;
  return OfText(ShortestText(value, buffer));
}

std::optional<arrow::Decimal128> DecimalScale::OfText(std::string_view text) const {
  arrow::Decimal128 unscaled;
  if (ParseDecimal(text, shape_, unscaled) != DecimalFit::kFits) return std::nullopt;
  return unscaled;
}

}  // namespace headrace::sqlite
