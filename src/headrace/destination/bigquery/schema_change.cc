#include "headrace/destination/bigquery/schema_change.h"

#include <arrow/type.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "headrace/model/ascii.h"

namespace headrace {
namespace {

bool IsSameName(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, LowerAscii, LowerAscii);
}

const TableField* Find(const std::vector<TableField>& fields, std::string_view name) {
  const auto found = std::ranges::find_if(
      fields, [&](const TableField& field) { return IsSameName(field.name, name); });
  return found == fields.end() ? nullptr : &*found;
}

bool IsRepeated(const TableField& field) { return field.mode == FieldMode::kRepeated; }

/// Whether a column that declares `table` holds what has the digits `run`.
bool HoldsDigits(const std::optional<DecimalShape>& table, const std::optional<DecimalShape>& run) {
  if (!table || !run) return true;
  return run->scale <= table->scale &&
         run->precision - run->scale <= table->precision - table->scale;
}

bool IsRetyped(const TableField& table, const TableField& run) {
  return table.type != run.type || IsRepeated(table) != IsRepeated(run) ||
         !HoldsDigits(table.digits, run.digits);
}

void CompareFields(const std::vector<TableField>& table, const std::vector<TableField>& run,
                   const std::string& parent, SchemaChange& change);

void CompareField(const TableField& table, const TableField& run, const std::string& path,
                  SchemaChange& change) {
  if (IsRetyped(table, run)) {
    change.retyped.push_back({path, table, run});
    return;
  }
  const bool is_required = table.mode == FieldMode::kRequired;
  if (is_required && run.mode == FieldMode::kNullable) change.relaxed.push_back({path, table});
  CompareFields(table.fields, run.fields, path, change);
}

void CompareFields(const std::vector<TableField>& table, const std::vector<TableField>& run,
                   const std::string& parent, SchemaChange& change) {
  for (const TableField& field : table) {
    const std::string path = FieldPath(parent, field.name);
    if (const TableField* other = Find(run, field.name)) {
      CompareField(field, *other, path, change);
      continue;
    }
    change.missing.push_back({path, field});
    if (field.mode == FieldMode::kRequired) change.relaxed.push_back({path, field});
  }
  for (const TableField& field : run) {
    if (Find(table, field.name) == nullptr) change.added.push_back({parent, field});
  }
}

std::string Line(std::string_view mark, std::string_view path, const TableField& field) {
  return std::string(mark) + PathText(path) + ": " + TypeText(field);
}

TableField Relaxed(TableField field) {
  if (field.mode == FieldMode::kRequired) field.mode = FieldMode::kNullable;
  return field;
}

/// A field that comes into a table, where nothing that is new can be REQUIRED; but the key of a map
/// has to be, as in Parquet, and comes with its array.
TableField AsAdded(TableField field) {
  if (!IsRepeated(field)) {
    for (TableField& child : field.fields) child = AsAdded(std::move(child));
  }
  return Relaxed(std::move(field));
}

/// What is missing is a line of its own.
bool IsMissing(const SchemaChange& change, std::string_view path) {
  return std::ranges::any_of(change.missing, [&](const auto& gone) { return gone.path == path; });
}

/// Evolves the fields of one RECORD, or the columns.
class Evolution {
 public:
  explicit Evolution(const SchemaChange& change) : change_(change) {}

  void Apply(nlohmann::json& record, const std::string& path) const {
    for (auto& field : record["fields"]) ApplyToField(field, path);
    for (const auto& added : change_.added) {
      if (added.parent == path) record["fields"].push_back(ToJson(AsAdded(added.field)));
    }
  }

 private:
  void ApplyToField(nlohmann::json& field, const std::string& parent) const {
    const std::string path = FieldPath(parent, field.value("name", std::string()));
    const bool is_relaxed = std::ranges::any_of(
        change_.relaxed, [&](const auto& relaxed) { return relaxed.path == path; });
    if (is_relaxed) field["mode"] = FieldModeName(FieldMode::kNullable);
    if (field.contains("fields")) Apply(field, path);
  }

