#include "headrace/transform/unfit_rows.h"

#include <arrow/compute/cast.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/value_parsing.h>

#include <cmath>
#include <string_view>

#include "headrace/transform/text_number.h"

namespace headrace {
namespace {

using arrow::compute::Cast;

/// Whether Arrow, whose casts parse by the same function, reads `text` as a value of `Type`.
template <typename Type>
bool Parses(const arrow::DataType& /*to*/, std::string_view text) {
  typename arrow::internal::StringConverter<Type>::value_type value{};
  return arrow::internal::ParseValue<Type>(text.data(), text.size(), &value);
}

template <typename Type>
bool ParsesInteger(const arrow::DataType& to, std::string_view text) {
  return !WritesHexadecimal(text) && Parses<Type>(to, text);
}

template <typename Type>
bool ParsesReal(const arrow::DataType& /*to*/, std::string_view text) {
  typename Type::c_type value = 0;
  return arrow::internal::ParseValue<Type>(text.data(), text.size(), &value) &&
         !LosesMagnitude(text, double{value});
}

/// A zone is written if and only if the type has one.
bool ParsesTimestamp(const arrow::DataType& to, std::string_view text) {
  const auto& type = static_cast<const arrow::TimestampType&>(to);
  int64_t value = 0;
  bool zone = false;
  return arrow::internal::ParseTimestampISO8601(text.data(), text.size(), type.unit(), &value,
                                                &zone) &&
         zone == !type.timezone().empty();
}

struct TextRule {
  arrow::Type::type to;
  bool (*fits)(const arrow::DataType& to, std::string_view text);
};

constexpr TextRule kTextRules[] = {
    {arrow::Type::BOOL, Parses<arrow::BooleanType>},
    {arrow::Type::INT16, ParsesInteger<arrow::Int16Type>},
    {arrow::Type::INT32, ParsesInteger<arrow::Int32Type>},
    {arrow::Type::INT64, ParsesInteger<arrow::Int64Type>},
    {arrow::Type::FLOAT, ParsesReal<arrow::FloatType>},
    {arrow::Type::DOUBLE, ParsesReal<arrow::DoubleType>},
    {arrow::Type::DATE32, Parses<arrow::Date32Type>},
    {arrow::Type::TIMESTAMP, ParsesTimestamp},
};

arrow::Status OnlyACastCanTell(const arrow::DataType& type) {
  return arrow::Status::NotImplemented("values that do not fit ", type.ToString());
}

}  // namespace

arrow::Result<IntegerRange> RangeOf(const arrow::DataType& integer) {
  if (!arrow::is_signed_integer(integer.id())) return OnlyACastCanTell(integer);
  const int64_t greatest = INT64_MAX >> (64 - integer.bit_width());
  return IntegerRange{.least = -greatest - 1, .greatest = greatest};
}

UnfitResult UnfitIntegersForInteger(const arrow::Array& values, const arrow::DataType& to) {
  ARROW_ASSIGN_OR_RAISE(const IntegerRange range, RangeOf(to));
  ARROW_RETURN_NOT_OK(RangeOf(*values.type()));
  ARROW_ASSIGN_OR_RAISE(const auto wide, Cast(values, arrow::int64()));
  const auto& integers = static_cast<const arrow::Int64Array&>(*wide);
  return RowsThatDoNot(values, [&](int64_t row) {
    return integers.Value(row) >= range.least && integers.Value(row) <= range.greatest;
  });
}

UnfitResult UnfitRealsForInteger(const arrow::Array& values, const arrow::DataType& to) {
  ARROW_ASSIGN_OR_RAISE(const IntegerRange range, RangeOf(to));
  ARROW_ASSIGN_OR_RAISE(const auto wide, Cast(values, arrow::float64()));
  const auto& reals = static_cast<const arrow::DoubleArray&>(*wide);
  const auto least =
      static_cast<double>(range.least);  // A power of two: exact, as is its negation.
  return RowsThatDoNot(values, [&](int64_t row) {
    const double value = reals.Value(row);
    return value >= least && value < -least && std::trunc(value) == value;
  });
}

UnfitResult UnfitText(const arrow::Array& values, const arrow::DataType& to) {
  for (const TextRule& rule : kTextRules) {
    if (rule.to != to.id()) continue;
    ARROW_ASSIGN_OR_RAISE(const auto text, Cast(values, arrow::utf8()));
    const auto& strings = static_cast<const arrow::StringArray&>(*text);
    return RowsThatDoNot(values, [&](int64_t row) { return rule.fits(to, strings.GetView(row)); });
  }
  return OnlyACastCanTell(to);
}

}  // namespace headrace
