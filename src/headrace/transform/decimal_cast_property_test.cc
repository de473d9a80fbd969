#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "headrace/transform/cast_rule.h"
#include "headrace/transform/transform.h"

// Casts from and to decimals against arithmetic on digits as text.
namespace headrace {
namespace {

using TypePtr = std::shared_ptr<arrow::DataType>;
using ArrayPtr = std::shared_ptr<arrow::Array>;

/// ±digits × 10^exponent; the digits neither begin nor end with a zero, and zero has none.
struct ExactNumber {
  bool negative = false;
  std::string digits;
  int exponent = 0;
};

ExactNumber Exact(bool negative, std::string digits, int exponent) {
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  const size_t kept = digits.find_last_not_of('0') + 1;
  exponent += static_cast<int>(digits.size() - kept);
  digits.resize(kept);
  return {negative && !digits.empty(), digits, exponent};
}

std::string Digits(const ExactNumber& number) {
  return number.digits.empty() ? "0" : (number.negative ? "-" : "") + number.digits;
}

/// The unscaled value of the number in decimal(precision, scale), if it has an equal there.
std::optional<std::string> UnscaledIn(const ExactNumber& number, int precision, int scale) {
  if (number.digits.empty()) return "0";
  const int zeros = number.exponent + scale;
  if (zeros < 0 || static_cast<int>(number.digits.size()) + zeros > precision) return std::nullopt;
  return Digits(number) + std::string(static_cast<size_t>(zeros), '0');
}

/// A type of `bits` that the job file can name, or a source can have.
struct Shape {
  int bits = 128;
  int precision = 1;
  int scale = 0;