  const SchemaChange& change_;
};

/// A field of a run under the table's name and mode, in the schema and in the files.
struct FittedField {
  TableField field;
  std::shared_ptr<arrow::Field> staged;
};

FittedField Fitted(const TableField& run, const arrow::Field& staged, const TableField& table);

/// The struct `staged` of a RECORD's fields; puts those into `fields`.
std::shared_ptr<arrow::DataType> FittedStruct(const TableField& run, const arrow::DataType& staged,
                                              const TableField& table,
                                              std::vector<TableField>& fields) {
  arrow::FieldVector children;
  for (size_t i = 0; i < run.fields.size(); ++i) {
    const TableField* there = Find(table.fields, run.fields[i].name);
    if (there == nullptr) continue;
    FittedField child = Fitted(run.fields[i], *staged.field(static_cast<int>(i)), *there);
    fields.push_back(std::move(child.field));
    children.push_back(std::move(child.staged));
  }
  return arrow::struct_(children);
}

FittedField Fitted(const TableField& run, const arrow::Field& staged, const TableField& table) {
  TableField field = run;
  field.name = table.name;
  field.mode = table.mode;
  field.description = table.description;
  std::shared_ptr<arrow::DataType> type = staged.type();
  const arrow::Field* elements = type->id() == arrow::Type::LIST ? type->field(0).get() : nullptr;
  const arrow::DataType& record = elements == nullptr ? *type : *elements->type();
  if (record.id() == arrow::Type::STRUCT) {
    field.fields.clear();
    type = FittedStruct(run, record, table, field.fields);
    if (elements != nullptr) type = arrow::list(elements->WithType(type));
  }
  const bool is_nullable =
      IsRepeated(field) ? staged.nullable() : field.mode == FieldMode::kNullable;
  return {.field = std::move(field),
          .staged = arrow::field(table.name, std::move(type), is_nullable)};
}

}  // namespace

SchemaChange CompareSchemas(const std::vector<TableField>& table,
                            const std::vector<TableField>& run) {
  SchemaChange change;
  CompareFields(table, run, {}, change);
  return change;
}

std::string ChangeText(const SchemaChange& change) {
  std::string before;
  std::string now;
  for (const auto& missing : change.missing) before += Line("\n- ", missing.path, missing.field);
  for (const auto& retyped : change.retyped) {
    before += Line("\n- ", retyped.path, retyped.table);
    now += Line("\n+ ", retyped.path, retyped.run);
  }
  for (const auto& relaxed : change.relaxed) {
    if (IsMissing(change, relaxed.path)) continue;
    before += Line("\n- ", relaxed.path, relaxed.field);
    now += Line("\n+ ", relaxed.path, Relaxed(relaxed.field));
  }
  for (const auto& added : change.added) {
    now += Line("\n+ ", FieldPath(added.parent, added.field.name), added.field);
  }
  return before + now;
}

nlohmann::json EvolvedSchema(const nlohmann::json& table, const SchemaChange& change) {
  nlohmann::json schema = table.is_null() ? nlohmann::json::object() : table;
  Evolution(change).Apply(schema, {});
  return schema;
}

std::vector<BigQueryColumn> ColumnsForTable(const std::vector<BigQueryColumn>& columns,
                                            const std::vector<TableField>& table) {
  std::vector<BigQueryColumn> result;
  for (const BigQueryColumn& column : columns) {
    const TableField* there = Find(table, column.field.name);
    if (there == nullptr) continue;
    FittedField fitted = Fitted(column.field, *column.staged, *there);
    BigQueryColumn& added = result.emplace_back(column);
    added.field = std::move(fitted.field);
    added.staged = std::move(fitted.staged);
  }
  return result;
}

}  // namespace headrace
