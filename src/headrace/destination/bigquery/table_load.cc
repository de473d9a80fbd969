#include "headrace/destination/bigquery/table_load.h"

#include <arrow/type.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <utility>

#include "headrace/destination/bigquery/answer.h"
#include "headrace/destination/bigquery/schema_change.h"
#include "headrace/model/ascii.h"

namespace headrace {
namespace {

using Json = nlohmann::json;

/// The service's own default (cloud.google.com/bigquery/docs/locations).
constexpr std::string_view kDefaultLocation = "US";

constexpr std::array<const char*, 3> kLayoutKeys = {"timePartitioning", "rangePartitioning",
                                                    "clustering"};

/// Keys of a column that a run does not decide: those of the table are kept.
constexpr std::array<const char*, 2> kKeptKeys = {"description", "policyTags"};

/// Those that are of its type.
constexpr std::array<const char*, 2> kKeptKeysOfType = {"collation", "roundingMode"};

std::vector<TableField> FieldsOf(const std::vector<BigQueryColumn>& columns) {
  std::vector<TableField> fields;
  fields.reserve(columns.size());
  for (const BigQueryColumn& column : columns) fields.push_back(column.field);
  return fields;
}

std::string Named(const LoadRequest& request) {
  return "table " + request.label + ": " + request.table.label();
}

arrow::Status CheckLocation(const BigQuerySettings& settings, const LoadRequest& request,
                            std::string_view there) {
  const bool agrees =
      settings.location.empty() || LowerAsciiText(settings.location) == LowerAsciiText(there);
  if (agrees) return arrow::Status::OK();
  return UserError(Named(request) + " lies in " + std::string(there) +
                   ", and destination.location is " + settings.location +
                   ": leave it out, or choose another dataset");
}

/// How the table is partitioned, for people and for comparison.
std::string PartitioningText(const Json& layout) {
  const std::string range = TextAt(layout, "/rangePartitioning/field");
  if (!range.empty()) {
    return "ranges of " + LowerAsciiText(range) + " (" +
           TextAt(layout, "/rangePartitioning/range/start") + ":" +
           TextAt(layout, "/rangePartitioning/range/end") + ":" +
           TextAt(layout, "/rangePartitioning/range/interval") + ")";
  }
  const std::string type = TextAt(layout, "/timePartitioning/type");
  if (type.empty()) return "nothing";
  const std::string field = TextAt(layout, "/timePartitioning/field");
  return LowerAsciiText(type) + " of " + (field.empty() ? "ingestion" : LowerAsciiText(field));
}

Json LayoutOf(const Json& table) {
  Json layout = Json::object();
  for (const char* key : kLayoutKeys) {
    if (table.contains(key)) layout[key] = table.at(key);
  }
  return layout;
}

/// Partitioning cannot be changed in place.
arrow::Status CheckLayout(const LoadRequest& request, const Json& there, const Json& wanted,
                          TableLoad& load) {
  const std::string is = PartitioningText(there);
  const std::string wants = PartitioningText(wanted);
  if (wants != "nothing" && is != wants) {
    return UserError(Named(request) + " is partitioned by " + is + ", and the job wants " + wants +
                     ", which BigQuery cannot change: change destination.partition_by, or load "
                     "into another table");
  }
  const Json clustering = ValueAt(wanted, "/clustering/fields");
  if (!clustering.is_null() && clustering != ValueAt(there, "/clustering/fields")) {
    load.notes.push_back(request.table.label() +
                         " is clustered otherwise than the job says, and stays as it is");
  }
  return arrow::Status::OK();
}

/// Of a table that this run makes.
arrow::Status DecideNew(const BigQuerySettings& settings, const TableSettings& table,
                        const LoadRequest& request, const TableState& state, TableLoad& load) {
  if (settings.create == CreatePolicy::kNever) {
    return UserError(Named(request) + " is not there, and destination.create is never");
  }
  load.makes_dataset = !state.dataset.has_value();
  load.location = settings.location.empty() ? kDefaultLocation : settings.location;
  if (state.dataset) {
    load.location = TextAt(*state.dataset, "/location");
    ARROW_RETURN_NOT_OK(CheckLocation(settings, request, load.location));
  }
  load.target.is_new = true;
  load.target.schema = SchemaJson(load.columns);
  ARROW_ASSIGN_OR_RAISE(load.target.layout, LayoutJson(table.layout, FieldsOf(load.columns)));
  if (table.layout.require_partition_filter) load.patch["requirePartitionFilter"] = true;
  if (table.layout.table_expiration_ms) {
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    load.patch["expirationTime"] = std::to_string(now.count() + *table.layout.table_expiration_ms);
  }
  return arrow::Status::OK();
}

arrow::Status OtherColumns(const LoadRequest& request, const SchemaChange& change,
                           const std::string& way_out) {
  return UserError(Named(request) +
                       " has other columns than this run would append (table: -, run: +):" +
                       ChangeText(change) + "\n" + way_out,
                   "schema_mismatch");
}

/// What a missing column's rows would be NULL in and cannot.
bool LacksRequired(const SchemaChange& change) {
  return std::ranges::any_of(change.missing, [](const SchemaChange::Missing& missing) {
    return missing.field.mode == FieldMode::kRequired;
  });
}

arrow::Status CheckChange(const LoadRequest& request, SchemaChangePolicy policy,
                          const SchemaChange& change) {
  constexpr const char* kOtherTable =
      "Change `columns:` so that they agree, or load into another table, or use write: replace";
  if (!change.retyped.empty()) return OtherColumns(request, change, kOtherTable);
  if (policy == SchemaChangePolicy::kEvolve) return arrow::Status::OK();
  constexpr const char* kPolicies =
      "Change `columns:` so that they agree, or set destination.on_schema_change: evolve adds "
      "columns to the table, freeze leaves those NULL that the run has not, discard_columns leaves "
      "out those that the table has not";
  const bool is_error = policy == SchemaChangePolicy::kError && !change.missing.empty();
  const bool adds = policy != SchemaChangePolicy::kDiscardColumns && !change.added.empty();
  if (is_error || adds || LacksRequired(change)) return OtherColumns(request, change, kPolicies);
  return arrow::Status::OK();
}

/// Whether nothing is staged in a column, at some depth: Parquet has no group without fields, and a
/// row without a column would be none.
bool IsEmpty(const arrow::DataType& type) {
  if (type.id() == arrow::Type::STRUCT && type.num_fields() == 0) return true;
  return std::ranges::any_of(type.fields(),
                             [](const auto& child) { return IsEmpty(*child->type()); });
}

void Evolve(const Json& schema, const SchemaChange& change, TableLoad& load) {
  load.target.schema = EvolvedSchema(schema, change);
  if (!change.added.empty()) load.target.schema_updates.emplace_back("ALLOW_FIELD_ADDITION");
  if (!change.relaxed.empty()) load.target.schema_updates.emplace_back("ALLOW_FIELD_RELAXATION");
  const std::string text = ChangeText(change);
  if (!text.empty()) load.notes.push_back("the table changes (before: -, then: +):" + text);
}

arrow::Status DecideAppend(const TableSettings& table, const LoadRequest& request,
                           const Json& schema, const SchemaChange& change, TableLoad& load) {
  ARROW_RETURN_NOT_OK(CheckChange(request, table.on_schema_change, change));
  if (table.on_schema_change == SchemaChangePolicy::kEvolve) {
    Evolve(schema, change, load);
  } else {
    load.target.schema = schema;
    for (const auto& added : change.added) {
      load.notes.push_back("column " + PathText(FieldPath(added.parent, added.field.name)) +
                           " is left out: the table has none of this name");
    }
  }
  ARROW_ASSIGN_OR_RAISE(const auto fields, TableFieldsFromJson(load.target.schema));
  load.columns = ColumnsForTable(load.columns, fields);
  if (load.columns.empty() || std::ranges::any_of(load.columns, [](const BigQueryColumn& column) {
        return IsEmpty(*column.staged->type());
      })) {
    return OtherColumns(request, change,
                        "They have none in common, or none of a record: change `columns:`, or load "
                        "into another table");
  }
  return arrow::Status::OK();
}

void Keep(std::span<const char* const> keys, const Json& there, Json& field) {
  for (const char* key : keys) {
    if (there.contains(key) && !field.contains(key)) field[key] = there.at(key);
  }
}

/// Gives the fields of `merged`, a schema or a RECORD, what those of `there` say beyond names and
/// types, at every depth.
void MergeFields(const Json& there, Json& merged) {
  for (Json& field : merged["fields"]) {
    for (const Json& old : ValueAt(there, "/fields")) {
      if (LowerAsciiText(TextAt(old, "/name")) != LowerAsciiText(TextAt(field, "/name"))) continue;
      Keep(kKeptKeys, old, field);
      if (CanonicalTypeName(TextAt(old, "/type")) != TextAt(field, "/type")) continue;
      Keep(kKeptKeysOfType, old, field);
      if (field.contains("fields")) MergeFields(old, field);
    }
  }
}

Json MergedSchema(const std::vector<BigQueryColumn>& columns, const Json& schema) {
  Json merged = SchemaJson(columns);
  MergeFields(schema, merged);
  return merged;
}

/// The column that the table is partitioned by has to stay what it is.
arrow::Status CheckPartitionColumn(const LoadRequest& request, const SchemaChange& change,
                                   const Json& layout) {
  std::string column = TextAt(layout, "/timePartitioning/field");
  if (column.empty()) column = TextAt(layout, "/rangePartitioning/field");
  const auto is_column = [&](const auto& changed) {
    return LowerAsciiText(changed.path) == LowerAsciiText(column);
  };
  if (column.empty() || (std::ranges::none_of(change.missing, is_column) &&
                         std::ranges::none_of(change.retyped, is_column))) {
    return arrow::Status::OK();
  }
  return UserError(Named(request) + " is partitioned by " + column +
                   ", which this run does not have as the table has it:" + ChangeText(change) +
                   "\nChange `columns:`, or load into another table");
}

arrow::Status DecideReplace(const LoadRequest& request, const Json& schema,
                            const SchemaChange& change, TableLoad& load) {
  load.target.keeps_schema = change.empty();
  if (!change.empty()) {
    load.target.schema = MergedSchema(load.columns, schema);
    load.notes.push_back("the table gets other columns (before: -, then: +):" + ChangeText(change));
    return CheckPartitionColumn(request, change, load.target.layout);
  }
  load.target.schema = schema;
  ARROW_ASSIGN_OR_RAISE(const auto fields, TableFieldsFromJson(schema));
  load.columns = ColumnsForTable(load.columns, fields);
  return arrow::Status::OK();
}

arrow::Status DecideExisting(const BigQuerySettings& settings, const TableSettings& table,
                             const LoadRequest& request, const Json& there, TableLoad& load) {
  const std::string type = TextAt(there, "/type");
  if (!type.empty() && type != "TABLE") {
    return UserError(Named(request) + " is a " + type + ", into which nothing can be loaded");
  }
  if (request.mode == WriteMode::kErrorIfExists) {
    return UserError(Named(request) +
                         " is there already, and `write: error_if_exists` asks that it is not: "
                         "remove it, or choose write: replace or append",
                     "EEXIST");
  }
  load.location = TextAt(there, "/location");
  ARROW_RETURN_NOT_OK(CheckLocation(settings, request, load.location));
  load.table_created = TextAt(there, "/creationTime");
  load.target.layout = LayoutOf(there);
  ARROW_ASSIGN_OR_RAISE(const Json wanted, LayoutJson(table.layout, FieldsOf(load.columns)));
  ARROW_RETURN_NOT_OK(CheckLayout(request, load.target.layout, wanted, load));
  const Json schema = ValueAt(there, "/schema");
  ARROW_ASSIGN_OR_RAISE(const auto fields, TableFieldsFromJson(schema));
  const SchemaChange change = CompareSchemas(fields, FieldsOf(load.columns));
  if (request.mode == WriteMode::kReplace) return DecideReplace(request, schema, change, load);
  return DecideAppend(table, request, schema, change, load);
}

}  // namespace

arrow::Result<TableLoad> DecideLoad(const BigQuerySettings& settings, const TableSettings& table,
                                    const LoadRequest& request, const TableState& state) {
  ARROW_ASSIGN_OR_RAISE(BigQueryColumns columns, ColumnsOf(*request.schema));
  TableLoad load;
  load.columns = std::move(columns.columns);
  load.target.table = request.table;
  load.target.mode = request.mode;
  load.target.labels = settings.labels;
  ARROW_RETURN_NOT_OK(state.table ? DecideExisting(settings, table, request, *state.table, load)
                                  : DecideNew(settings, table, request, state, load));
  return load;
}

}  // namespace headrace
