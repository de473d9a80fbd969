#include "headrace/destination/bigquery/fit_batch.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/compute/cast.h>
#include <arrow/extension_type.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/bitmap_ops.h>
#include <arrow/util/checked_cast.h>

#include <algorithm>
#include <limits>
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

ArrayResult FitType(const std::shared_ptr<arrow::Array>& values,
                    const std::shared_ptr<arrow::DataType>& to, const std::string& path);

arrow::Status HoldsNull(const std::string& path, std::string_view what) {
  return PermanentError("column '" + path + "' has a NULL" + std::string(what) +
                        ", which BigQuery's table does not take");
}

/// The values of one column or field, `nulls` of which are NULL because what they lie in is: those
/// are none. Parquet's writer takes no NULL where the file has none, not even there.
ArrayResult FitField(const std::shared_ptr<arrow::Array>& values, const arrow::Field& staged,
                     int64_t nulls, const std::string& path) {
  // An array that is NULL is an empty one there.
  const bool is_list =
      staged.type()->id() == arrow::Type::LIST || staged.type()->id() == arrow::Type::MAP;
  if (!staged.nullable() && !is_list && values->null_count() > nulls) return HoldsNull(path, "");
  ARROW_ASSIGN_OR_RAISE(auto fitted, FitType(values, staged.type(), path));
  if (staged.nullable() || fitted->null_count() == 0) return fitted;
  const auto data = fitted->data()->Copy();
  data->buffers[0] = nullptr;
  data->null_count = 0;
  return arrow::MakeArray(data);
}

/// Which of `values` are valid, from the first bit on.
arrow::Result<std::shared_ptr<arrow::Buffer>> ValidityOf(const arrow::Array& values) {
  if (values.null_count() == 0 || values.offset() == 0) return values.null_bitmap();
  return arrow::internal::CopyBitmap(arrow::default_memory_pool(), values.null_bitmap_data(),
                                     values.offset(), values.length());
}

/// `values` as `to`, whose fields are those of the places `sources`.
ArrayResult FitFields(const arrow::StructArray& values, const std::shared_ptr<arrow::DataType>& to,
                      const std::vector<int>& sources, const std::string& path) {
  arrow::ArrayVector children;
  for (size_t i = 0; i < sources.size(); ++i) {
    const arrow::Field& child = *to->field(static_cast<int>(i));
    // What a NULL has below it is neither cast nor looked at.
    ARROW_ASSIGN_OR_RAISE(const auto seen, values.GetFlattenedField(sources[i]));
    ARROW_ASSIGN_OR_RAISE(children.emplace_back(),
                          FitField(seen, child, values.null_count(), path + "." + child.name()));
  }
  ARROW_ASSIGN_OR_RAISE(auto validity, ValidityOf(values));
  return std::make_shared<arrow::StructArray>(to, values.length(), std::move(children),
                                              std::move(validity), values.null_count());
}

ArrayResult FitStruct(const arrow::Array& values, const std::shared_ptr<arrow::DataType>& to,
                      const std::string& path) {
  std::vector<int> sources;
  const auto& from = values.type()->fields();
  for (const auto& child : to->fields()) {
    const auto found = std::ranges::find_if(
        from, [&](const auto& field) { return IsCalled(*field, child->name()); });
    if (found == from.end()) {
      return BugError("field '" + path + "." + child->name() + "' is staged and not read");
    }
    sources.push_back(static_cast<int>(found - from.begin()));
  }
  return FitFields(checked_cast<const arrow::StructArray&>(values), to, sources, path);
}

/// Where each list begins and ends among the elements of those that are not NULL.
template <typename ListArray>
arrow::Result<std::shared_ptr<arrow::Buffer>> OffsetsOf(const ListArray& values,
                                                        const std::string& path) {
  std::vector<int32_t> offsets = {0};
  offsets.reserve(static_cast<size_t>(values.length()) + 1);
  int64_t end = 0;
  for (int64_t i = 0; i < values.length(); ++i) {
    if (!values.IsNull(i)) end += values.value_length(i);
    if (end > std::numeric_limits<int32_t>::max()) {
      return PermanentError("column '" + path + "' has more than 2147483647 elements in a batch");
    }
    offsets.push_back(static_cast<int32_t>(end));
  }
  return arrow::Buffer::FromVector(std::move(offsets));
}

