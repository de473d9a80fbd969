#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/cast.h>
#include <arrow/type.h>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "headrace/model/exact_decimal.h"
#include "headrace/transform/cast_rule.h"
#include "headrace/transform/unfit_rows.h"

namespace headrace {
namespace {

using arrow::compute::Cast;

/// Digits that every integer type fits into.
constexpr int kIntegerDigits = 20;

template <typename Decimal>
using ArrayOf = std::conditional_t<std::is_same_v<Decimal, arrow::Decimal128>,
                                   arrow::Decimal128Array, arrow::Decimal256Array>;

template <typename Decimal>
using BuilderOf = std::conditional_t<std::is_same_v<Decimal, arrow::Decimal128>,
                                     arrow::Decimal128Builder, arrow::Decimal256Builder>;

template <typename Decimal>
Decimal UnscaledAt(const arrow::Array& decimals, int64_t row) {
  return Decimal(static_cast<const ArrayOf<Decimal>&>(decimals).GetValue(row));
}

/// The values of a column as decimals of one type, one by one.
template <typename To>
class DecimalsOfText {
 public:
  DecimalsOfText(const arrow::Array& values, DecimalShape shape)
      : texts_(static_cast<const arrow::StringArray&>(values)), shape_(shape) {}

  DecimalFit operator()(int64_t row, To& unscaled) const {
    return ParseDecimal(texts_.GetView(row), shape_, unscaled);
  }

 private:
  const arrow::StringArray& texts_;
  DecimalShape shape_;
};

template <typename From, typename To>
class DecimalsOfDecimals {
 public:
  DecimalsOfDecimals(const arrow::Array& values, DecimalShape shape)
      : values_(values), rescale_(ShapeOf(*values.type()).scale, shape) {}

  DecimalFit operator()(int64_t row, To& unscaled) const {
    return rescale_(UnscaledAt<From>(values_, row), unscaled);
  }

 private:
  const arrow::Array& values_;
  DecimalRescaler<From, To> rescale_;
};

/// As text or decimals without loss. A float is the shortest text that reads back as the same
/// number: 0.1 becomes 0.10, and 1.239 is no decimal of scale 2.
ArrayResult AsTextOrDecimals(const arrow::Array& values) {
  if (arrow::is_decimal(values.type_id())) return arrow::MakeArray(values.data());
  if (!arrow::is_integer(values.type_id())) return Cast(values, arrow::utf8());
  return Cast(values, arrow::decimal128(kIntegerDigits, 0));
}

template <typename To, typename Visit>
auto VisitAs(const arrow::Array& values, DecimalShape shape, Visit visit) {
  switch (values.type_id()) {
    case arrow::Type::DECIMAL128:
      return visit(DecimalsOfDecimals<arrow::Decimal128, To>(values, shape), To{});
    case arrow::Type::DECIMAL256:
      return visit(DecimalsOfDecimals<arrow::Decimal256, To>(values, shape), To{});
    default:
      return visit(DecimalsOfText<To>(values, shape), To{});
  }
}

/// Calls `visit` with what gives the values, text or decimals, as decimals of type `to`, and with a
/// value of their class.
template <typename Visit>
auto VisitAsDecimals(const arrow::Array& values, const arrow::DataType& to, Visit visit) {
  return to.id() == arrow::Type::DECIMAL256
             ? VisitAs<arrow::Decimal256>(values, ShapeOf(to), visit)
             : VisitAs<arrow::Decimal128>(values, ShapeOf(to), visit);
}

/// Whole numbers below 2^53 and powers of ten up to this one are exact doubles: their quotient is
/// rounded once, to the nearest double (Clinger 1990).
constexpr int64_t kExactInteger = int64_t{1} << 53;
constexpr std::array kExactPowers = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                     1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

template <typename Decimal>
std::optional<int64_t> AsInt64(const Decimal& unscaled) {
  const auto words = unscaled.little_endian_array();
  const auto low = static_cast<int64_t>(words[0]);
  for (size_t i = 1; i < words.size(); ++i) {
    if (words[i] != (low < 0 ? ~uint64_t{0} : uint64_t{0})) return std::nullopt;
  }
  return low;
}

/// A double rounded to a float is what the number itself rounds to, unless it stands halfway
/// between two floats: then the number may lie on either side of it. (No number of kExactPowers is
/// so small that floats lose digits.)
bool IsHalfwayBetweenFloats(double value) {
  constexpr uint64_t kDropped = (uint64_t{1} << 29) - 1;  // Of 53 bits a float keeps 24.
  return (std::bit_cast<uint64_t>(value) & kDropped) == uint64_t{1} << 28;
}

template <typename Real>
std::optional<Real> NearestByDivision(int64_t unscaled, int32_t scale) {
  if (unscaled == 0) return Real{0};
  if (unscaled >= kExactInteger || unscaled <= -kExactInteger) return std::nullopt;
  if (scale < 0 || static_cast<size_t>(scale) >= kExactPowers.size()) return std::nullopt;
  const double value = static_cast<double>(unscaled) / kExactPowers[static_cast<size_t>(scale)];
  if (std::is_same_v<Real, float> && IsHalfwayBetweenFloats(value)) return std::nullopt;
  return static_cast<Real>(value);
}

/// None where `text` is so large or small that no finite number other than zero is near.
template <typename Real>
std::optional<Real> NearestOfText(std::string_view text) {
  Real value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{} || !std::isfinite(value) || value == 0) return std::nullopt;
  return value;
}

/// The number nearest to unscaled / 10^scale; none where that would be infinite or, of another
/// number than zero, zero.
template <typename Real, typename Decimal>
std::optional<Real> NearestReal(const Decimal& unscaled, int32_t scale) {
  if (const auto small = AsInt64(unscaled)) {
    if (const auto nearest = NearestByDivision<Real>(*small, scale)) return nearest;
  }
  return NearestOfText<Real>(unscaled.ToIntegerString() + "e" + std::to_string(-scale));
}

template <typename Type, typename Decimal>
ArrayResult DecimalsToReals(const arrow::Array& values, const arrow::DataType& to) {
  const int32_t scale = ShapeOf(*values.type()).scale;
  arrow::NumericBuilder<Type> builder;
  ARROW_RETURN_NOT_OK(builder.Reserve(values.length()));
  for (int64_t row = 0; row < values.length(); ++row) {
    if (values.IsNull(row)) {
      builder.UnsafeAppendNull();
      continue;
    }
    const auto value = NearestReal<typename Type::c_type>(UnscaledAt<Decimal>(values, row), scale);
    if (!value) return arrow::Status::Invalid("out of the range of ", to.ToString());
    builder.UnsafeAppend(*value);
  }
  return builder.Finish();
}

template <typename Real, typename Decimal>
std::vector<int64_t> UnfitForReal(const arrow::Array& values) {
  const int32_t scale = ShapeOf(*values.type()).scale;
  return RowsThatDoNot(values, [&](int64_t row) {
    return NearestReal<Real>(UnscaledAt<Decimal>(values, row), scale).has_value();
  });
}

template <typename Real>
std::vector<int64_t> UnfitFor(const arrow::Array& values) {
  return values.type_id() == arrow::Type::DECIMAL256
             ? UnfitForReal<Real, arrow::Decimal256>(values)
             : UnfitForReal<Real, arrow::Decimal128>(values);
}

template <typename Type>
ArrayResult DecimalsTo(const arrow::Array& values, const arrow::DataType& to) {
  return values.type_id() == arrow::Type::DECIMAL256
             ? DecimalsToReals<Type, arrow::Decimal256>(values, to)
             : DecimalsToReals<Type, arrow::Decimal128>(values, to);
}

}  // namespace

