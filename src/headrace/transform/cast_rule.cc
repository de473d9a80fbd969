#include "headrace/transform/cast_rule.h"

#include <arrow/array.h>
#include <arrow/compute/cast.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <optional>
#include <string_view>

#include "headrace/model/type_name.h"
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
  UnfitFunction unfit = nullptr;  ///< Null: every value fits.
};

using enum ValueKind;

/// What is not listed has no obvious meaning (an integer as a date: which unit?) or would lose by
/// definition (the date of a timestamp as time).
constexpr CastRule kCastRules[] = {
    {kBool, kInteger, CastSafely},
    {kBool, kText, CastSafely},
    {kInteger, kBool, CastThereAndBack, UnfitIntegersForBool},
    {kInteger, kInteger, CastSafely, UnfitIntegersForInteger},
    {kInteger, kFloat, CastIntegerToFloat},
    {kInteger, kDecimal, CastToDecimal, UnfitForDecimal},
    {kInteger, kText, CastSafely},
    {kFloat, kInteger, CastSafely, UnfitRealsForInteger},
    {kFloat, kFloat, CastToFloat, UnfitRealsForFloat},
    {kFloat, kDecimal, CastToDecimal, UnfitForDecimal},
    {kFloat, kText, CastSafely},
    {kDecimal, kInteger, CastSafely, UnfitDecimalsForInteger},
    {kDecimal, kFloat, CastDecimalToFloat, UnfitDecimalsForFloat},
    {kDecimal, kDecimal, CastToDecimal, UnfitForDecimal},
    {kDecimal, kText, CastDecimalToText},
    {kText, kBool, CastTextToBool, UnfitText},
    {kText, kInteger, CastTextToInteger, UnfitText},
    {kText, kFloat, CastTextToFloat, UnfitText},
    {kText, kDecimal, CastToDecimal, UnfitForDecimal},
    {kText, kText, CastSafely},
    {kText, kBinary, CastSafely},
    {kText, kDate, CastTextToDate, UnfitText},
    {kText, kTime, CastTextToTime, UnfitText},
    {kText, kTimestamp, CastText, UnfitText},
    {kBinary, kText, CastSafely, UnfitBytesForText},
    {kBinary, kBinary, CastSafely},
    {kDate, kText, CastDateToText},
    {kDate, kTimestamp, CastSafely, UnfitForUnit},
    {kTime, kText, CastSafely},
    {kTime, kTime, CastSafely, UnfitForUnit},
    {kTimestamp, kText, CastDateToText},
    {kTimestamp, kDate, CastThereAndBack, UnfitForUnit},
    {kTimestamp, kTimestamp, CastSafely, UnfitForUnit},
    {kNested, kText, CastNestedToText, UnfitNestedForText},
};

/// Of the significand, the leading digit that is not stored included: IEEE 754, 3.6.
constexpr int kFloatBits = 24;
constexpr int kDoubleBits = 53;

/// Binary digits of the numbers of `type`; of decimals and text nobody knows.
std::optional<int> BitsOf(const arrow::DataType& type) {
  if (type.id() == arrow::Type::FLOAT) return kFloatBits;
  if (type.id() == arrow::Type::DOUBLE) return kDoubleBits;
  if (!arrow::is_signed_integer(type.id())) return std::nullopt;
  return type.bit_width() - 1;
}

const CastRule* FindRule(const arrow::DataType& from, const arrow::DataType& to) {
  for (const CastRule& rule : kCastRules) {
    if (rule.from == KindOf(from) && rule.to == KindOf(to)) return &rule;
  }
  return nullptr;
}

/// `name` of the job file as a type; any decimal stands for all of them.
arrow::Result<std::shared_ptr<arrow::DataType>> TypeCalled(std::string_view name) {
  return ParseTypeName(name == "decimal(p,s)" ? "decimal(38,0)" : name);
}

}  // namespace

std::string CastTargets(const arrow::DataType& from) {
  std::string list;
  for (const TypeName& target : TypeNames()) {
    const auto type = TypeCalled(target.name);
    if (!type.ok() || FindCast(from, **type) == nullptr) continue;
    list += (list.empty() ? "" : ", ") + std::string(target.name);
  }
  return list;
}

int RoundsToBits(const arrow::DataType& from, const arrow::DataType& to) {
  if (KindOf(to) != kFloat) return 0;
  const int kept = BitsOf(to).value_or(0);
  return BitsOf(from).value_or(kept + 1) > kept ? kept : 0;
}

CastFunction FindCast(const arrow::DataType& from, const arrow::DataType& to) {
  const CastRule* rule = FindRule(from, to);
  return rule == nullptr ? nullptr : rule->cast;
}

UnfitFunction FindUnfit(const arrow::DataType& from, const arrow::DataType& to) {
  const CastRule* rule = FindRule(from, to);
  return rule == nullptr ? nullptr : rule->unfit;
}

}  // namespace headrace
