#include "headrace/model/held_values.h"

#include <arrow/array/array_base.h>
#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/type.h>
#include <arrow/util/bitmap_ops.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "headrace/model/array_range.h"
#include "headrace/model/nested_layout.h"

namespace headrace {
namespace {

/// Without a branch, so that a compiler takes several numbers at a time.
template <typename Raw>
bool NumbersLieIn(const ArrayRange& values, const StoredRange& range) {
  if (values.count == 0) return true;
  const Raw* raw = values.data->GetValues<Raw>(1, 0) + values.first;
  Raw least = std::numeric_limits<Raw>::max();
  Raw greatest = std::numeric_limits<Raw>::min();
  for (int64_t i = 0; i < values.count; ++i) {
    least = std::min(least, raw[i]);
    greatest = std::max(greatest, raw[i]);
  }
  return std::cmp_greater_equal(least, range.first) && std::cmp_less_equal(greatest, range.last);
}

/// Whatever is stored for NULLs counted.
bool LieIn(const ArrayRange& values, const StoredRange& range) {
  switch (values.data->type->id()) {
    case arrow::Type::INT8:
      return NumbersLieIn<int8_t>(values, range);
    case arrow::Type::UINT8:
      return NumbersLieIn<uint8_t>(values, range);
    case arrow::Type::INT16:
      return NumbersLieIn<int16_t>(values, range);
    case arrow::Type::UINT16:
      return NumbersLieIn<uint16_t>(values, range);
    case arrow::Type::INT32:
    case arrow::Type::DATE32:
    case arrow::Type::TIME32:
      return NumbersLieIn<int32_t>(values, range);
    case arrow::Type::UINT32:
      return NumbersLieIn<uint32_t>(values, range);
    case arrow::Type::INT64:
    case arrow::Type::DATE64:
    case arrow::Type::TIME64:
    case arrow::Type::TIMESTAMP:
      return NumbersLieIn<int64_t>(values, range);
    case arrow::Type::UINT64:
      return NumbersLieIn<uint64_t>(values, range);
    default:
      return true;
  }
}

bool HasNulls(const ArrayRange& values) {
  if (!values.data->MayHaveNulls()) return false;
  const uint8_t* valid = values.data->buffers[0]->data();
  return arrow::internal::CountSetBits(valid, values.first, values.count) < values.count;
}

/// Whether `are_held(range, held)` is true of each child of `values`.
template <typename AreHeld>
bool ChildrenAreHeld(const ArrayRange& values, const HeldValues& held, AreHeld are_held) {
  if (held.children.empty()) return true;
  if (values.data->type->id() != arrow::Type::STRUCT) {
    return are_held(ElementsOf(values), held.children.front());
  }
  for (size_t f = 0; f < held.children.size(); ++f) {
    if (!are_held(FieldOf(values, static_cast<int>(f)), held.children[f])) return false;
  }
  return true;
}

/// False also where only what is stored for a NULL, or below it, is unfit: that is quicker to tell.
bool AreSurelyHeld(const ArrayRange& values, const HeldValues& held) {
  if (!held.holds_null && HasNulls(values)) return false;
  if (held.range && !LieIn(values, *held.range)) return false;
  return ChildrenAreHeld(values, held, AreSurelyHeld);
}

bool IsHeld(const arrow::ArrayData& data, int64_t position, const HeldValues& held);

bool AreAllHeld(const ArrayRange& values, const HeldValues& held) {
  for (int64_t i = 0; i < values.count; ++i) {
    if (!IsHeld(*values.data, values.first + i, held)) return false;
  }
  return true;
}

bool IsHeld(const arrow::ArrayData& data, int64_t position, const HeldValues& held) {
  if (IsNullAt(data, position)) return held.holds_null;
  const ArrayRange value = {&data, position, 1};
  if (held.range && !LieIn(value, *held.range)) return false;
  return ChildrenAreHeld(value, held, AreAllHeld);
}

/// The value at `position`, whose path is `path`, or the first one inside of it.
std::optional<NotHeld> FindNotHeld(const arrow::ArrayData& data, int64_t position,
                                   const HeldValues& held, const std::string& path);

std::optional<NotHeld> FindInFields(const ArrayRange& value, const HeldValues& held,
                                    const std::string& path) {
  const std::string prefix = path.empty() ? path : path + ".";
  for (size_t f = 0; f < held.children.size(); ++f) {
    const int number = static_cast<int>(f);
    const ArrayRange field = FieldOf(value, number);
    const std::string& name = value.data->type->field(number)->name();
    auto found = FindNotHeld(*field.data, field.first, held.children[f], prefix + name);
    if (found) return found;
  }
  return std::nullopt;
}

std::optional<NotHeld> FindInElements(const ArrayRange& value, const HeldValues& held,
                                      const std::string& path) {
  const ArrayRange elements = ElementsOf(value);
  for (int64_t e = 0; e < elements.count; ++e) {
    auto found = FindNotHeld(*elements.data, elements.first + e, held.children.front(),
                             path + "[" + std::to_string(e + 1) + "]");
    if (found) return found;
  }
  return std::nullopt;
}

std::optional<NotHeld> FindNotHeld(const arrow::ArrayData& data, int64_t position,
                                   const HeldValues& held, const std::string& path) {
  if (IsHeld(data, position, held)) return std::nullopt;
  const ArrayRange value = {&data, position, 1};
  const bool is_null = IsNullAt(data, position);
  if (is_null || (held.range && !LieIn(value, *held.range))) {
    return NotHeld{.path = path,
                   .values = arrow::MakeArray(data.Copy()),
                   .row = position - data.offset,
                   .range = is_null ? std::nullopt : held.range};
  }
  return data.type->id() == arrow::Type::STRUCT ? FindInFields(value, held, path)
                                                : FindInElements(value, held, path);
}

}  // namespace

bool HeldValues::holds_all() const {
  return !range && holds_null && std::ranges::all_of(children, &HeldValues::holds_all);
}

std::vector<int64_t> RowsNotHeld(const arrow::Array& values, const HeldValues& held) {
  const arrow::ArrayData& data = *values.data();
  if (AreSurelyHeld(ArrayRange::Whole(data), held)) return {};
  std::vector<int64_t> rows;
  for (int64_t row = 0; row < data.length; ++row) {
    if (!IsHeld(data, data.offset + row, held)) rows.push_back(row);
  }
  return rows;
}

std::optional<NotHeld> FirstNotHeld(const arrow::Array& values, int64_t row,
                                    const HeldValues& held) {
  const arrow::ArrayData& data = *values.data();
  return FindNotHeld(data, data.offset + row, held, "");
}

}  // namespace headrace
