#include "headrace/staging/column_encoder.h"

#include <arrow/type.h>
#include <arrow/util/checked_cast.h>

#include "headrace/staging/boolean_encoder.h"
#include "headrace/staging/number_encoder.h"
#include "headrace/staging/text_encoder.h"
#include "headrace/staging/wide_decimal.h"

namespace headrace {
namespace {

using arrow::internal::checked_cast;

using Factory = std::unique_ptr<ColumnEncoder> (*)(const arrow::DataType& type);

template <auto Make>
std::unique_ptr<ColumnEncoder> Plain(const arrow::DataType& /*type*/) {
  return Make();
}

std::unique_ptr<ColumnEncoder> ForTimestamp(const arrow::DataType& type) {
  const bool micros =
      checked_cast<const arrow::TimestampType&>(type).unit() == arrow::TimeUnit::MICRO;
  return micros ? MakeInt64Encoder() : nullptr;
}

std::unique_ptr<ColumnEncoder> ForTime(const arrow::DataType& type) {
  const bool micros = checked_cast<const arrow::Time64Type&>(type).unit() == arrow::TimeUnit::MICRO;
  return micros ? MakeInt64Encoder() : nullptr;
}

std::unique_ptr<ColumnEncoder> ForDecimal(const arrow::DataType& type) {
  return MakeDecimal128Encoder(checked_cast<const arrow::DecimalType&>(type).precision());
}

std::unique_ptr<ColumnEncoder> ForWideDecimal(const arrow::DataType& type) {
  return IsWideDecimal(type) ? MakeDecimal256Encoder() : nullptr;
}

struct EncoderRule {
  arrow::Type::type type;
  Factory make;
};

constexpr EncoderRule kEncoderRules[] = {
    {arrow::Type::BOOL, Plain<MakeBooleanEncoder>},
    {arrow::Type::INT16, Plain<MakeInt16Encoder>},
    {arrow::Type::INT32, Plain<MakeInt32Encoder>},
    {arrow::Type::INT64, Plain<MakeInt64Encoder>},
    {arrow::Type::FLOAT, Plain<MakeFloatEncoder>},
    {arrow::Type::DOUBLE, Plain<MakeDoubleEncoder>},
    {arrow::Type::DATE32, Plain<MakeInt32Encoder>},
    {arrow::Type::TIMESTAMP, ForTimestamp},
    {arrow::Type::TIME64, ForTime},
    {arrow::Type::DECIMAL128, ForDecimal},
    {arrow::Type::DECIMAL256, ForWideDecimal},
    {arrow::Type::STRING, Plain<MakeTextEncoder>},
    {arrow::Type::BINARY, Plain<MakeTextEncoder>},
};

}  // namespace

std::unique_ptr<ColumnEncoder> MakeColumnEncoder(const arrow::DataType& type) {
  for (const EncoderRule& rule : kEncoderRules) {
    if (rule.type == type.id()) return rule.make(type);
  }
  return nullptr;
}

}  // namespace headrace
