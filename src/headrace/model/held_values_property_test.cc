#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "headrace/model/held_values.h"

// What is said of many values in their buffers is what is true of each of them by itself.
namespace headrace {
namespace {

using DataPtr = std::shared_ptr<arrow::ArrayData>;
using TypePtr = std::shared_ptr<arrow::DataType>;

constexpr int kDepth = 3;

TypePtr AnyNumberType() {
  const std::vector<TypePtr> types = {arrow::int8(),
                                      arrow::int16(),
                                      arrow::int32(),
                                      arrow::int64(),
                                      arrow::uint32(),
                                      arrow::date32(),
                                      arrow::date64(),
                                      arrow::time32(arrow::TimeUnit::MILLI),
                                      arrow::time64(arrow::TimeUnit::MICRO),
                                      arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")};
  return *rc::gen::elementOf(types);
}

TypePtr AnyType(int depth);

TypePtr AnyStructType(int depth) {
  arrow::FieldVector fields;
  for (int f = *rc::gen::inRange(1, 4); f > 0; --f) {
    fields.push_back(arrow::field("f" + std::to_string(f), AnyType(depth - 1)));
  }
  return arrow::struct_(fields);
}

TypePtr AnyType(int depth) {
  if (depth == 0) return AnyNumberType();
  switch (*rc::gen::inRange(0, 6)) {
    case 0:
      return arrow::list(AnyType(depth - 1));
    case 1:
      return arrow::large_list(AnyType(depth - 1));
    case 2:
      return arrow::fixed_size_list(AnyType(depth - 1), *rc::gen::inRange(0, 4));
    case 3:
      return arrow::map(AnyNumberType(), AnyType(depth - 1));
    case 4:
      return AnyStructType(depth);
    default:
      return AnyNumberType();
  }
}

/// Of `count` bits of `bytes`, some are cleared.
std::shared_ptr<arrow::Buffer> AnyValidity(int64_t count) {
  std::string bits(static_cast<size_t>(arrow::bit_util::BytesForBits(count)), '\xFF');
  const int one_in = *rc::gen::element(2, 8, 64);
  for (int64_t i = 0; i < count; ++i) {
    if (*rc::gen::inRange(0, one_in) > 0) continue;
    arrow::bit_util::ClearBit(reinterpret_cast<uint8_t*>(bits.data()), i);
  }
  return arrow::Buffer::FromString(std::move(bits));
}

template <typename Number>
std::shared_ptr<arrow::Buffer> BufferOf(const std::vector<Number>& numbers) {
  return arrow::Buffer::FromString(
      std::string(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(Number)));
}

/// Most of them close to zero.
std::shared_ptr<arrow::Buffer> AnyNumbers(int64_t count, int bytes) {
  std::string buffer;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t number = *rc::gen::weightedElement<int64_t>(
        {{40, 0}, {10, 4}, {10, -4}, {2, 7}, {2, -7}, {1, INT64_MAX}, {1, INT64_MIN}});
    buffer.append(reinterpret_cast<const char*>(&number), static_cast<size_t>(bytes));
  }
  return arrow::Buffer::FromString(std::move(buffer));
}

DataPtr AnyData(const arrow::Field& field, int64_t length);

template <typename Offset>
DataPtr AnyLists(const TypePtr& type, int64_t length) {
  std::vector<Offset> offsets = {*rc::gen::inRange<Offset>(0, 3)};
  for (int64_t i = 0; i < length; ++i) {
    offsets.push_back(static_cast<Offset>(offsets.back() + *rc::gen::inRange<Offset>(0, 4)));
  }
  return arrow::ArrayData::Make(type, length, {nullptr, BufferOf(offsets)},
                                {AnyData(*type->field(0), int64_t{offsets.back()} + 1)});
}

DataPtr AnyStructs(const TypePtr& type, int64_t length) {
  std::vector<DataPtr> fields;
  for (const auto& field : type->fields()) fields.push_back(AnyData(*field, length));
  return arrow::ArrayData::Make(type, length, {nullptr}, fields);
}

DataPtr AnyValues(const TypePtr& type, int64_t length) {
  switch (type->id()) {
    case arrow::Type::LIST:
    case arrow::Type::MAP:
      return AnyLists<int32_t>(type, length);
    case arrow::Type::LARGE_LIST:
      return AnyLists<int64_t>(type, length);
    case arrow::Type::STRUCT:
      return AnyStructs(type, length);
    case arrow::Type::FIXED_SIZE_LIST: {
      const int size = static_cast<const arrow::FixedSizeListType&>(*type).list_size();
      return arrow::ArrayData::Make(type, length, {nullptr},
                                    {AnyData(*type->field(0), length * size)});
    }
    default:
      return arrow::ArrayData::Make(type, length,
                                    {nullptr, AnyNumbers(length, type->bit_width() / 8)});
  }
}

/// With something or other below each NULL, and a part of it cut off on either side.
DataPtr AnyData(const arrow::Field& field, int64_t length) {
  const int64_t cut = *rc::gen::inRange(0, 3);
  const DataPtr data = AnyValues(field.type(), length + cut + 1);
  const bool has_nulls = field.nullable() && *rc::gen::inRange(0, 3) > 0;
  if (has_nulls) data->buffers[0] = AnyValidity(data->length);
  data->null_count = has_nulls ? arrow::kUnknownNullCount : 0;
  return data->Slice(cut, length);
}

HeldValues AnyHeld(const arrow::DataType& type) {
  HeldValues held = {.holds_null = *rc::gen::inRange(0, 3) > 0};
  if (type.num_fields() == 0 && *rc::gen::inRange(0, 3) > 0) {
    held.range = {.first = *rc::gen::inRange<int64_t>(-6, 1),
                  .last = *rc::gen::inRange<int64_t>(0, 7)};
  }
  if (*rc::gen::inRange(0, 5) == 0) return held;
  for (const auto& child : type.fields()) held.children.push_back(AnyHeld(*child->type()));
  return held;
}

int64_t NumberOf(const arrow::Scalar& scalar) {
  const auto bytes = static_cast<const arrow::internal::PrimitiveScalarBase&>(scalar).view();
  const bool is_negative = scalar.type->id() != arrow::Type::UINT32 && bytes.back() < 0;
  int64_t number = is_negative ? -1 : 0;
  std::memcpy(&number, bytes.data(), bytes.size());
  return number;
}

bool IsHeldByItself(const arrow::Scalar& scalar, const HeldValues& held);

bool AreHeldByThemselves(const arrow::Array& elements, const HeldValues& held) {
  for (int64_t e = 0; e < elements.length(); ++e) {
    if (!IsHeldByItself(*elements.GetScalar(e).ValueOrDie(), held)) return false;
  }
  return true;
}

bool IsHeldByItself(const arrow::Scalar& scalar, const HeldValues& held) {
  if (!scalar.is_valid) return held.holds_null;
  if (held.range) {
    return NumberOf(scalar) >= held.range->first && NumberOf(scalar) <= held.range->last;
  }
  if (held.children.empty()) return true;
  if (const auto* list = dynamic_cast<const arrow::BaseListScalar*>(&scalar)) {
    return AreHeldByThemselves(*list->value, held.children.front());
  }
  const auto& fields = static_cast<const arrow::StructScalar&>(scalar).value;
  for (size_t f = 0; f < fields.size(); ++f) {
    if (!IsHeldByItself(*fields[f], held.children[f])) return false;
  }
  return true;
}

void CheckFound(const arrow::Array& values, int64_t row, const HeldValues& held, bool is_held) {
  const auto found = FirstNotHeld(values, row, held);
  RC_ASSERT(found.has_value() != is_held);
  if (is_held) return;
  RC_ASSERT(found->values->IsNull(found->row) != found->range.has_value());
  if (!found->range) return;
  const HeldValues range = {.range = found->range};
  RC_ASSERT(!IsHeldByItself(*found->values->GetScalar(found->row).ValueOrDie(), range));
}

void CheckRows(const arrow::Array& values, const HeldValues& held) {
  std::vector<int64_t> expected;
  for (int64_t row = 0; row < values.length(); ++row) {
    const bool is_held = IsHeldByItself(*values.GetScalar(row).ValueOrDie(), held);
    if (!is_held) expected.push_back(row);
    CheckFound(values, row, held, is_held);
  }
  RC_LOG() << values.type()->ToString() << "\n" << values.ToString() << "\n";
  RC_ASSERT(RowsNotHeld(values, held) == expected);
}

RC_GTEST_PROP(HeldValuesProperty, Numbers, ()) {
  const TypePtr type = AnyNumberType();
  const auto values = arrow::MakeArray(AnyData(*arrow::field("", type), *rc::gen::inRange(0, 80)));
  CheckRows(*values, AnyHeld(*type));
}

RC_GTEST_PROP(HeldValuesProperty, Nested, ()) {
  const TypePtr type = AnyType(kDepth);
  const auto values = arrow::MakeArray(AnyData(*arrow::field("", type), *rc::gen::inRange(0, 30)));
  const HeldValues held = AnyHeld(*type);
  CheckRows(*values, held);
  CheckRows(*values->Slice(values->length() / 3, values->length() / 2), held);
}

}  // namespace
}  // namespace headrace
