#include "headrace/source/sqlite/decimal_value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <type_traits>

namespace headrace::sqlite {
namespace {

/// Powers of ten up to this one, and integers below 2^53, are exact doubles: their quotient is then
/// the double nearest to the decimal (Clinger 1990, the fast path of every strtod).
constexpr int32_t kExactPower = 22;
constexpr double kExactInteger = 9'007'199'254'740'992.0;

/// The shortest digits that read back as `value`: at most 24 characters.
std::string_view ShortestText(double value, std::array<char, 32>& buffer) {
  // Without a form the standard library writes whole numbers with all digits of their exact value.
  const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                     std::chars_format::scientific);
  return {buffer.data(), static_cast<size_t>(written.ptr - buffer.data())};
}

constexpr int kSignificandBits = 53;

/// Above every decimal of 38 digits (76), and as far below 2^127 (2^255) as a product of doubles
/// may be wrong.
template <typename Decimal>
constexpr double kBeyondDecimal = std::is_same_v<Decimal, arrow::Decimal128> ? 1.1e38 : 1.1e76;

/// `value` times 10^scale where that is a whole number: a double with k binary digits behind the
/// point has k decimal ones, the last of which is a 5.
template <typename Decimal>
std::optional<Decimal> ExactUnscaled(double value, int32_t scale) {
  using Number = DecimalNumber<Decimal>;
  if (!(std::abs(value) * std::pow(10.0, scale) < kBeyondDecimal<Decimal>)) return std::nullopt;
  int exponent = 0;
  auto significand =
      static_cast<int64_t>(std::ldexp(std::frexp(value, &exponent), kSignificandBits));
  exponent -= kSignificandBits;
  for (; significand != 0 && significand % 2 == 0; significand /= 2) ++exponent;
  if (-exponent > scale) return std::nullopt;
  Number unscaled(significand);
  for (int i = 0; i < exponent; ++i) unscaled = unscaled * Number(2);
  const int behind = std::max(-exponent, 0);
  for (int i = 0; i < behind; ++i) unscaled = unscaled * Number(5);
  return DecimalOf<Decimal>(Number(unscaled * PowerOfTen<Number>(scale - behind)));
}

}  // namespace

template <typename Decimal>
DecimalScaleOf<Decimal>::DecimalScaleOf(int32_t precision, int32_t scale)
    : shape_{.precision = precision, .scale = scale},
      whole_(0, shape_),
      power_(std::pow(10.0, scale)) {}

template <typename Decimal>
std::optional<Decimal> DecimalScaleOf<Decimal>::OfUnscaled(const Decimal& unscaled) const {
  if (!unscaled.FitsInPrecision(shape_.precision)) return std::nullopt;
  return unscaled;
}

template <typename Decimal>
std::optional<Decimal> DecimalScaleOf<Decimal>::OfInteger(int64_t value) const {
  Decimal unscaled;
  if (whole_(arrow::Decimal128(value), unscaled) != DecimalFit::kFits) return std::nullopt;
  return unscaled;
}

template <typename Decimal>
bool DecimalScaleOf<Decimal>::IsOfFewSteps(double value, std::optional<Decimal>& decimal) const {
  const double unscaled = std::nearbyint(value * power_);
  if (shape_.scale > kExactPower || !(std::abs(unscaled) < kExactInteger)) return false;
  if (unscaled / power_ == value) decimal = OfUnscaled(Decimal(static_cast<int64_t>(unscaled)));
  return true;
}

template <typename Decimal>
std::optional<Decimal> DecimalScaleOf<Decimal>::OfReal(double value) const {
  std::optional<Decimal> decimal;
  if (IsOfFewSteps(value, decimal)) return decimal;
  if (!std::isfinite(value)) return std::nullopt;
  if (const auto exact = ExactUnscaled<Decimal>(value, shape_.scale)) return OfUnscaled(*exact);
  return OfRealAsShortest(value);
}

template <typename Decimal>
std::optional<Decimal> DecimalScaleOf<Decimal>::OfRealAsShortest(double value) const {
  std::optional<Decimal> decimal;
  if (IsOfFewSteps(value, decimal)) return decimal;
  std::array<char, 32> buffer;
  return OfText(ShortestText(value, buffer));
}

template <typename Decimal>
std::optional<Decimal> DecimalScaleOf<Decimal>::OfText(std::string_view text) const {
  Decimal unscaled;
  if (ParseDecimal(text, shape_, unscaled) != DecimalFit::kFits) return std::nullopt;
  return unscaled;
}

template class DecimalScaleOf<arrow::Decimal128>;
template class DecimalScaleOf<arrow::Decimal256>;

}  // namespace headrace::sqlite
