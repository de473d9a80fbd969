#include "headrace/transform/unfit_rows.h"

#include <arrow/buffer.h>
#include <arrow/compute/cast.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>
#include <arrow/util/value_parsing.h>

#include <cmath>
#include <memory>
#include <string_view>
#include <utility>

#include "headrace/model/civil_time.h"
#include "headrace/model/error.h"
#include "headrace/model/utf8.h"
#include "headrace/transform/text_number.h"
#include "headrace/transform/text_value.h"

namespace headrace {
namespace {

using arrow::compute::Cast;

bool ParsesBool(const arrow::DataType& /*to*/, std::string_view text) {
  return BoolOfText(text).has_value();
}

bool ParsesDate(const arrow::DataType& /*to*/, std::string_view text) {
  return DateOfText(text).has_value();
}

bool ParsesInteger(const arrow::DataType& to, std::string_view text) {
  int64_t value = 0;
  return ParseInteger(text, RangeOf(to), value) == DecimalFit::kFits;
}

template <typename Type>
bool ParsesReal(const arrow::DataType& /*to*/, std::string_view text) {
  typename Type::c_type value = 0;
  return arrow::internal::ParseValue<Type>(text.data(), text.size(), &value) &&
         !LosesMagnitude(text, double{value});
}

bool ParsesMoment(std::string_view text, arrow::TimeUnit::type unit, bool zoned, int64_t& value) {
  bool zone = false;
  return arrow::internal::ParseTimestampISO8601(text.data(), text.size(), unit, &value, &zone) &&
         zone == zoned;
}

/// A zone is written if and only if the type has one.
bool ParsesTimestamp(const arrow::DataType& to, std::string_view text) {
  const auto& type = static_cast<const arrow::TimestampType&>(to);
  int64_t value = 0;
  return ParsesMoment(text, type.unit(), !type.timezone().empty(), value);
}

bool ParsesTime(const arrow::DataType& to, std::string_view text) {
  constexpr int64_t kMicrosPerMilli = 1'000;
  int64_t micros = 0;
  if (!ParsesMoment(OnTheFirstDay(text), arrow::TimeUnit::MICRO, false, micros)) return false;
  const auto unit = static_cast<const arrow::TimeType&>(to).unit();
  if (unit == arrow::TimeUnit::SECOND) return micros % kMicrosPerSecond == 0;
  return unit != arrow::TimeUnit::MILLI || micros % kMicrosPerMilli == 0;
}

struct TextRule {
  arrow::Type::type to;
  bool (*fits)(const arrow::DataType& to, std::string_view text);
};

constexpr TextRule kTextRules[] = {
    {arrow::Type::BOOL, ParsesBool},
    {arrow::Type::INT16, ParsesInteger},
    {arrow::Type::INT32, ParsesInteger},
    {arrow::Type::INT64, ParsesInteger},
    {arrow::Type::FLOAT, ParsesReal<arrow::FloatType>},
    {arrow::Type::DOUBLE, ParsesReal<arrow::DoubleType>},
    {arrow::Type::DATE32, ParsesDate},
    {arrow::Type::TIME32, ParsesTime},
    {arrow::Type::TIME64, ParsesTime},
    {arrow::Type::TIMESTAMP, ParsesTimestamp},
};

/// Signed integers of any width, as the widest.
arrow::Result<std::shared_ptr<arrow::Int64Array>> AsInt64s(const arrow::Array& integers) {
  ARROW_ASSIGN_OR_RAISE(auto wide, Cast(integers, arrow::int64()));
  return std::static_pointer_cast<arrow::Int64Array>(std::move(wide));
}

}  // namespace

IntegerRange RangeOf(const arrow::DataType& integer) {
  const int64_t greatest = INT64_MAX >> (64 - integer.bit_width());
  return {.least = -greatest - 1, .greatest = greatest};
}

arrow::Result<std::shared_ptr<arrow::Array>> WithNulls(const arrow::Array& values,
                                                       const std::vector<int64_t>& rows) {
  const auto data = values.data()->Copy();
  const int64_t bits = data->offset + data->length;
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> valid, arrow::AllocateBitmap(bits));
  if (data->buffers[0] == nullptr) {
    arrow::bit_util::SetBitsTo(valid->mutable_data(), 0, bits, true);
  } else {
    arrow::internal::CopyBitmap(data->buffers[0]->data(), 0, bits, valid->mutable_data(), 0);
  }
  for (const int64_t row : rows) {
    arrow::bit_util::ClearBit(valid->mutable_data(), data->offset + row);
  }
  data->buffers[0] = std::move(valid);
  data->null_count = arrow::kUnknownNullCount;
  return arrow::MakeArray(data);
}

UnfitResult UnfitIntegersForInteger(const arrow::Array& values, const arrow::DataType& to) {
  const IntegerRange range = RangeOf(to);
  ARROW_ASSIGN_OR_RAISE(const auto integers, AsInt64s(values));
  return RowsThatDoNot(values, [&](int64_t row) {
    return integers->Value(row) >= range.least && integers->Value(row) <= range.greatest;
  });
}

UnfitResult UnfitIntegersForBool(const arrow::Array& values, const arrow::DataType& /*to*/) {
  ARROW_ASSIGN_OR_RAISE(const auto integers, AsInt64s(values));
  return RowsThatDoNot(
      values, [&](int64_t row) { return integers->Value(row) == 0 || integers->Value(row) == 1; });
}

UnfitResult UnfitRealsForInteger(const arrow::Array& values, const arrow::DataType& to) {
  const IntegerRange range = RangeOf(to);
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
  return BugError("no text is known to fit " + to.ToString());
}

UnfitResult UnfitBytesForText(const arrow::Array& values, const arrow::DataType& /*to*/) {
  ARROW_ASSIGN_OR_RAISE(const auto bytes, Cast(values, arrow::binary()));
  const auto& strings = static_cast<const arrow::BinaryArray&>(*bytes);
  return RowsThatDoNot(values, [&](int64_t row) { return IsUtf8(strings.GetView(row)); });
}

}  // namespace headrace
