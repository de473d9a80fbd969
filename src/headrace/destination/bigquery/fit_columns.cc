#include "headrace/destination/bigquery/fit_columns.h"

#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "headrace/destination/bigquery/answer.h"
#include "headrace/destination/bigquery/column_names.h"
#include "headrace/destination/bigquery/column_range.h"
#include "headrace/model/ascii.h"
#include "headrace/transform/cast_rule.h"

namespace headrace {
namespace {

const BigQueryColumn* FindColumn(const TableLoad& load, std::string_view output) {
  const std::string name = LowerAsciiText(ColumnName(output));
  const auto found = std::ranges::find_if(load.columns, [&](const BigQueryColumn& column) {
    return LowerAsciiText(column.field.name) == name;
  });
  return found == load.columns.end() ? nullptr : &*found;
}

/// Whether what is held of `staged` can be looked for in values of `type`: the same children, and
/// the same units.
bool HaveOneForm(const arrow::DataType& type, const arrow::DataType& staged) {
  const bool are_lists = arrow::is_list_like(type.id()) && arrow::is_list_like(staged.id());
  if (!are_lists && type.id() != staged.id()) return false;
  if (type.num_fields() == 0) return type.Equals(staged);
  return std::ranges::equal(type.fields(), staged.fields(), [](const auto& a, const auto& b) {
    return HaveOneForm(*a->type(), *b->type());
  });
}

void AddNote(std::string_view note, std::string& notes) {
  if (!notes.empty() && !note.empty()) notes += "; ";
  notes += note;
}

void FitColumn(const BigQueryColumn& fitted, PlannedColumn& column) {
  const std::shared_ptr<arrow::DataType>& staged = fitted.staged->type();
  if (fitted.field.name != column.name) {
    AddNote("called " + fitted.field.name + " in BigQuery", column.note);
    column.name = fitted.field.name;
  }
  const bool is_castable = !column.type->Equals(*staged) && staged->num_fields() == 0 &&
                           FindCast(*column.read_type, *staged) != nullptr;
  if (is_castable) column.type = staged;
  if (HaveOneForm(*column.type, *staged)) column.held = HeldBy(fitted);
  for (const std::string& note : fitted.notes) AddNote(note, column.note);
}

std::string LayoutText(const nlohmann::json& layout) {
  std::string text;
  const std::string type = LowerAsciiText(TextAt(layout, "/timePartitioning/type"));
  const std::string time = TextAt(layout, "/timePartitioning/field");
  const std::string range = TextAt(layout, "/rangePartitioning/field");
  if (!type.empty()) text += ", partitioned by " + type + (time.empty() ? "" : " of " + time);
  if (!range.empty()) text += ", partitioned by ranges of " + range;
  std::string clustering;
  for (const nlohmann::json& field : ValueAt(layout, "/clustering/fields")) {
    if (!field.is_string()) continue;
    clustering += (clustering.empty() ? "" : ", ") + field.get<std::string>();
  }
  return text + (clustering.empty() ? "" : ", clustered by " + clustering);
}

}  // namespace

void FitColumns(const TableLoad& load, TablePlan& plan) {
  std::vector<PlannedColumn> kept;
  for (PlannedColumn& column : plan.columns) {
    const BigQueryColumn* fitted = FindColumn(load, column.name);
    if (fitted == nullptr) continue;
    FitColumn(*fitted, column);
    kept.push_back(std::move(column));
  }
  plan.columns = std::move(kept);
  for (const std::string& note : load.notes) plan.warnings.push_back(note);
}

std::string IntoText(const TableLoad& load, const std::string& staging) {
  const std::string made = load.makes_dataset   ? ", which is made with its dataset"
                           : load.target.is_new ? ", which is made"
                                                : "";
  return load.target.table.label() + made + LayoutText(load.target.layout) +
         ", by one load job in " + load.location + " of files in " + staging;
}

}  // namespace headrace
