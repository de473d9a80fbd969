#include "headrace/destination/bigquery/load_job.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "headrace/model/ascii.h"
#include "headrace/model/xxh3.h"

namespace headrace {
namespace {

using Json = nlohmann::json;

/// cloud.google.com/bigquery/docs/partitioned-tables#date_timestamp_partitioned_tables
constexpr std::array<std::string_view, 3> kPartitionTypes = {"DATE", "DATETIME", "TIMESTAMP"};

/// cloud.google.com/bigquery/docs/clustered-tables#cluster_column_types
constexpr std::array<std::string_view, 9> kClusterTypes = {"BIGNUMERIC", "BOOL",      "DATE",
                                                           "DATETIME",   "GEOGRAPHY", "INTEGER",
                                                           "NUMERIC",    "STRING",    "TIMESTAMP"};

Json TableReference(const BigQueryTable& table) {
  return {{"projectId", table.project}, {"datasetId", table.dataset}, {"tableId", table.table}};
}

Json ObjectOf(const std::vector<std::pair<std::string, std::string>>& pairs) {
  Json object = Json::object();
  for (const auto& [key, value] : pairs) object[key] = value;
  return object;
}

/// In one step with the rows: of kErrorIfExists the service itself looks whether there are any.
std::string_view WriteDisposition(const LoadTarget& target) {
  switch (target.mode) {
    case WriteMode::kAppend:
      return "WRITE_APPEND";
    case WriteMode::kErrorIfExists:
      return "WRITE_EMPTY";
    case WriteMode::kReplace:
      return target.keeps_schema ? "WRITE_TRUNCATE_DATA" : "WRITE_TRUNCATE";
  }
  return {};
}

arrow::Result<const TableField*> ColumnNamed(std::string_view key, std::string_view name,
                                             const std::vector<TableField>& columns) {
  const auto found = std::ranges::find_if(columns, [&](const TableField& field) {
    return LowerAsciiText(field.name) == LowerAsciiText(name);
  });
  if (found != columns.end()) return &*found;
  return UserError("destination." + std::string(key) + ": there is no column '" +
                   std::string(name) + "' in BigQuery's table");
}

arrow::Status CheckType(std::string_view key, const TableField& field,
                        std::span<const std::string_view> types) {
  const bool fits =
      field.mode != FieldMode::kRepeated && std::ranges::find(types, field.type) != types.end();
  if (fits) return arrow::Status::OK();
  std::string list;
  for (const std::string_view type : types) list += (list.empty() ? "" : ", ") + std::string(type);
  return UserError("destination." + std::string(key) + ": column '" + field.name + "' is " +
                   TypeText(field) + ", and BigQuery wants one of " + list);
}

/// Integers are text in the service's JSON.
Json RangeJson(const TableLayout::Range& range) {
  return {{"start", std::to_string(range.start)},
          {"end", std::to_string(range.end)},
          {"interval", std::to_string(range.interval)}};
}

arrow::Status AddPartitioning(const TableLayout& layout, const std::vector<TableField>& columns,
                              Json& result) {
  if (layout.partition_by.empty()) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(const TableField* field,
                        ColumnNamed("partition_by", layout.partition_by, columns));
  if (layout.range) {
    constexpr std::array<std::string_view, 1> kIntegers = {"INTEGER"};
    ARROW_RETURN_NOT_OK(CheckType("partition_by", *field, kIntegers));
    result["rangePartitioning"] = {{"field", field->name}, {"range", RangeJson(*layout.range)}};
    return arrow::Status::OK();
  }
  ARROW_RETURN_NOT_OK(CheckType("partition_by", *field, kPartitionTypes));
  if (layout.partition_type == "HOUR" && field->type == "DATE") {
    return UserError("destination.partition_type: column '" + field->name +
                     "' is DATE, which has no hours");
  }
  Json& partitioning = result["timePartitioning"];
  partitioning = {{"type", layout.partition_type}, {"field", field->name}};
  if (layout.partition_expiration_ms) {
    partitioning["expirationMs"] = std::to_string(*layout.partition_expiration_ms);
  }
  return arrow::Status::OK();
}

}  // namespace

std::string LoadJobId(const LoadAttempt& attempt) {
  std::string text;
  for (const std::string_view part : {attempt.job, attempt.run, attempt.target}) {
    text += std::to_string(part.size()) + ":" + std::string(part);  // So that no two are alike.
  }
  text += "/" + std::to_string(attempt.epoch) + "/" + std::to_string(attempt.attempt);
  return "headrace_load_" + Xxh3Hex128(text) + "_" + std::to_string(attempt.attempt);
}

Json LoadConfiguration(const LoadTarget& target, const std::vector<std::string>& uris) {
  Json load = target.layout.is_object() ? target.layout : Json::object();
  load["destinationTable"] = TableReference(target.table);
  load["sourceUris"] = uris;
  load["sourceFormat"] = "PARQUET";
  load["schema"] = target.schema;
  load["createDisposition"] = target.is_new ? "CREATE_IF_NEEDED" : "CREATE_NEVER";
  load["writeDisposition"] = WriteDisposition(target);
  // Without it empty arrays are loaded where the schema has REPEATED.
  load["parquetOptions"] = {{"enableListInference", true}, {"mapTargetType", "ARRAY_OF_STRUCT"}};
  load["decimalTargetTypes"] = {"NUMERIC", "BIGNUMERIC", "STRING"};
  if (!target.schema_updates.empty()) load["schemaUpdateOptions"] = target.schema_updates;
  // Of a table that is there they may not differ from its own.
  if (target.is_new) {
    Json properties = Json::object();
    if (!target.description.empty()) properties["description"] = target.description;
    if (!target.labels.empty()) properties["labels"] = ObjectOf(target.labels);
    if (!properties.empty()) load["destinationTableProperties"] = std::move(properties);
  }
  Json configuration = {{"load", std::move(load)}};
  if (!target.labels.empty()) configuration["labels"] = ObjectOf(target.labels);
  return configuration;
}

arrow::Result<Json> LayoutJson(const TableLayout& layout, const std::vector<TableField>& columns) {
  Json result = Json::object();
  ARROW_RETURN_NOT_OK(AddPartitioning(layout, columns, result));
  Json fields = Json::array();
  for (const std::string& name : layout.cluster_by) {
    ARROW_ASSIGN_OR_RAISE(const TableField* field, ColumnNamed("cluster_by", name, columns));
    ARROW_RETURN_NOT_OK(CheckType("cluster_by", *field, kClusterTypes));
    fields.push_back(field->name);
  }
  if (!fields.empty()) result["clustering"] = {{"fields", std::move(fields)}};
  return result;
}

}  // namespace headrace
