#include "headrace/source/postgres/pg_type.h"

#include <utility>

namespace headrace {
namespace {

/// VARHDRSZ: type modifiers of variable-length types count it.
constexpr int32_t kTypmodOffset = 4;

/// The scale is an 11-bit number with sign since version 15; before, its value was never above
/// 1000.
constexpr int32_t kScaleMask = 0x7ff;
constexpr int32_t kScaleSign = 0x400;

}  // namespace

PgTypePtr PgTextType() {
  PgType type;
  type.oid = type.declared_oid = pg_oid::kText;
  type.name = "text";
  type.output = "pg_catalog.textout";
  type.sends_text = true;
  return std::make_shared<const PgType>(std::move(type));
}

PgTypePtr PgArrayOf(PgTypePtr element) {
  PgType type;
  type.kind = PgType::Kind::kArray;
  type.name = element->name + "[]";
  type.output = "pg_catalog.array_out";
  type.element = std::move(element);
  return std::make_shared<const PgType>(std::move(type));
}

NumericModifier NumericModifierOf(int32_t typmod) {
  const int32_t packed = typmod - kTypmodOffset;
  return {.precision = (packed >> 16) & 0xffff,
          .scale = ((packed & kScaleMask) ^ kScaleSign) - kScaleSign};
}

}  // namespace headrace
