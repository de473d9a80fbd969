#include "headrace/transform/held_check.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/type.h>

#include <vector>

#include "headrace/model/utf8.h"
#include "headrace/transform/shown_value.h"
#include "headrace/transform/unfit_rows.h"

namespace headrace {
namespace {

constexpr size_t kBitsPerByte = 8;

/// A number of `type` as messages show it. (Arrow's numbers are little-endian.)
std::string ShownNumber(const std::shared_ptr<arrow::DataType>& type, int64_t number) {
  const size_t bytes = static_cast<size_t>(type->bit_width()) / kBitsPerByte;
  const auto stored =
      arrow::Buffer::FromString(std::string(reinterpret_cast<const char*>(&number), bytes));
  return ShownValue(*arrow::MakeArray(arrow::ArrayData::Make(type, 1, {nullptr, stored}, 0)), 0);
}

std::string WhatIsHeld(const NotHeld& value) {
  const std::string there = value.path.empty() ? "" : " there";
  if (!value.range) return "it holds no NULL" + there;
  const auto& type = value.values->type();
  return "it holds " + ShownNumber(type, value.range->first) + " to " +
         ShownNumber(type, value.range->last) + there;
}

std::string WithItsPlace(const NotHeld& value) {
  const std::string shown =
      value.range ? ShortenedValue(ShownValue(*value.values, value.row)) : "NULL";
  return value.path.empty() ? shown : shown + " at " + ShortenedValue(value.path);
}

}  // namespace

HeldCheck::HeldCheck(const PlannedColumn& column)
    : name_(column.source_name), held_(column.held), policy_(column.on_overflow) {}

ArrayResult HeldCheck::Apply(const std::shared_ptr<arrow::Array>& values,
                             const RowNameFunction& row_name, int64_t& nulled) const {
  const std::vector<int64_t> rows = RowsNotHeld(*values, held_);
  if (rows.empty()) return values;
  if (policy_ != OverflowPolicy::kNull || !held_.holds_null) {
    return UnheldValue(*values, rows.front(), row_name);
  }
  nulled += static_cast<int64_t>(rows.size());
  return WithNulls(*values, rows);
}

arrow::Status HeldCheck::UnheldValue(const arrow::Array& values, int64_t row,
                                     const RowNameFunction& row_name) const {
  const auto value = FirstNotHeld(values, row, held_);
  if (!value) return BugError("column \"" + name_ + "\": each value is held, yet not each row");
  return UnfitError({.column = name_,
                     .value = WithItsPlace(*value),
                     .place = "the destination's column",
                     .row = row_name(row),
                     .reason = WhatIsHeld(*value),
                     .advice = Advice(*value)});
}

/// Of a list or a struct nothing but the whole can become NULL.
std::string HeldCheck::Advice(const NotHeld& value) const {
  if (!held_.holds_null) return "correct it in the source, or leave the row out with `where`";
  if (value.path.empty()) return kNullWouldLoadIt;
  return "on_overflow: null would load the row, with NULL for the whole of \"" + name_ + "\"";
}

}  // namespace headrace
