#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/base64.h>
#include <arrow/util/decimal.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>

#include "headrace/destination/bigquery/column_range.h"
#include "headrace/destination/bigquery/column_types.h"
#include "headrace/destination/bigquery/listed_rows.h"
#include "headrace/model/checksum.h"

// Whatever is staged comes back from a service that stores it and lists it.
namespace headrace {
namespace {

using Json = nlohmann::json;

template <typename... Values>
std::string Printed(const char* format, Values... values) {
  std::array<char, 64> text;
  const int size = std::snprintf(text.data(), text.size(), format, values...);
  return {text.data(), static_cast<size_t>(size)};
}

std::string ListedDateText(int64_t days) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  return Printed("%04d-%02u-%02u", static_cast<int>(date.year()),
                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

std::string ListedTimeText(int64_t micros) {
  const auto seconds = static_cast<int>(micros / 1'000'000);
  const auto fraction = static_cast<int>(micros % 1'000'000);
  const std::string text =
      Printed("%02d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
  return fraction == 0 ? text : text + Printed(".%06d", fraction);
}

std::string ListedDatetimeText(int64_t micros) {
  const std::chrono::microseconds moment{micros};
  const auto day = std::chrono::floor<std::chrono::days>(moment);
  return ListedDateText(day.count()) + "T" + ListedTimeText((moment - day).count());
}

std::string ListedSeconds(int64_t micros) {
  const arrow::Decimal128 seconds(micros);
  const std::string text = seconds.ToString(6);
  return *rc::gen::arbitrary<bool>() ? text : seconds.ToString(0) + "E-6";
}

std::string ListedFloatText(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  return Printed(*rc::gen::arbitrary<bool>() ? "%.17g" : "%.17E", value);
}

/// Of all bits, however few tests have run.
template <typename Integer>
Integer AnyOfAllBits() {
  return *rc::gen::oneOf(rc::gen::resize(rc::kNominalSize, rc::gen::arbitrary<Integer>()),
                         rc::gen::arbitrary<Integer>());
}

int64_t AnyWithin(int64_t first, int64_t last) {
  return *rc::gen::oneOf(rc::gen::inRange<int64_t>(first, last + 1),
                         rc::gen::elementOf(std::vector<int64_t>{first, last}));
}

/// Appends any value to the builder and returns how it is listed.
using AppendAny = Json (*)(const arrow::DataType& type, arrow::ArrayBuilder& builder);

/// As AppendAny, but NULL at times.
Json AppendAnyOrNull(const arrow::Field& field, arrow::ArrayBuilder& builder);

template <typename Builder, typename Value>
void AppendTo(arrow::ArrayBuilder& builder, const Value& value) {
  RC_ASSERT(static_cast<Builder&>(builder).Append(value).ok());
}

Json AnyBool(const arrow::DataType& /*type*/, arrow::ArrayBuilder& builder) {
  const bool value = *rc::gen::arbitrary<bool>();
  AppendTo<arrow::BooleanBuilder>(builder, value);
  return value ? "true" : "false";
}

template <typename Builder, typename Integer>
Json AnyInteger(const arrow::DataType& /*type*/, arrow::ArrayBuilder& builder) {
  const auto value = AnyOfAllBits<Integer>();
  AppendTo<Builder>(builder, value);
  return std::to_string(value);
}

template <typename Builder, typename Float, typename Bits>
Json AnyFloat(const arrow::DataType& /*type*/, arrow::ArrayBuilder& builder) {
  const auto value =
      *rc::gen::arbitrary<bool>()
          ? std::bit_cast<Float>(AnyOfAllBits<Bits>())
          : *rc::gen::element<Float>(0.0F, -0.0F, 0.1F, std::numeric_limits<Float>::max(),
                                     std::numeric_limits<Float>::denorm_min(),
                                     std::numeric_limits<Float>::quiet_NaN(),
                                     -std::numeric_limits<Float>::infinity());
  AppendTo<Builder>(builder, value);
  return ListedFloatText(value);
}

Json AnyDate(const arrow::DataType& /*type*/, arrow::ArrayBuilder& builder) {
  const auto days = static_cast<int32_t>(AnyWithin(kFirstBigQueryDay, kLastBigQueryDay));
  AppendTo<arrow::Date32Builder>(builder, days);
  return ListedDateText(days);
}

Json AnyTime(const arrow::DataType& /*type*/, arrow::ArrayBuilder& builder) {
  const int64_t micros = AnyWithin(0, kLastBigQueryTimeOfDay);
  AppendTo<arrow::Time64Builder>(builder, micros);
  return ListedTimeText(micros);
}

Json AnyTimestamp(const arrow::DataType& type, arrow::ArrayBuilder& builder) {
  const int64_t micros = AnyWithin(kFirstBigQueryMicros, kLastBigQueryMicros);
  AppendTo<arrow::TimestampBuilder>(builder, micros);
  if (static_cast<const arrow::TimestampType&>(type).timezone().empty()) {
    return ListedDatetimeText(micros);
  }
  return *rc::gen::arbitrary<bool>() ? std::to_string(micros) : ListedSeconds(micros);
}

template <typename Builder, typename Decimal>
Json AnyDecimal(const arrow::DataType& type, arrow::ArrayBuilder& builder) {
  const auto& decimal = static_cast<const arrow::DecimalType&>(type);
  const auto size = *rc::gen::inRange<size_t>(1, static_cast<size_t>(decimal.precision()) + 1);
  const auto digits =
      *rc::gen::container<std::string>(size, rc::gen::elementOf(std::string("0123456789")));
  const auto value =
      Decimal::FromString((*rc::gen::arbitrary<bool>() ? "-" : "") + digits).ValueOrDie();
  AppendTo<Builder>(builder, value);
  // With an exponent where there are many zeros behind the point.
  return value.ToString(decimal.scale());
}

Json AnyText(const arrow::DataType& /*type*/, arrow::ArrayBuilder& builder) {
  std::string text;
  for (const std::string& piece : *rc::gen::container<std::vector<std::string>>(
           rc::gen::element<std::string>("a", "\"", "\\", "\n", "ä", "😀", std::string(1, '\0')))) {
    text += piece;
  }
  AppendTo<arrow::StringBuilder>(builder, text);
  return text;
}

Json AnyBytes(const arrow::DataType& /*type*/, arrow::ArrayBuilder& builder) {
  const auto bytes = *rc::gen::arbitrary<std::string>();
  AppendTo<arrow::BinaryBuilder>(builder, bytes);
  return arrow::util::base64_encode(bytes);
}

template <typename Builder>
Json AnyArray(const arrow::DataType& type, arrow::ArrayBuilder& builder) {
  auto& lists = static_cast<Builder&>(builder);
  RC_ASSERT(lists.Append().ok());
  Json cells = Json::array();
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
    cells.push_back({{"v", AppendAnyOrNull(*type.field(0), *lists.value_builder())}});
  }
  return cells;
}

Json AnyRecord(const arrow::DataType& type, arrow::ArrayBuilder& builder) {
  auto& records = static_cast<arrow::StructBuilder&>(builder);
  RC_ASSERT(records.Append().ok());
  Json cells = Json::array();
  for (int i = 0; i < type.num_fields(); ++i) {
    cells.push_back({{"v", AppendAnyOrNull(*type.field(i), *records.field_builder(i))}});
  }
  return {{"f", cells}};
}

struct AnyValueRow {
  arrow::Type::type type;
  AppendAny append;
};

constexpr AnyValueRow kAnyValues[] = {
    {arrow::Type::BOOL, AnyBool},
    {arrow::Type::INT16, AnyInteger<arrow::Int16Builder, int16_t>},
    {arrow::Type::INT32, AnyInteger<arrow::Int32Builder, int32_t>},
    {arrow::Type::INT64, AnyInteger<arrow::Int64Builder, int64_t>},
    {arrow::Type::FLOAT, AnyFloat<arrow::FloatBuilder, float, uint32_t>},
    {arrow::Type::DOUBLE, AnyFloat<arrow::DoubleBuilder, double, uint64_t>},
    {arrow::Type::DATE32, AnyDate},
    {arrow::Type::TIME64, AnyTime},
    {arrow::Type::TIMESTAMP, AnyTimestamp},
    {arrow::Type::DECIMAL128, AnyDecimal<arrow::Decimal128Builder, arrow::Decimal128>},
    {arrow::Type::DECIMAL256, AnyDecimal<arrow::Decimal256Builder, arrow::Decimal256>},
    {arrow::Type::STRING, AnyText},
    {arrow::Type::BINARY, AnyBytes},
    {arrow::Type::LIST, AnyArray<arrow::ListBuilder>},
    {arrow::Type::MAP, AnyArray<arrow::MapBuilder>},
    {arrow::Type::STRUCT, AnyRecord},
};

Json AppendAnyOrNull(const arrow::Field& field, arrow::ArrayBuilder& builder) {
  const auto id = field.type()->id();
  const bool is_array = id == arrow::Type::LIST || id == arrow::Type::MAP;
  if (field.nullable() && !is_array && *rc::gen::inRange(0, 5) == 0) {
    RC_ASSERT(builder.AppendNull().ok());
    return nullptr;
  }
  for (const AnyValueRow& row : kAnyValues) {
    if (row.type == id) return row.append(*field.type(), builder);
  }
  RC_FAIL(field.ToString());
}

std::shared_ptr<arrow::DataType> AnyScalarType() {
  const auto scale = *rc::gen::inRange(0, 39);
  return *rc::gen::elementOf(arrow::DataTypeVector{
      arrow::boolean(), arrow::int16(), arrow::int32(), arrow::int64(), arrow::uint64(),
      arrow::float32(), arrow::float64(), arrow::date32(), arrow::time64(arrow::TimeUnit::MICRO),
      arrow::timestamp(arrow::TimeUnit::MICRO), arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"),
      arrow::decimal128(38, scale), arrow::decimal256(scale + 38, scale), arrow::utf8(),
      arrow::binary()});
}

std::shared_ptr<arrow::Field> AnyField(std::string name, int levels);

std::shared_ptr<arrow::DataType> AnyStruct(int levels) {
  arrow::FieldVector fields;
  for (int i = *rc::gen::inRange(1, 4); i > 0; --i) {
    fields.push_back(AnyField("f" + std::to_string(i), levels - 1));
  }
  return arrow::struct_(fields);
}

std::shared_ptr<arrow::Field> AnyField(std::string name, int levels) {
  const bool nullable = *rc::gen::arbitrary<bool>();
  const auto kind = levels == 0 ? 0 : *rc::gen::inRange(0, 6);
  if (kind == 1) return arrow::field(std::move(name), AnyStruct(levels), nullable);
  if (kind == 2) return arrow::field(std::move(name), arrow::list(AnyScalarType()), nullable);
  if (kind == 3) return arrow::field(std::move(name), arrow::list(AnyStruct(levels)), nullable);
  if (kind == 4) {
    return arrow::field(std::move(name), arrow::map(AnyScalarType(), AnyStruct(levels)), nullable);
  }
  return arrow::field(std::move(name), AnyScalarType(), nullable);
}

Checksum ChecksumOfBatch(const arrow::RecordBatch& batch) {
  return ChecksumTaker::Make(*batch.schema()).ValueOrDie().Take(batch).ValueOrDie();
}

RC_GTEST_PROP(ListedRowsProperty, WhatWasStagedComesBack, ()) {
  arrow::FieldVector output;
  for (int i = *rc::gen::inRange(1, 6); i > 0; --i) {
    output.push_back(AnyField("c" + std::to_string(i), 3));
  }
  const auto columns = ColumnsOf(*arrow::schema(output)).ValueOrDie().columns;
  const auto staged = StagedSchema(columns);
  const int rows = *rc::gen::inRange(0, 8);
  Json page = {{"rows", Json::array()}};
  for (int row = 0; row < rows; ++row) page["rows"].push_back({{"f", Json::array()}});
  arrow::ArrayVector arrays;
  for (const auto& field : staged->fields()) {
    const auto builder = arrow::MakeBuilder(field->type()).ValueOrDie();
    for (Json& row : page["rows"]) row["f"].push_back({{"v", AppendAnyOrNull(*field, *builder)}});
    arrays.push_back(builder->Finish().ValueOrDie());
  }
  const auto expected = arrow::RecordBatch::Make(staged, rows, arrays);

  const auto table = TableFieldsFromJson(SchemaJson(columns)).ValueOrDie();
  const auto decoder = ListedRowsDecoder::Make(table, *staged);
  RC_ASSERT(decoder.ok());
  const auto decoded = decoder->Decode(Json::parse(page.dump()));
  RC_ASSERT(decoded.status().ToString() == "OK");
  RC_ASSERT((*decoded)->ValidateFull().ToString() == "OK");
  RC_ASSERT((*decoded)->Equals(*expected, true,
                               arrow::EqualOptions().nans_equal(true).signed_zeros_equal(false)));
  RC_ASSERT(ChecksumOfBatch(**decoded) == ChecksumOfBatch(*expected));
}

}  // namespace
}  // namespace headrace
