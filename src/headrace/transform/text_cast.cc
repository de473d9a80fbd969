#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/cast.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include <string>
#include <string_view>

#include "headrace/transform/cast_rule.h"
#include "headrace/transform/text_number.h"
#include "headrace/transform/text_value.h"
#include "headrace/transform/unfit_rows.h"

namespace headrace {
namespace {

using arrow::compute::Cast;

arrow::Result<std::shared_ptr<arrow::StringArray>> AsText(const arrow::Array& values) {
  ARROW_ASSIGN_OR_RAISE(auto text, Cast(values, arrow::utf8()));
  return std::static_pointer_cast<arrow::StringArray>(std::move(text));
}

/// Arrow's cast, and its errors, which quote the value at any length, in words of the job file.
ArrayResult CastInOwnWords(const arrow::Array& values, const std::shared_ptr<arrow::DataType>& to,
                           std::string_view reason) {
  auto result = Cast(values, to);
  if (result.status().IsInvalid()) return arrow::Status::Invalid(reason);
  return result;
}

std::string_view WhatTextIsNot(const arrow::DataType& to) {
  switch (to.id()) {
    case arrow::Type::TIMESTAMP:
      return static_cast<const arrow::TimestampType&>(to).timezone().empty()
                 ? "not a date and time of whole microseconds without a zone"
                 : "not a date and time of whole microseconds with a zone";
    default:
      return "not such a value";
  }
}

std::string WhyNoInteger(DecimalFit fit, const arrow::DataType& to) {
  if (fit == DecimalFit::kNoNumber) return "not a decimal number";
  if (fit == DecimalFit::kTooFine) return "not a whole number";
  return "out of the range of " + to.ToString();
}

/// The digits of an unscaled value with the point set before the last `scale`.
std::string PlainDecimal(std::string digits, int scale) {
  if (scale <= 0) return digits;
  const size_t sign = digits.starts_with('-') ? 1 : 0;
  const auto behind = static_cast<size_t>(scale);
  if (digits.size() - sign <= behind) digits.insert(sign, behind + 1 - (digits.size() - sign), '0');
  digits.insert(digits.size() - behind, 1, '.');
  return digits;
}

template <typename DecimalArray, typename Decimal>
ArrayResult DecimalsToText(const arrow::Array& values) {
  const auto& decimals = static_cast<const DecimalArray&>(values);
  const int scale = static_cast<const arrow::DecimalType&>(*values.type()).scale();
  arrow::StringBuilder builder;
  ARROW_RETURN_NOT_OK(builder.Reserve(values.length()));
  for (int64_t i = 0; i < values.length(); ++i) {
    if (decimals.IsNull(i)) {
      builder.UnsafeAppendNull();
    } else {
      ARROW_RETURN_NOT_OK(
          builder.Append(PlainDecimal(Decimal(decimals.GetValue(i)).ToIntegerString(), scale)));
    }
  }
  return builder.Finish();
}

/// Each text as `read` reads it, which returns an optional.
template <typename Builder, typename Read>
ArrayResult ReadTexts(const arrow::Array& values, Read read, std::string_view reason) {
  ARROW_ASSIGN_OR_RAISE(const auto text, AsText(values));
  Builder builder;
  ARROW_RETURN_NOT_OK(builder.Reserve(text->length()));
  for (int64_t row = 0; row < text->length(); ++row) {
    if (text->IsNull(row)) {
      builder.UnsafeAppendNull();
      continue;
    }
    const auto value = read(text->GetView(row));
    if (!value.has_value()) return arrow::Status::Invalid(reason);
    builder.UnsafeAppend(*value);
  }
  return builder.Finish();
}

}  // namespace

ArrayResult CastText(const arrow::Array& values, const std::shared_ptr<arrow::DataType>& to) {
  return CastInOwnWords(values, to, WhatTextIsNot(*to));
}

ArrayResult CastTextToBool(const arrow::Array& values,
                           const std::shared_ptr<arrow::DataType>& /*to*/) {
  return ReadTexts<arrow::BooleanBuilder>(values, BoolOfText, "neither true nor false");
}

ArrayResult CastTextToDate(const arrow::Array& values,
                           const std::shared_ptr<arrow::DataType>& /*to*/) {
  return ReadTexts<arrow::Date32Builder>(values, DateOfText, "not a date");
}

ArrayResult CastTextToInteger(const arrow::Array& values,
                              const std::shared_ptr<arrow::DataType>& to) {
  ARROW_ASSIGN_OR_RAISE(const auto text, AsText(values));
  const IntegerRange range = RangeOf(*to);
  arrow::Int64Builder builder;
  ARROW_RETURN_NOT_OK(builder.Reserve(text->length()));
  for (int64_t row = 0; row < text->length(); ++row) {
    if (text->IsNull(row)) {
      builder.UnsafeAppendNull();
      continue;
    }
    int64_t value = 0;
    const DecimalFit fit = ParseInteger(text->GetView(row), range, value);
    if (fit != DecimalFit::kFits) return arrow::Status::Invalid(WhyNoInteger(fit, *to));
    builder.UnsafeAppend(value);
  }
  ARROW_ASSIGN_OR_RAISE(const auto integers, builder.Finish());
  return Cast(*integers, to);
}

ArrayResult CastTextToFloat(const arrow::Array& values,
                            const std::shared_ptr<arrow::DataType>& to) {
  ARROW_ASSIGN_OR_RAISE(const auto text, AsText(values));
  ARROW_ASSIGN_OR_RAISE(auto result, CastInOwnWords(values, to, "not a number"));
  ARROW_ASSIGN_OR_RAISE(const auto widened, Cast(*result, arrow::float64()));
  const auto& doubles = static_cast<const arrow::DoubleArray&>(*widened);
  for (int64_t row = 0; row < text->length(); ++row) {
    if (text->IsNull(row) || !LosesMagnitude(text->GetView(row), doubles.Value(row))) continue;
    return arrow::Status::Invalid("out of the range of ", to->ToString());
  }
  return result;
}

/// Arrow has no such cast, but one to timestamps: a time of day is a timestamp on the first day.
ArrayResult CastTextToTime(const arrow::Array& values, const std::shared_ptr<arrow::DataType>& to) {
  ARROW_ASSIGN_OR_RAISE(const auto text, AsText(values));
  arrow::StringBuilder builder;
  for (int64_t i = 0; i < text->length(); ++i) {
    ARROW_RETURN_NOT_OK(text->IsNull(i) ? builder.AppendNull()
                                        : builder.Append(OnTheFirstDay(text->GetView(i))));
  }
  ARROW_ASSIGN_OR_RAISE(const auto dated, builder.Finish());
  ARROW_ASSIGN_OR_RAISE(const auto timestamps,
                        CastInOwnWords(*dated, arrow::timestamp(arrow::TimeUnit::MICRO),
                                       "not a time of day of whole microseconds without a zone"));
  ARROW_ASSIGN_OR_RAISE(const auto micros, timestamps->View(arrow::time64(arrow::TimeUnit::MICRO)));
  return Cast(*micros, to);
}

ArrayResult CastDecimalToText(const arrow::Array& values,
                              const std::shared_ptr<arrow::DataType>& to) {
  const auto write = values.type_id() == arrow::Type::DECIMAL256
                         ? DecimalsToText<arrow::Decimal256Array, arrow::Decimal256>
                         : DecimalsToText<arrow::Decimal128Array, arrow::Decimal128>;
  ARROW_ASSIGN_OR_RAISE(const auto text, write(values));
  return Cast(*text, to);
}

}  // namespace headrace
