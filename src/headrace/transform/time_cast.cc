#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/cast.h>
#include <arrow/type.h>

#include <limits>
#include <string>
#include <string_view>

#include "headrace/model/civil_time.h"
#include "headrace/transform/cast_rule.h"
#include "headrace/transform/unfit_rows.h"

namespace headrace {
namespace {

using arrow::compute::Cast;

constexpr int64_t kSecondsPerDay = 86'400;

/// What a unit makes of a second.
struct UnitOfTime {
  int64_t per_second;
  size_t digits;  ///< Behind the point of a second.
};

UnitOfTime UnitOf(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return {.per_second = 1, .digits = 0};
    case arrow::TimeUnit::MILLI:
      return {.per_second = 1'000, .digits = 3};
    case arrow::TimeUnit::MICRO:
      return {.per_second = 1'000'000, .digits = 6};
    case arrow::TimeUnit::NANO:
      return {.per_second = 1'000'000'000, .digits = 9};
  }
  return {.per_second = 1, .digits = 0};
}

/// Dates, times and timestamps as the integers that they are.
ArrayResult AsIntegers(const arrow::Array& values) {
  if (values.type()->bit_width() == 64) return values.View(arrow::int64());
  ARROW_ASSIGN_OR_RAISE(const auto narrow, values.View(arrow::int32()));
  return Cast(*narrow, arrow::int64());
}

/// How many of the integers of `type` (date, time, timestamp) are a day.
int64_t PerDay(const arrow::DataType& type) {
  if (type.id() == arrow::Type::DATE32) return 1;
  const auto unit = type.id() == arrow::Type::TIMESTAMP
                        ? static_cast<const arrow::TimestampType&>(type).unit()
                        : static_cast<const arrow::TimeType&>(type).unit();
  return kSecondsPerDay * UnitOf(unit).per_second;
}

void AppendTimestamp(int64_t ticks, UnitOfTime unit, std::string& text) {
  const CivilTime time = CivilTimeOfSeconds(FloorDivide(ticks, unit.per_second));
  AppendDate(time, text);
  text += ' ';
  AppendTimeOfDay(time, text);
  if (unit.digits == 0) return;
  text += '.';
  AppendDigits(FloorRemainder(ticks, unit.per_second), unit.digits, text);
}

/// `append` adds the text of an integer to a string.
template <typename Append>
ArrayResult TextsOf(const arrow::Array& values, Append append) {
  ARROW_ASSIGN_OR_RAISE(const auto wide, AsIntegers(values));
  const auto& integers = static_cast<const arrow::Int64Array&>(*wide);
  arrow::StringBuilder builder;
  ARROW_RETURN_NOT_OK(builder.Reserve(values.length()));
  std::string text;
  for (int64_t row = 0; row < values.length(); ++row) {
    if (integers.IsNull(row)) {
      builder.UnsafeAppendNull();
      continue;
    }
    text.clear();
    append(integers.Value(row), text);
    ARROW_RETURN_NOT_OK(builder.Append(text));
  }
  return builder.Finish();
}

ArrayResult TimestampsToText(const arrow::Array& values) {
  const auto& type = static_cast<const arrow::TimestampType&>(*values.type());
  const UnitOfTime unit = UnitOf(type.unit());
  const std::string_view zone = type.timezone().empty() ? "" : "Z";
  return TextsOf(values, [=](int64_t ticks, std::string& text) {
    AppendTimestamp(ticks, unit, text);
    text += zone;
  });
}

ArrayResult DatesToText(const arrow::Array& values) {
  return TextsOf(values, [](int64_t days, std::string& text) {
    AppendDate(CivilTimeOfSeconds(days * kSecondsPerDay), text);
  });
}

}  // namespace

/// Arrow's own texts end with the standard library's years, 32767: beyond them it writes "<value
/// out of range: …>" or, where the type has a zone, another year.
ArrayResult CastDateToText(const arrow::Array& values, const std::shared_ptr<arrow::DataType>& to) {
  ARROW_ASSIGN_OR_RAISE(const auto text, values.type_id() == arrow::Type::DATE32
                                             ? DatesToText(values)
                                             : TimestampsToText(values));
  return Cast(*text, to);
}

UnfitResult UnfitForUnit(const arrow::Array& values, const arrow::DataType& to) {
  ARROW_ASSIGN_OR_RAISE(const auto wide, AsIntegers(values));
  const auto& integers = static_cast<const arrow::Int64Array&>(*wide);
  const int64_t from_day = PerDay(*values.type());
  const int64_t to_day = PerDay(to);
  if (to_day >= from_day) {
    return RowsThatDoNot(values, [&, factor = to_day / from_day](int64_t row) {
      int64_t product = 0;
      return !__builtin_mul_overflow(integers.Value(row), factor, &product);
    });
  }
  const int64_t greatest = std::numeric_limits<int64_t>::max() >> (64 - to.bit_width());
  return RowsThatDoNot(values, [&, divisor = from_day / to_day](int64_t row) {
    const int64_t quotient = integers.Value(row) / divisor;
    return integers.Value(row) % divisor == 0 && quotient <= greatest && quotient >= -greatest - 1;
  });
}

}  // namespace headrace
