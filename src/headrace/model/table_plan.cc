#include "headrace/model/table_plan.h"

#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>

#include <array>

#include "headrace/model/split_text.h"

namespace headrace {
namespace {

constexpr std::array<std::string_view, 3> kOverflowPolicyNames = {"error", "null", "string"};

constexpr std::array<std::string_view, 3> kNullRowsPolicyNames = {"include", "exclude", "error"};

std::shared_ptr<arrow::KeyValueMetadata> ColumnMetadata(const PlannedColumn& column) {
  auto metadata = arrow::key_value_metadata({"headrace.source_type"}, {column.source_type});
  if (!column.comment.empty()) metadata->Append(std::string(kCommentKey), column.comment);
  return metadata;
}

}  // namespace

std::string_view OverflowPolicyName(OverflowPolicy policy) {
  return kOverflowPolicyNames.at(static_cast<size_t>(policy));
}

std::string_view NullRowsPolicyName(NullRowsPolicy policy) {
  return kNullRowsPolicyNames.at(static_cast<size_t>(policy));
}

std::string FilterText(const Filter& filter) {
  std::vector<std::string> others;
  if (!filter.not_null.empty()) others.push_back("\"" + filter.not_null + "\" IS NOT NULL");
  if (filter.window) others.push_back(SplitText(*filter.window));
  // Only the job's own condition may hold an OR.
  std::string text =
      others.empty() || filter.where.empty() ? filter.where : "(" + filter.where + ")";
  for (const std::string& other : others) text += (text.empty() ? "" : " AND ") + other;
  return text;
}

arrow::FieldVector LineageFields(const Lineage& lineage) {
  if (!lineage.enabled) return {};
  return {
      arrow::field("_headrace_run", arrow::utf8(), false),
      arrow::field("_headrace_loaded_at", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), false)};
}

std::shared_ptr<arrow::Schema> ReadSchema(const TablePlan& plan) {
  arrow::FieldVector fields;
  fields.reserve(plan.columns.size());
  for (const PlannedColumn& column : plan.columns) {
    fields.push_back(arrow::field(column.source_name, column.read_type, column.nullable));
  }
  return arrow::schema(std::move(fields));
}

std::shared_ptr<arrow::Schema> OutputSchema(const TablePlan& plan) {
  arrow::FieldVector fields;
  fields.reserve(plan.columns.size() + 2);
  for (const PlannedColumn& column : plan.columns) {
    fields.push_back(
        arrow::field(column.name, column.type, column.nullable, ColumnMetadata(column)));
  }
  for (auto& field : LineageFields(plan.lineage)) fields.push_back(std::move(field));
  return arrow::schema(std::move(fields));
}

}  // namespace headrace