/// A list or a map of `elements`, which are those of `values` that are seen.
template <typename ListArray>
ArrayResult ListOf(const ListArray& values, const std::shared_ptr<arrow::DataType>& to,
                   const std::shared_ptr<arrow::Array>& elements, const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(auto validity, ValidityOf(values));
  ARROW_ASSIGN_OR_RAISE(auto offsets, OffsetsOf(values, path));
  return arrow::MakeArray(arrow::ArrayData::Make(to, values.length(),
                                                 {std::move(validity), std::move(offsets)},
                                                 {elements->data()}, values.null_count()));
}

/// Lists of any kind, in the one that Parquet's writer has. Elements of NULL lists do not count.
template <typename ListArray>
ArrayResult FitList(const arrow::Array& array, const std::shared_ptr<arrow::DataType>& to,
                    const std::string& path) {
  const auto& values = checked_cast<const ListArray&>(array);
  ARROW_ASSIGN_OR_RAISE(const auto elements, values.Flatten());
  if (elements->null_count() > 0) return HoldsNull(path, " among its elements");
  ARROW_ASSIGN_OR_RAISE(const auto fitted, FitType(elements, to->field(0)->type(), path + "[]"));
  return ListOf(values, to, fitted, path);
}

/// Key and value, whatever they are called.
ArrayResult FitMap(const arrow::Array& array, const std::shared_ptr<arrow::DataType>& to,
                   const std::string& path) {
  const auto& values = checked_cast<const arrow::ListArray&>(array);
  ARROW_ASSIGN_OR_RAISE(const auto entries, values.Flatten());
  ARROW_ASSIGN_OR_RAISE(const auto fitted,
                        FitFields(checked_cast<const arrow::StructArray&>(*entries),
                                  to->field(0)->type(), {0, 1}, path + "[]"));
  return ListOf(values, to, fitted, path);
}

ArrayResult Cast(const std::shared_ptr<arrow::Array>& values,
                 const std::shared_ptr<arrow::DataType>& to, const std::string& path) {
  auto cast = arrow::compute::Cast(*values, to);
  if (cast.ok()) return cast;
  return PermanentError("column '" + path + "': " + cast.status().message());
}

/// One kind of nested array, and what makes of it what is staged.
struct NestedRule {
  arrow::Type::type from;
  arrow::Type::type to;
  ArrayResult (*fit)(const arrow::Array& values, const std::shared_ptr<arrow::DataType>& to,
                     const std::string& path);
};

constexpr NestedRule kNestedRules[] = {
    {arrow::Type::STRUCT, arrow::Type::STRUCT, FitStruct},
    {arrow::Type::MAP, arrow::Type::MAP, FitMap},
    {arrow::Type::LIST, arrow::Type::LIST, FitList<arrow::ListArray>},
    {arrow::Type::LARGE_LIST, arrow::Type::LIST, FitList<arrow::LargeListArray>},
    {arrow::Type::FIXED_SIZE_LIST, arrow::Type::LIST, FitList<arrow::FixedSizeListArray>},
    {arrow::Type::LIST_VIEW, arrow::Type::LIST, FitList<arrow::ListViewArray>},
    {arrow::Type::LARGE_LIST_VIEW, arrow::Type::LIST, FitList<arrow::LargeListViewArray>},
};

ArrayResult FitType(const std::shared_ptr<arrow::Array>& values,
                    const std::shared_ptr<arrow::DataType>& to, const std::string& path) {
  const arrow::Type::type from = values->type_id();
  if (from == arrow::Type::EXTENSION) {
    return FitType(checked_cast<const arrow::ExtensionArray&>(*values).storage(), to, path);
  }
  if (from == arrow::Type::DICTIONARY) {
    const auto& type = checked_cast<const arrow::DictionaryType&>(*values->type());
    ARROW_ASSIGN_OR_RAISE(const auto plain, Cast(values, type.value_type(), path));
    return FitType(plain, to, path);
  }
  for (const NestedRule& rule : kNestedRules) {
    if (rule.from == from && rule.to == to->id()) return rule.fit(*values, to, path);
  }
  return values->type()->Equals(*to) ? values : Cast(values, to, path);
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
                          FitField(batch->column(sources_[i]), field, 0, field.name()));
  }
  return arrow::RecordBatch::Make(staged_, batch->num_rows(), std::move(columns));
}

}  // namespace headrace
