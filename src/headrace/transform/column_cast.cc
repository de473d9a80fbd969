#include "headrace/transform/column_cast.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>

#include <limits>
#include <utility>

#include "headrace/model/utf8.h"

namespace headrace {
namespace {

/// Casts report a value that does not fit by this code; any other error (memory …) says nothing of
/// values.
bool IsAboutValues(const arrow::Status& status) { return status.IsInvalid(); }

std::string ValueText(const arrow::Array& values, int64_t row) {
  const auto scalar = values.GetScalar(row);
  return scalar.ok() ? (*scalar)->ToString() : "?";
}

/// `reason`, which may quote the value, with the value as messages show it.
std::string ReasonText(std::string reason, const std::string& value) {
  const std::string shown = ShortenedValue(value);
  const size_t at = shown == value ? std::string::npos : reason.find(value);
  return at == std::string::npos ? reason : reason.replace(at, value.size(), shown);
}

/// The same values with `rows` NULL. Shares everything but the validity bitmap.
ArrayResult WithNulls(const arrow::Array& values, const std::vector<int64_t>& rows) {
  const auto data = values.data()->Copy();
  const int64_t bits = data->offset + data->length;
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> valid, arrow::AllocateBitmap(bits));
  if (data->buffers[0] == nullptr) {
    arrow::bit_util::SetBitsTo(valid->mutable_data(), 0, bits, true);
  } else {
    arrow::internal::CopyBitmap(data->buffers[0]->data(), 0, bits, valid->mutable_data(), 0);
  }
  for (const int64_t row : rows) {
    arrow::bit_util::ClearBit(valid->mutable_data(), data->offset + row);
  }
  data->buffers[0] = std::move(valid);
  data->null_count = arrow::kUnknownNullCount;
  return arrow::MakeArray(data);
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

ArrayResult ColumnCast::Apply(const std::shared_ptr<arrow::Array>& values, const RowName& row_name,
                              int64_t& nulled) const {
  auto result = cast_(*values, type_);
  if (result.ok()) return result;
  if (!IsAboutValues(result.status())) {
    return WithContext(result.status(), "column \"" + name_ + "\"");
  }
  if (policy_ == OverflowPolicy::kNull) return ApplyWithNulls(*values, nulled);
  return UnfitValue(*values, row_name, result.status());
}

/// Where many values do not fit, a cast and an error for each would cost more than all else.
UnfitResult ColumnCast::AllUnfit(const arrow::Array& values) const {
  if (unfit_ != nullptr) {
    auto rows = unfit_(values, *type_);
    if (!rows.status().IsNotImplemented()) return rows;
  }
  std::vector<int64_t> rows;
  SearchUnfit(values, 0, values.length(), std::numeric_limits<size_t>::max(), rows);
  return rows;
}

void ColumnCast::SearchUnfit(const arrow::Array& values, int64_t first, int64_t count, size_t most,
                             std::vector<int64_t>& rows) const {
  if (rows.size() >= most || count == 0 || cast_(*values.Slice(first, count), type_).ok()) return;
  if (count == 1) return rows.push_back(first);
  SearchUnfit(values, first, count / 2, most, rows);
  SearchUnfit(values, first + count / 2, count - count / 2, most, rows);
}

/// In the words of the sources, whose own readers follow the same policy. There is no advice to
/// take on_overflow: string: it contradicts the type that the job asks for.
arrow::Status ColumnCast::UnfitValue(const arrow::Array& values, const RowName& row_name,
                                     const arrow::Status& reason) const {
  std::vector<int64_t> rows;
  SearchUnfit(values, 0, values.length(), 1, rows);
  if (rows.empty()) {
    return BugError("column \"" + name_ + "\": " + reason.message() +
                    ", but each value can be cast");
  }
  const int64_t row = rows.front();
  const auto single = cast_(*values.Slice(row, 1), type_);
  const std::string value = ValueText(values, row);
  return PermanentError("column \"" + name_ + "\": " + ShortenedValue(value) + " does not fit " +
                        type_->ToString() + " (" + row_name(row) + "; " +
                        ReasonText(single.status().message(), value) +
                        "); on_overflow: null would load it");
}

ArrayResult ColumnCast::ApplyWithNulls(const arrow::Array& values, int64_t& nulled) const {
  ARROW_ASSIGN_OR_RAISE(const std::vector<int64_t> rows, AllUnfit(values));
  ARROW_ASSIGN_OR_RAISE(const auto fitting, WithNulls(values, rows));
  ARROW_ASSIGN_OR_RAISE(auto result, cast_(*fitting, type_));
  nulled += static_cast<int64_t>(rows.size());
  return result;
}

}  // namespace headrace