  TypePtr Type() const {
    return bits == 128 ? arrow::decimal128(precision, scale) : arrow::decimal256(precision, scale);
  }
};

Shape AnyShape() {
  Shape shape;
  shape.bits = *rc::gen::element(128, 256);
  const int most = shape.bits == 128 ? 38 : 76;
  shape.precision = *rc::gen::oneOf(rc::gen::just(most), rc::gen::inRange(1, most + 1));
  shape.scale = *rc::gen::inRange(0, shape.precision + 1);
  return shape;
}

/// `count` digits, among them long runs of zeros and nines.
std::string AnyDigits(int count) {
  static constexpr std::string_view kDigits = "0123456789";
  std::string digits;
  while (std::cmp_less(digits.size(), count)) {
    const char digit = kDigits[static_cast<size_t>(
        *rc::gen::oneOf(rc::gen::element(0, 9), rc::gen::inRange(0, 10)))];
    const int run = *rc::gen::element(1, 1, 1, 5, 20);
    digits += std::string(static_cast<size_t>(run), digit);
  }
  digits.resize(static_cast<size_t>(count));
  return digits;
}

std::string IntegerString(const arrow::Array& decimals, int64_t row) {
  if (decimals.type_id() == arrow::Type::DECIMAL128) {
    const auto& array = static_cast<const arrow::Decimal128Array&>(decimals);
    return arrow::Decimal128(array.GetValue(row)).ToIntegerString();
  }
  const auto& array = static_cast<const arrow::Decimal256Array&>(decimals);
  return arrow::Decimal256(array.GetValue(row)).ToIntegerString();
}

/// A column of one value, which is NULL, and of `unscaled` digits in a decimal type.
ArrayPtr DecimalColumn(const Shape& shape, const std::string& unscaled) {
  const auto builder = arrow::MakeBuilder(shape.Type()).ValueOrDie();
  EXPECT_TRUE(builder->AppendNull().ok());
  if (shape.bits == 128) {
    const auto value = arrow::Decimal128::FromString(unscaled).ValueOrDie();
    EXPECT_TRUE(static_cast<arrow::Decimal128Builder&>(*builder).Append(value).ok());
  } else {
    const auto value = arrow::Decimal256::FromString(unscaled).ValueOrDie();
    EXPECT_TRUE(static_cast<arrow::Decimal256Builder&>(*builder).Append(value).ok());
  }
  return builder->Finish().ValueOrDie();
}

template <typename Builder, typename Value>
ArrayPtr ColumnOf(const Value& value) {
  Builder builder;
  EXPECT_TRUE(builder.AppendNull().ok() && builder.Append(value).ok());
  return builder.Finish().ValueOrDie();
}

struct Outcome {
  arrow::Status status;
  ArrayPtr values;
  int64_t nulled = 0;
};

Outcome Transformed(const ArrayPtr& column, const TypePtr& to, OverflowPolicy policy) {
  TablePlan plan;
  PlannedColumn& planned = plan.columns.emplace_back();
  planned.source_name = planned.name = "v";
  planned.read_type = column->type();
  planned.type = to;
  planned.on_overflow = policy;
  auto transform = Transform::Make(plan).ValueOrDie();
  const auto batch = arrow::RecordBatch::Make(arrow::schema({arrow::field("v", column->type())}),
                                              column->length(), {column});
  const auto result = transform.Apply(batch);
  if (!result.ok()) return {result.status(), nullptr, 0};
  return {arrow::Status::OK(), (*result)->column(0), transform.TakeNulledValues()};
}

/// The second value of `column` becomes `expected`, or nothing where there is no equal: an error,
/// or NULL that is counted.
void CheckCast(const ArrayPtr& column, const Shape& to,
               const std::optional<std::string>& expected) {
  if (column->type()->Equals(to.Type())) return;
  for (const OverflowPolicy policy :
       {OverflowPolicy::kError, OverflowPolicy::kNull, OverflowPolicy::kString}) {
    const Outcome outcome = Transformed(column, to.Type(), policy);
    if (!expected && policy != OverflowPolicy::kNull) {
      RC_ASSERT(!outcome.status.ok());
      continue;
    }
    if (!outcome.status.ok()) RC_FAIL(outcome.status.ToString());
    RC_ASSERT(outcome.values->ValidateFull().ok());
    RC_ASSERT(outcome.values->type()->Equals(to.Type()));
    RC_ASSERT(outcome.values->IsNull(0));
    RC_ASSERT(outcome.nulled == (expected ? 0 : 1));
    RC_ASSERT(outcome.values->IsNull(1) == !expected.has_value());
    if (expected) RC_ASSERT(IntegerString(*outcome.values, 1) == *expected);
  }
}

/// Calls `check` some times within one run of a property.
template <typename Check>
void Repeatedly(const Check& check) {
  constexpr int kTimes = 20;
  for (int i = 0; i < kTimes; ++i) check();
}

/// Digits before and behind the point about as many as `shape` has.
std::string AnyWhole(const Shape& shape) {
  return AnyDigits(*rc::gen::inRange(0, shape.precision - shape.scale + 3));
}
std::string AnyFraction(const Shape& shape) {
  return AnyDigits(*rc::gen::inRange(0, shape.scale + 3)) +
         std::string(static_cast<size_t>(*rc::gen::element(0, 0, 1, 30, 90)), '0');
}

RC_GTEST_PROP(DecimalCastProperty, Text, ()) {
  Repeatedly([] {
    const Shape to = AnyShape();
    const bool negative = *rc::gen::arbitrary<bool>();
    const std::string fraction = AnyFraction(to);
    const std::string whole = fraction.empty() ? "0" + AnyWhole(to) : AnyWhole(to);
    const int power = *rc::gen::element(0, 0, 0, 1, -1, 7, -7, 40, -40, 200);
    std::string text = (negative ? "-" : *rc::gen::element("", "+")) + whole;
    if (!fraction.empty()) text += "." + fraction;
    if (power != 0) text += "e" + std::to_string(power);
    const ExactNumber number =
        Exact(negative, whole + fraction, power - static_cast<int>(fraction.size()));
    CheckCast(ColumnOf<arrow::StringBuilder>(text), to, UnscaledIn(number, to.precision, to.scale));
  });
}

RC_GTEST_PROP(DecimalCastProperty, Decimals, ()) {
  Repeatedly([] {
    const Shape from = AnyShape();
    const Shape to = AnyShape();
    const bool negative = *rc::gen::arbitrary<bool>();
    std::string digits = AnyDigits(*rc::gen::inRange(1, from.precision + 1));
    const auto zeros =
        static_cast<size_t>(*rc::gen::inRange(0, static_cast<int>(digits.size()) + 1));
    digits = digits.substr(0, digits.size() - zeros) + std::string(zeros, '0');
    CheckCast(DecimalColumn(from, (negative ? "-" : "") + digits), to,
              UnscaledIn(Exact(negative, digits, -from.scale), to.precision, to.scale));
  });
}

RC_GTEST_PROP(DecimalCastProperty, Integers, ()) {
  Repeatedly([] {
    const Shape to = AnyShape();
    const auto value =
        *rc::gen::oneOf(rc::gen::arbitrary<int64_t>(), rc::gen::just(INT64_MIN),
                        rc::gen::just(INT64_MAX), rc::gen::inRange<int64_t>(-50, 50));
    const std::string text = std::to_string(value);
    CheckCast(
        ColumnOf<arrow::Int64Builder>(value), to,
        UnscaledIn(Exact(value < 0, text.substr(value < 0 ? 1 : 0), 0), to.precision, to.scale));
  });
}

/// The shortest digits that read back as the number are its value.
template <typename Real>
ExactNumber ExactOfReal(Real value) {
  std::array<char, 64> buffer;
  const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::abs(value),
                                     std::chars_format::scientific);
  const std::string text(buffer.data(), written.ptr);
  const size_t e = text.find('e');
  std::string digits = text.substr(0, e);
  std::erase(digits, '.');
  const int behind = static_cast<int>(digits.size()) - 1;
  return Exact(value < 0, digits, std::stoi(text.substr(e + 1)) - behind);
}

RC_GTEST_PROP(DecimalCastProperty, Reals, ()) {
  Repeatedly([] {
    const Shape to = AnyShape();
    const std::string text = AnyDigits(*rc::gen::inRange(1, 18)) + "e" +
                             std::to_string(*rc::gen::inRange(-to.scale - 2, to.precision + 2));
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    if (*rc::gen::arbitrary<bool>()) value = -value;
    CheckCast(ColumnOf<arrow::DoubleBuilder>(value), to,
              UnscaledIn(ExactOfReal(value), to.precision, to.scale));
    const auto single = static_cast<float>(value);
    if (!std::isfinite(single)) return;
    CheckCast(ColumnOf<arrow::FloatBuilder>(single), to,
              UnscaledIn(ExactOfReal(single), to.precision, to.scale));
  });
}

RC_GTEST_PROP(DecimalCastProperty, ToIntegers, ()) {
  Repeatedly([] {
    const Shape from = AnyShape();
    const std::string digits = AnyDigits(*rc::gen::inRange(1, std::min(from.precision, 30) + 1));
    const bool negative = *rc::gen::arbitrary<bool>();
    const auto whole = UnscaledIn(Exact(negative, digits, -from.scale), 76, 0);
    int64_t expected = 0;
    const bool fits =
        whole &&
        std::from_chars(whole->data(), whole->data() + whole->size(), expected).ec == std::errc{};
    const ArrayPtr column = DecimalColumn(from, (negative ? "-" : "") + digits);
    const Outcome outcome = Transformed(column, arrow::int64(), OverflowPolicy::kNull);
    RC_ASSERT(outcome.status.ok());
    RC_ASSERT(outcome.nulled == (fits ? 0 : 1));
    RC_ASSERT(outcome.values->IsNull(1) == !fits);
    if (fits) {
      RC_ASSERT(static_cast<const arrow::Int64Array&>(*outcome.values).Value(1) == expected);
    }
  });
}

/// The nearest number of type Real; none where that is infinite or, of another number, zero.
template <typename Real>
std::optional<Real> Nearest(const ExactNumber& number) {
  const std::string text = Digits(number) + "e" + std::to_string(number.exponent);
  Real value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  if (number.digits.empty()) return Real{0};
  return std::isfinite(value) && value != 0 ? std::optional(value) : std::nullopt;
}

template <typename ArrowType>
void CheckReal(const ArrayPtr& column, const ExactNumber& number) {
  using Real = ArrowType::c_type;
  const auto expected = Nearest<Real>(number);
  const TypePtr to = arrow::TypeTraits<ArrowType>::type_singleton();
  const Outcome outcome = Transformed(column, to, OverflowPolicy::kNull);
  RC_ASSERT(outcome.status.ok());
  RC_ASSERT(outcome.values->ValidateFull().ok());
  RC_ASSERT(outcome.values->IsNull(0));
  RC_ASSERT(outcome.nulled == (expected ? 0 : 1));
  if (!expected) return RC_ASSERT(outcome.values->IsNull(1));
  RC_ASSERT(static_cast<const arrow::NumericArray<ArrowType>&>(*outcome.values).Value(1) ==
            *expected);
}

RC_GTEST_PROP(DecimalCastProperty, ToTheNearestReal, ()) {
  Repeatedly([] {
    const Shape from = AnyShape();
    const bool negative = *rc::gen::arbitrary<bool>();
    const std::string digits = AnyDigits(*rc::gen::inRange(1, from.precision + 1));
    const ExactNumber number = Exact(negative, digits, -from.scale);
    const ArrayPtr column = DecimalColumn(from, (negative ? "-" : "") + digits);
    CheckReal<arrow::DoubleType>(column, number);
    CheckReal<arrow::FloatType>(column, number);
  });
}

/// Halfway between two floats, or so near that the double is halfway: rounding twice goes wrong.
RC_GTEST_PROP(DecimalCastProperty, ToTheNearestRealFromHalfwayBetweenFloats, ()) {
  Repeatedly([] {
    const auto odd = 2 * *rc::gen::inRange<int64_t>(1 << 23, 1 << 24) + 1;  // Of 25 bits.
    const int zeros = *rc::gen::element(0, 3, 9, 20);
    std::string digits = std::to_string(odd) + std::string(static_cast<size_t>(zeros), '0');
    if (zeros > 0) digits.back() = *rc::gen::element('0', '1');
    const Shape from{*rc::gen::element(128, 256), 38, zeros};
    const ExactNumber number = Exact(false, digits, -zeros);
    CheckReal<arrow::FloatType>(DecimalColumn(from, digits), number);
    CheckReal<arrow::DoubleType>(DecimalColumn(from, digits), number);
  });
}

RC_GTEST_PROP(DecimalCastProperty, TextToTheNearestReal, ()) {
  Repeatedly([] {
    const std::string digits = AnyDigits(*rc::gen::inRange(1, 40));
    const int power = *rc::gen::inRange(-60, 40);
    const ExactNumber number = Exact(false, digits, power);
    const ArrayPtr column = ColumnOf<arrow::StringBuilder>(digits + "e" + std::to_string(power));
    CheckReal<arrow::DoubleType>(column, number);
    CheckReal<arrow::FloatType>(column, number);
  });
}

}  // namespace
}  // namespace headrace
