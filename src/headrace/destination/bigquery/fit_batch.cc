#include "headrace/destination/bigquery/fit_batch.h"

#include <arrow/array.h>
#include <arrow/compute/cast.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/checked_cast.h>

#include <algorithm>
#include <string>
#include <utility>

#include "headrace/destination/bigquery/column_names.h"
#include "headrace/model/ascii.h"

namespace headrace {
namespace {

using arrow::internal::checked_cast;
using ArrayResult = arrow::Result<std::shared_ptr<arrow::Array>>;

bool IsCalled(const arrow::Field& field, std::string_view name) {
  return LowerAsciiText(ColumnName(field.name())) == LowerAsciiText(name);
}

ArrayResult FitArray(const std::shared_ptr<arrow::Array>& values, const arrow::Field& staged,
                     const std::string& path);

arrow::Status HoldsNull(const std::string& path, std::string_view what) {
  return PermanentError("column '" + path + "' has a NULL" + std::string(what) +
                        ", which BigQuery's table does not take");
}

ArrayResult FitStruct(const arrow::StructArray& values, const std::shared_ptr<arrow::DataType>& to,
                      const std::string& path) {
  std::vector<std::shared_ptr<arrow::ArrayData>> children;
  const auto& from = checked_cast<const arrow::StructType&>(*values.type());
  for (const auto& child : to->fields()) {
    const auto& fields = from.fields();
    const auto found = std::ranges::find_if(
        fields, [&](const auto& field) { return IsCalled(*field, child->name()); });
    if (found == fields.end()) {
      return BugError("field '" + path + "." + child->name() + "' is staged and not read");
    }
    // Whole, not sliced: offset and validity stay the parent's. A NULL in a NULL is none.
    const auto whole =
        arrow::MakeArray(values.data()->child_data[static_cast<size_t>(found - fields.begin())]);
    const auto relaxed = child->WithNullable(true);
    ARROW_ASSIGN_OR_RAISE(const auto fitted, FitArray(whole, *relaxed, path + "." + child->name()));
    children.push_back(fitted->data());
  }
  auto data = values.data()->Copy();
  data->type = to;
  data->child_data = std::move(children);
  return arrow::MakeArray(data);
}

/// Elements of NULL lists do not count.
ArrayResult FitList(const arrow::ListArray& values, const std::shared_ptr<arrow::DataType>& to,
                    const std::string& path) {
  const auto elements = values.values();
  if (elements->null_count() > 0) {
    ARROW_ASSIGN_OR_RAISE(const auto seen, values.Flatten());
    if (seen->null_count() > 0) return HoldsNull(path, " among its elements");
  }
  const auto relaxed = to->field(0)->WithNullable(true);
  ARROW_ASSIGN_OR_RAISE(const auto fitted, FitArray(elements, *relaxed, path + "[]"));
  auto data = values.data()->Copy();
  data->type = to;
  data->child_data = {fitted->data()};
  return arrow::MakeArray(data);
}

ArrayResult FitType(const std::shared_ptr<arrow::Array>& values,
                    const std::shared_ptr<arrow::DataType>& to, const std::string& path) {
  const arrow::Type::type from = values->type_id();
  if (from == arrow::Type::STRUCT && to->id() == from) {
    return FitStruct(checked_cast<const arrow::StructArray&>(*values), to, path);
  }
  if (from == arrow::Type::LIST && to->id() == from) {
    return FitList(checked_cast<const arrow::ListArray&>(*values), to, path);
  }
  if (values->type()->Equals(*to)) return values;
  if (to->id() == arrow::Type::LIST) {
    // Large lists, views, fixed sizes: the same values in the form that Parquet's writer has.
    const auto plain = arrow::list(values->type()->field(0)->WithNullable(true));
    ARROW_ASSIGN_OR_RAISE(const auto listed, arrow::compute::Cast(*values, plain));
    return FitList(checked_cast<const arrow::ListArray&>(*listed), to, path);
  }
  auto cast = arrow::compute::Cast(*values, to);
  if (cast.ok()) return cast;
  return PermanentError("column '" + path + "': " + cast.status().message());
}

ArrayResult FitArray(const std::shared_ptr<arrow::Array>& values, const arrow::Field& staged,
                     const std::string& path) {
  // An array that is NULL is an empty one there.
  const bool is_list =
      staged.type()->id() == arrow::Type::LIST || staged.type()->id() == arrow::Type::MAP;
  if (!staged.nullable() && !is_list && values->null_count() > 0) return HoldsNull(path, "");
  return FitType(values, staged.type(), path);
}

}  // namespace

arrow::Result<BatchFitter> BatchFitter::Make(const std::shared_ptr<arrow::Schema>& output,
                                             const std::vector<BigQueryColumn>& columns) {
  BatchFitter fitter;
  fitter.staged_ = StagedSchema(columns);
  for (const auto& field : fitter.staged_->fields()) {
    const auto& outputs = output->fields();
    const auto found = std::ranges::find_if(
        outputs, [&](const auto& candidate) { return IsCalled(*candidate, field->name()); });
    if (found == outputs.end()) {
      return BugError("column '" + field->name() + "' is staged and not read");
    }
    fitter.sources_.push_back(static_cast<int>(found - outputs.begin()));
  }
  return fitter;
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> BatchFitter::Fit(
    const std::shared_ptr<arrow::RecordBatch>& batch) const {
  arrow::ArrayVector columns;
  columns.reserve(sources_.size());
  for (size_t i = 0; i < sources_.size(); ++i) {
    const arrow::Field& field = *staged_->field(static_cast<int>(i));
    ARROW_ASSIGN_OR_RAISE(columns.emplace_back(),
                          FitArray(batch->column(sources_[i]), field, field.name()));
  }
  return arrow::RecordBatch::Make(staged_, batch->num_rows(), std::move(columns));
}

}  // namespace headrace
