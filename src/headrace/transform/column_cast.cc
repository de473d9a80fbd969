#include "headrace/transform/column_cast.h"

#include <arrow/array.h>
#include <arrow/type.h>

#include <utility>

#include "headrace/model/utf8.h"
#include "headrace/transform/shown_value.h"

namespace headrace {
namespace {

/// Casts report a value that does not fit by this code; any other error (memory …) says nothing of
/// values.
bool IsAboutValues(const arrow::Status& status) { return status.IsInvalid(); }

/// `reason`, which may quote the value, with the value as messages show it.
std::string ReasonText(std::string reason, const std::string& value) {
  const std::string shown = ShortenedValue(value);
  const size_t at = shown == value ? std::string::npos : reason.find(value);
  return at == std::string::npos ? reason : reason.replace(at, value.size(), shown);
}

}  // namespace

arrow::Result<ColumnCast> ColumnCast::Make(const PlannedColumn& column) {
  const CastFunction cast = FindCast(*column.read_type, *column.type);
  if (cast != nullptr) return ColumnCast(column, cast, FindUnfit(*column.read_type, *column.type));
  return UserError("column \"" + column.source_name + "\": there is no cast from " +
                   column.read_type->ToString() + " to " + column.type->ToString());
}

ColumnCast::ColumnCast(const PlannedColumn& column, CastFunction cast, UnfitFunction unfit)
    : name_(column.source_name),
      type_(column.type),
      policy_(column.on_overflow),
      cast_(cast),
      unfit_(unfit) {}

ArrayResult ColumnCast::Apply(const std::shared_ptr<arrow::Array>& values,
                              const RowNameFunction& row_name, int64_t& nulled) const {
  auto result = cast_(*values, type_);
  if (result.ok()) return result;
  if (!IsAboutValues(result.status())) {
    return WithContext(result.status(), "column \"" + name_ + "\"");
  }
  ARROW_ASSIGN_OR_RAISE(const std::vector<int64_t> rows, UnfitRows(*values, result.status()));
  if (policy_ != OverflowPolicy::kNull) return UnfitValue(*values, rows.front(), row_name);
  ARROW_ASSIGN_OR_RAISE(const auto fitting, WithNulls(*values, rows));
  ARROW_ASSIGN_OR_RAISE(result, cast_(*fitting, type_));
  nulled += static_cast<int64_t>(rows.size());
  return result;
}

/// Where many values do not fit, a cast and an error for each would cost more than all else.
UnfitResult ColumnCast::UnfitRows(const arrow::Array& values, const arrow::Status& reason) const {
  if (unfit_ != nullptr) {
    ARROW_ASSIGN_OR_RAISE(auto rows, unfit_(values, *type_));
    if (!rows.empty()) return rows;
  }
  return BugError("column \"" + name_ + "\": " + reason.message() + ", but each value can be cast");
}

/// There is no advice to take on_overflow: string: it contradicts the type that the job asks for.
arrow::Status ColumnCast::UnfitValue(const arrow::Array& values, int64_t row,
                                     const RowNameFunction& row_name) const {
  const auto single = cast_(*values.Slice(row, 1), type_);
  const std::string value = ShownValue(values, row);
  return UnfitError({.column = name_,
                     .value = ShortenedValue(value),
                     .place = type_->ToString(),
                     .row = row_name(row),
                     .reason = ReasonText(single.status().message(), value),
                     .advice = kNullWouldLoadIt});
}

}  // namespace headrace
