#include "headrace/run/plan_json.h"

#include <arrow/type.h>

#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <string_view>

#include "headrace/model/error_json.h"
#include "headrace/model/json_object.h"

namespace headrace {
namespace {

constexpr int kIndent = 2;

nlohmann::json ColumnJson(const PlannedColumn& column) {
  nlohmann::json json = {
      {"source", column.source_name}, {"source_type", column.source_type},
      {"name", column.name},          {"type", column.type->ToString()},
      {"nullable", column.nullable},  {"on_overflow", OverflowPolicyName(column.on_overflow)}};
  if (!column.note.empty()) json["note"] = column.note;
  return json;
}

/// What headrace adds has no column at the source.
nlohmann::json LineageJson(const arrow::Field& field) {
  return {{"source", nullptr},
          {"source_type", nullptr},
          {"name", field.name()},
          {"type", field.type()->ToString()},
          {"nullable", field.nullable()},
          {"on_overflow", OverflowPolicyName(OverflowPolicy::kError)},
          {"note", "lineage"}};
}

nlohmann::json OrNull(const auto& value) {
  return value ? nlohmann::json(*value) : nlohmann::json();
}

nlohmann::json CursorJson(const CursorPlan& cursor) {
  return {{"column", cursor.column},
          {"from", OrNull(cursor.last)},
          {"to", OrNull(cursor.next)},
          {"about", cursor.about},
          {"greatest", OrNull(cursor.greatest)},
          {"waiting_rows", OrNull(cursor.waiting)}};
}

/// Everything but the units.
nlohmann::json TableJson(const PlannedTable& table) {
  nlohmann::json json = {{"table", table.job->table.label()}};
  if (!table.job->pattern.empty()) json["pattern"] = table.job->pattern;
  if (!table.status.ok()) {
    json["error"] = ErrorJson(table.status);
    return json;
  }
  const TablePlan& plan = table.plan;
  json["write"] = WriteModeName(table.job->write);
  if (!plan.into.empty()) json["into"] = plan.into;
  json["strategy"] = StrategyName(plan.strategy);
  json["why"] = plan.why;
  json["snapshot"] = SnapshotKindName(plan.snapshot);
  json["estimated_rows"] = plan.statistics.rows;
  json["estimated_bytes"] = plan.statistics.bytes;
  json["estimate_origin"] = plan.statistics.origin;
  json["estimate_exact"] = plan.statistics.exact;
  json["row_width"] = plan.statistics.row_width;
  if (!plan.split_column.empty()) json["split_column"] = plan.split_column;
  if (!plan.filter.where.empty()) json["where"] = plan.filter.where;
  if (plan.table.is_query()) json["query"] = plan.table.query;
  if (plan.cursor) json["cursor"] = CursorJson(*plan.cursor);
  json["columns"] = nlohmann::json::array();
  for (const PlannedColumn& column : plan.columns) json["columns"].push_back(ColumnJson(column));
  for (const auto& field : LineageFields(plan.lineage)) {
    json["columns"].push_back(LineageJson(*field));
  }
  json["warnings"] = plan.warnings;
  return json;
}

/// Everything but the tables.
nlohmann::json HeadJson(const JobPlan& plan) {
  nlohmann::json json = {
      {"version", 1},
      {"job", plan.job},
      {"source", plan.source},
      {"destination", plan.destination},
      {"snapshot", {{"kind", SnapshotKindName(plan.snapshot)}, {"about", plan.snapshot_about}}},
      {"units", plan.units()},
      {"estimated_rows", plan.estimated_rows()},
      {"warnings", plan.warnings},
      {"notes", plan.notes},
      {"grants", plan.rights.needed}};
  if (!plan.refused.ok()) json["error"] = ErrorJson(plan.refused);
  return json;
}

/// The text of an object without its closing brace, so that one more key can follow.
std::string OpenObject(const nlohmann::json& object) {
  std::string text = DumpJson(object, kIndent);
  text.resize(text.rfind('\n'));
  return text;
}

/// `"key": [element, …]`, an element a line; `write(i)` writes one.
template <typename WriteElement>
void WriteArray(std::string_view key, size_t count, std::ostream& out, WriteElement write) {
  out << ",\n\"" << key << "\": [";
  for (size_t i = 0; i < count; ++i) {
    out << (i == 0 ? "\n" : ",\n");
    write(i);
  }
  out << (count == 0 ? "]" : "\n]");
}

void WriteTable(const PlannedTable& table, std::ostream& out) {
  out << OpenObject(TableJson(table));
  if (table.status.ok()) {
    WriteArray("units", table.units.size(), out,
               [&](size_t unit) { out << SerializeWorkUnit(table.units[unit], table.plan); });
  }
  out << "\n}";
}

}  // namespace

void WritePlanJson(const JobPlan& plan, std::ostream& out) {
  out << OpenObject(HeadJson(plan));
  WriteArray("tables", plan.tables.size(), out,
             [&](size_t table) { WriteTable(plan.tables[table], out); });
  out << "\n}\n";
}

}  // namespace headrace
