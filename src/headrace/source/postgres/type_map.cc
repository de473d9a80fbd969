#include "headrace/source/postgres/type_map.h"

#include <arrow/type.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "headrace/source/postgres/decimal_readers.h"
#include "headrace/source/postgres/nested_readers.h"
#include "headrace/source/postgres/scalar_readers.h"
#include "headrace/source/postgres/text_readers.h"

namespace headrace {
namespace {

using ArrowType = std::shared_ptr<arrow::DataType>;

/// A base type whose binary form is understood.
struct BaseType {
  uint32_t oid;
  bool may_overflow;
  ArrowType (*arrow_type)(const PgType& type);
  FieldReaderPtr (*make_reader)(const ArrowType& type, ReadContext& context);
};

template <ArrowType (*MakeType)()>
ArrowType Plain(const PgType& /*type*/) {
  return MakeType();
}

template <const ArrowType& (*Singleton)()>
ArrowType Plain(const PgType& /*type*/) {
  return Singleton();
}

ArrowType TimeType(const PgType& /*type*/) { return arrow::time64(arrow::TimeUnit::MICRO); }
ArrowType TimestampType(const PgType& /*type*/) { return arrow::timestamp(arrow::TimeUnit::MICRO); }
ArrowType TimestamptzType(const PgType& /*type*/) {
  return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
}

/// numeric(p,s): a scale below zero is p−s whole digits; a scale above the precision needs as many
/// digits.
ArrowType NumericType(const PgType& type) {
  if (type.typmod < 0) return arrow::utf8();
  const NumericModifier modifier = NumericModifierOf(type.typmod);
  const int scale = std::max(modifier.scale, 0);
  const int precision = std::max(modifier.precision - std::min(modifier.scale, 0), scale);
  if (precision <= arrow::Decimal128Type::kMaxPrecision) return arrow::decimal128(precision, scale);
  if (precision <= arrow::Decimal256Type::kMaxPrecision) return arrow::decimal256(precision, scale);
  return arrow::utf8();
}

FieldReaderPtr MakeNumericReader(const ArrowType& type, ReadContext& context) {
  return type->id() == arrow::Type::STRING ? MakeNumericTextReader(type, context)
                                           : MakeDecimalReader(type, context);
}

constexpr ArrowType (*kUtf8)(const PgType&) = Plain<arrow::utf8>;

/// Adding a type is a row here and, where its wire form is new, a reader.
constexpr std::array kBaseTypes = {
    BaseType{pg_oid::kBool, false, Plain<arrow::boolean>, MakeBoolReader},
    BaseType{pg_oid::kInt2, false, Plain<arrow::int16>, MakeInt2Reader},
    BaseType{pg_oid::kInt4, false, Plain<arrow::int32>, MakeInt4Reader},
    BaseType{pg_oid::kInt8, false, Plain<arrow::int64>, MakeInt8Reader},
    BaseType{pg_oid::kOid, false, Plain<arrow::int64>, MakeOidReader},
    BaseType{pg_oid::kFloat4, false, Plain<arrow::float32>, MakeFloat4Reader},
    BaseType{pg_oid::kFloat8, false, Plain<arrow::float64>, MakeFloat8Reader},
    BaseType{pg_oid::kNumeric, true, NumericType, MakeNumericReader},
    BaseType{pg_oid::kDate, true, Plain<arrow::date32>, MakeDateReader},
    BaseType{pg_oid::kTime, true, TimeType, MakeTimeReader},
    BaseType{pg_oid::kTimestamp, true, TimestampType, MakeTimestampReader},
    BaseType{pg_oid::kTimestamptz, true, TimestamptzType, MakeTimestampReader},
    BaseType{pg_oid::kBytea, false, Plain<arrow::binary>, MakeBytesReader},
    BaseType{pg_oid::kText, false, kUtf8, MakeBytesReader},
    BaseType{pg_oid::kVarchar, false, kUtf8, MakeBytesReader},
    BaseType{pg_oid::kBpchar, false, kUtf8, MakeBytesReader},
    BaseType{pg_oid::kName, false, kUtf8, MakeBytesReader},
    BaseType{pg_oid::kJson, false, kUtf8, MakeBytesReader},
    BaseType{pg_oid::kJsonb, false, kUtf8, MakeJsonbReader},
    BaseType{pg_oid::kUuid, false, kUtf8, MakeUuidReader},
};

/// Enums, citext: their binary form is their text. They have no fixed identifier.
constexpr BaseType kTextLike{0, false, kUtf8, MakeBytesReader};

const BaseType* FindBaseType(const PgType& type) {
  const auto found = std::ranges::find(kBaseTypes, type.oid, &BaseType::oid);
  if (found != kBaseTypes.end()) return &*found;
  return type.sends_text ? &kTextLike : nullptr;
}

ArrowChoice ChooseForBase(const PgType& type) {
  const BaseType* base = FindBaseType(type);
  if (base == nullptr) return {.type = arrow::utf8(), .note = "as the server's own text"};
  ArrowChoice choice{
      .type = base->arrow_type(type), .may_overflow = base->may_overflow, .note = {}};
  if (base->oid == pg_oid::kNumeric && choice.type->id() == arrow::Type::STRING) {
    choice.may_overflow = false;
    choice.note = type.typmod < 0 ? "numeric without a fixed scale: as text, lossless"
                                  : "more digits than the 76 of a decimal: as text, lossless";
  }
  return choice;
}

ArrowChoice ChooseForComposite(const PgType& type) {
  // Parquet has no group without fields.
  if (type.fields.empty()) return {.type = arrow::utf8(), .note = "as the server's own text"};
  ArrowChoice choice;
  std::vector<std::shared_ptr<arrow::Field>> fields;
  for (const PgField& field : type.fields) {
    const ArrowChoice inner = ArrowTypeOf(*field.type);
    choice.may_overflow |= inner.may_overflow;
    fields.push_back(arrow::field(field.name, inner.type));
  }
  choice.type = arrow::struct_(fields);
  return choice;
}

arrow::Status NoReader(const PgType& wire, const arrow::DataType& type) {
  return BugError("no reader of " + wire.name + " as " + type.ToString());
}

arrow::Result<FieldReaderPtr> MakeListOf(const PgType& wire, const ArrowType& type,
                                         ReadContext& context) {
  if (type->id() != arrow::Type::LIST) return NoReader(wire, *type);
  ARROW_ASSIGN_OR_RAISE(auto element,
                        MakeFieldReader(*wire.element, type->field(0)->type(), context));
  return MakeListReader(type, std::move(element), wire.wrapped_elements, context);
}

arrow::Result<FieldReaderPtr> MakeStructOf(const PgType& wire, const ArrowType& type,
                                           ReadContext& context) {
  const auto count = static_cast<int>(wire.fields.size());
  if (type->id() != arrow::Type::STRUCT || type->num_fields() != count) {
    return NoReader(wire, *type);
  }
  std::vector<StructField> fields;
  for (int i = 0; i < count; ++i) {
    const PgType& field = *wire.fields[static_cast<size_t>(i)].type;
    ARROW_ASSIGN_OR_RAISE(auto reader, MakeFieldReader(field, type->field(i)->type(), context));
    fields.push_back({std::move(reader), field.declared_oid});
  }
  return MakeStructReader(type, std::move(fields), context);
}

}  // namespace

ArrowChoice ArrowTypeOf(const PgType& type) {
  switch (type.kind) {
    case PgType::Kind::kBase:
      return ChooseForBase(type);
    case PgType::Kind::kEnum:
      return {.type = arrow::utf8()};
    case PgType::Kind::kArray:
      // A value of several dimensions is legal in every array column.
      return {.type = arrow::list(arrow::field("element", ArrowTypeOf(*type.element).type)),
              .may_overflow = true};
    case PgType::Kind::kComposite:
      return ChooseForComposite(type);
  }
  return {.type = arrow::utf8()};
}

bool HasBinaryForm(const PgType& type) { return FindBaseType(type) != nullptr; }

arrow::Result<FieldReaderPtr> MakeFieldReader(const PgType& wire, const ArrowType& type,
                                              ReadContext& context) {
  if (wire.kind == PgType::Kind::kArray) return MakeListOf(wire, type, context);
  if (wire.kind == PgType::Kind::kComposite) return MakeStructOf(wire, type, context);
  const BaseType* base = wire.kind == PgType::Kind::kEnum ? &kTextLike : FindBaseType(wire);
  if (base == nullptr || !base->arrow_type(wire)->Equals(*type)) return NoReader(wire, *type);
  return base->make_reader(type, context);
}

}  // namespace headrace
