#include "headrace/transform/cast_rule.h"

#include <arrow/array.h>
#include <arrow/compute/cast.h>
#include <arrow/type.h>

#include "headrace/transform/value_kind.h"

namespace headrace {
namespace {

ArrayResult CastSafely(const arrow::Array& values, const std::shared_ptr<arrow::DataType>& to) {
  return arrow::compute::Cast(values, to);
}

/// A cast that loses something is one that does not lead back.
ArrayResult CastThereAndBack(const arrow::Array& values,
                             const std::shared_ptr<arrow::DataType>& to) {
  ARROW_ASSIGN_OR_RAISE(auto result, arrow::compute::Cast(values, to));
  ARROW_ASSIGN_OR_RAISE(const auto back, arrow::compute::Cast(*result, values.type()));
  if (!back->Equals(values)) return arrow::Status::Invalid("a part of the value would be lost");
  return result;
}

struct CastRule {
  ValueKind from;
  ValueKind to;
  CastFunction cast;
};

using enum ValueKind;

/// What is not listed has no obvious meaning (an integer as a date: which unit?) or would lose by
/// definition (the date of a timestamp as time).
constexpr CastRule kCastRules[] = {
    {kBool, kInteger, CastSafely},        {kBool, kText, CastSafely},
    {kInteger, kBool, CastThereAndBack},  {kInteger, kInteger, CastSafely},
    {kInteger, kFloat, CastSafely},       {kInteger, kDecimal, CastIntegerToDecimal},
    {kInteger, kText, CastSafely},        {kFloat, kInteger, CastSafely},
    {kFloat, kFloat, CastToFloat},        {kFloat, kDecimal, CastFloatToDecimal},
    {kFloat, kText, CastSafely},          {kDecimal, kInteger, CastSafely},
    {kDecimal, kFloat, CastToFloat},      {kDecimal, kDecimal, CastSafely},
    {kDecimal, kText, CastDecimalToText}, {kText, kBool, CastSafely},
    {kText, kInteger, CastTextToInteger}, {kText, kFloat, CastTextToFloat},
    {kText, kDecimal, CastSafely},        {kText, kText, CastSafely},
    {kText, kBinary, CastSafely},         {kText, kDate, CastSafely},
    {kText, kTime, CastTextToTime},       {kText, kTimestamp, CastSafely},
    {kBinary, kText, CastSafely},         {kBinary, kBinary, CastSafely},
    {kDate, kText, CastDateToText},       {kDate, kTimestamp, CastSafely},
    {kTime, kText, CastSafely},           {kTime, kTime, CastSafely},
    {kTimestamp, kText, CastDateToText},  {kTimestamp, kDate, CastThereAndBack},
    {kTimestamp, kTimestamp, CastSafely}, {kNested, kText, CastNestedToText},
};

}  // namespace

CastFunction FindCast(const arrow::DataType& from, const arrow::DataType& to) {
  for (const CastRule& rule : kCastRules) {
    if (rule.from == KindOf(from) && rule.to == KindOf(to)) return rule.cast;
  }
  return nullptr;
}

}  // namespace headrace