ArrayResult CastToDecimal(const arrow::Array& values, const std::shared_ptr<arrow::DataType>& to) {
  ARROW_ASSIGN_OR_RAISE(const auto source, AsTextOrDecimals(values));
  return VisitAsDecimals(*source, *to, [&](const auto& convert, auto unscaled) -> ArrayResult {
    BuilderOf<decltype(unscaled)> builder(to);
    ARROW_RETURN_NOT_OK(builder.Reserve(source->length()));
    for (int64_t row = 0; row < source->length(); ++row) {
      if (source->IsNull(row)) {
        builder.UnsafeAppendNull();
        continue;
      }
      const DecimalFit fit = convert(row, unscaled);
      if (fit != DecimalFit::kFits) return arrow::Status::Invalid(ReasonText(fit, ShapeOf(*to)));
      builder.UnsafeAppend(unscaled);
    }
    return builder.Finish();
  });
}

UnfitResult UnfitForDecimal(const arrow::Array& values, const arrow::DataType& to) {
  ARROW_ASSIGN_OR_RAISE(const auto source, AsTextOrDecimals(values));
  return VisitAsDecimals(*source, to, [&](const auto& convert, auto unscaled) {
    return RowsThatDoNot(*source,
                         [&](int64_t row) { return convert(row, unscaled) == DecimalFit::kFits; });
  });
}

ArrayResult CastDecimalToFloat(const arrow::Array& values,
                               const std::shared_ptr<arrow::DataType>& to) {
  return to->id() == arrow::Type::FLOAT ? DecimalsTo<arrow::FloatType>(values, *to)
                                        : DecimalsTo<arrow::DoubleType>(values, *to);
}

UnfitResult UnfitDecimalsForFloat(const arrow::Array& values, const arrow::DataType& to) {
  return to.id() == arrow::Type::FLOAT ? UnfitFor<float>(values) : UnfitFor<double>(values);
}

UnfitResult UnfitDecimalsForInteger(const arrow::Array& values, const arrow::DataType& to) {
  const IntegerRange range = RangeOf(to);
  const arrow::Decimal256Type whole(arrow::Decimal256Type::kMaxPrecision, 0);
  return VisitAsDecimals(values, whole, [&](const auto& convert, auto unscaled) {
    return RowsThatDoNot(values, [&](int64_t row) {
      if (convert(row, unscaled) != DecimalFit::kFits) return false;
      const auto integer = AsInt64(unscaled);
      return integer && *integer >= range.least && *integer <= range.greatest;
    });
  });
}

}  // namespace headrace
