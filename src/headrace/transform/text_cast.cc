#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/cast.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include <string>
#include <string_view>

#include "headrace/transform/cast_rule.h"
#include "headrace/transform/text_number.h"

namespace headrace {
namespace {

using arrow::compute::Cast;

arrow::Result<std::shared_ptr<arrow::StringArray>> AsText(const arrow::Array& values) {
  ARROW_ASSIGN_OR_RAISE(auto text, Cast(values, arrow::utf8()));
  return std::static_pointer_cast<arrow::StringArray>(std::move(text));
}

/// An error naming nothing (the caller knows the value) if one of the texts is `refused`.
template <typename Refused>
arrow::Status RefuseText(const arrow::StringArray& text, const char* reason, Refused refused) {
  for (int64_t i = 0; i < text.length(); ++i) {
    if (!text.IsNull(i) && refused(i, text.GetView(i))) return arrow::Status::Invalid(reason);
  }
  return arrow::Status::OK();
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

}  // namespace

/// A column of text that is to be integers means decimal digits.
ArrayResult CastTextToInteger(const arrow::Array& values,
                              const std::shared_ptr<arrow::DataType>& to) {
  ARROW_ASSIGN_OR_RAISE(const auto text, AsText(values));
  ARROW_RETURN_NOT_OK(
      RefuseText(*text, "not an integer in decimal digits",
                 [](int64_t, std::string_view value) { return WritesHexadecimal(value); }));
  return Cast(values, to);
}

ArrayResult CastTextToFloat(const arrow::Array& values,
                            const std::shared_ptr<arrow::DataType>& to) {
  ARROW_ASSIGN_OR_RAISE(const auto text, AsText(values));
  ARROW_ASSIGN_OR_RAISE(auto result, Cast(values, to));
  ARROW_ASSIGN_OR_RAISE(const auto widened, Cast(*result, arrow::float64()));
  const auto& doubles = static_cast<const arrow::DoubleArray&>(*widened);
  ARROW_RETURN_NOT_OK(RefuseText(*text, "out of range", [&](int64_t i, std::string_view value) {
    return LosesMagnitude(value, doubles.Value(i));
  }));
  return result;
}

/// Arrow has no such cast, but one to timestamps: a time of day is a timestamp on the first day.
ArrayResult CastTextToTime(const arrow::Array& values, const std::shared_ptr<arrow::DataType>& to) {
  ARROW_ASSIGN_OR_RAISE(const auto text, AsText(values));
  arrow::StringBuilder builder;
  for (int64_t i = 0; i < text->length(); ++i) {
    ARROW_RETURN_NOT_OK(text->IsNull(i)
                            ? builder.AppendNull()
                            : builder.Append("1970-01-01 " + std::string(text->GetView(i))));
  }
  ARROW_ASSIGN_OR_RAISE(const auto dated, builder.Finish());
  ARROW_ASSIGN_OR_RAISE(const auto timestamps,
                        Cast(*dated, arrow::timestamp(arrow::TimeUnit::MICRO)));
  ARROW_ASSIGN_OR_RAISE(const auto micros, timestamps->View(arrow::time64(arrow::TimeUnit::MICRO)));
  return Cast(*micros, to);
}

/// Arrow writes years before -32767 or after 32767 as "<value out of range: …>".
ArrayResult CastDateToText(const arrow::Array& values, const std::shared_ptr<arrow::DataType>& to) {
  ARROW_ASSIGN_OR_RAISE(auto result, Cast(values, to));
  ARROW_ASSIGN_OR_RAISE(const auto text, AsText(*result));
  ARROW_RETURN_NOT_OK(
      RefuseText(*text, "a year of more than four digits that has no text form",
                 [](int64_t, std::string_view value) { return value.starts_with('<'); }));
  return result;
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
