#include "headrace/run/job_plan.h"

#include <arrow/type.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>
#include <utility>

#include "headrace/plan/planner.h"
#include "headrace/transform/transform.h"

namespace headrace {
namespace {

/// The type under which a session reads `column`.
std::shared_ptr<arrow::DataType> ReadTypeOf(const Column& column, OverflowPolicy policy) {
  return policy == OverflowPolicy::kString && column.may_overflow ? arrow::utf8() : column.type;
}

arrow::Result<PlannedColumn> PlanColumn(const Column& column, const ColumnRequest& request,
                                        const TableJob& job) {
  PlannedColumn planned;
  planned.source_name = column.name;
  planned.source_type = column.source_type;
  planned.name = request.as.value_or(column.name);
  planned.nullable = column.nullable;
  planned.on_overflow = request.on_overflow.value_or(job.on_overflow);
  planned.comment = column.comment;
  planned.note = column.note;
  planned.read_type = ReadTypeOf(column, planned.on_overflow);
  planned.type = planned.read_type;
  if (planned.read_type != column.type) planned.note = "as text, because of on_overflow: string";
  if (request.type.has_value()) {
    ARROW_ASSIGN_OR_RAISE(planned.type, ParseTypeName(*request.type));
    if (!planned.type->Equals(*planned.read_type)) {
      planned.note = "cast from " + planned.read_type->ToString();
    }
  }
  // A value that becomes NULL by policy may do so in a column that the source declares NOT NULL.
  planned.nullable = planned.nullable || planned.on_overflow == OverflowPolicy::kNull;
  return planned;
}

arrow::Status NoSuchColumn(const Description& description, const std::string& name) {
  std::string names;
  for (const Column& column : description.columns) {
    names += (names.empty() ? "" : ", ") + column.name;
  }
  return UserError("table " + description.table.label() + " has no column \"" + name +
                   "\"; it has " + names);
}

/// The columns that the job asks for, all of them where it names none, without the excluded ones.
arrow::Result<std::vector<ColumnRequest>> RequestedColumns(const Description& description,
                                                           const TableJob& job) {
  std::vector<ColumnRequest> requests = job.columns;
  if (requests.empty()) {
    for (const Column& column : description.columns) {
      requests.push_back({.name = column.name, .as = {}, .type = {}, .on_overflow = {}});
    }
  }
  for (const std::string& excluded : job.exclude) {
    if (description.FindColumn(excluded) == nullptr) return NoSuchColumn(description, excluded);
    std::erase_if(requests, [&](const ColumnRequest& request) { return request.name == excluded; });
  }
  return requests;
}

arrow::Result<std::vector<PlannedColumn>> PlanColumns(const Description& description,
                                                      const TableJob& job) {
  ARROW_ASSIGN_OR_RAISE(const std::vector<ColumnRequest> requests,
                        RequestedColumns(description, job));
  if (requests.empty()) {
    return UserError("table " + description.table.label() + ": no column is left to load");
  }
  std::vector<PlannedColumn> columns;
  std::set<std::string> names;
  for (const ColumnRequest& request : requests) {
    const Column* column = description.FindColumn(request.name);
    if (column == nullptr) return NoSuchColumn(description, request.name);
    ARROW_ASSIGN_OR_RAISE(PlannedColumn planned, PlanColumn(*column, request, job));
    if (!names.insert(planned.name).second) {
      return UserError("table " + description.table.label() + ": two columns would be called \"" +
                       planned.name + "\"; give one of them another name with `as`");
    }
    columns.push_back(std::move(planned));
  }
  return columns;
}

std::vector<std::string> SourceNames(const std::vector<PlannedColumn>& columns) {
  std::vector<std::string> names;
  names.reserve(columns.size());
  for (const PlannedColumn& column : columns) names.push_back(column.source_name);
  return names;
}

PlanKnobs KnobsOf(const TableJob& job) {
  return {.strategy = job.partition.strategy,
          .column = job.partition.column.value_or(""),
          .target_rows = job.partition.target_rows,
          .target_bytes = job.partition.target_bytes,
          .strict = job.partition.strict,
          .filtered = !job.where.empty()};
}

/// Under no snapshot nothing keeps the pages of a table from being moved while they are read.
arrow::Status Partition(const TableJob& job, const Capabilities& capabilities,
                        PlannedTable& planned) {
  TablePlan& plan = planned.plan;
  ARROW_ASSIGN_OR_RAISE(Partitioning partitioning, PlanUnits(plan.description, plan.statistics,
                                                             capabilities, KnobsOf(job), plan.id));
  plan.strategy = partitioning.strategy;
  plan.split_column = std::move(partitioning.column);
  plan.why = std::move(partitioning.why);
  plan.warnings = std::move(partitioning.warnings);
  planned.units = std::move(partitioning.units);
  return arrow::Status::OK();
}

arrow::Status FillPlan(const TableJob& job, Source& source, Snapshot& snapshot,
                       const RunIdentity& identity, std::stop_token stop, PlannedTable& planned) {
  TablePlan& plan = planned.plan;
  plan.table = job.table;
  plan.epoch = identity.epoch;
  plan.id = identity.run + "/" + job.table.directory() + "/" + std::to_string(identity.epoch);
  plan.snapshot = snapshot.kind();
  plan.filter.where = job.where;
  plan.lineage = {
      .enabled = job.lineage, .run = identity.run, .loaded_at_micros = identity.started_micros};
  ARROW_ASSIGN_OR_RAISE(plan.description, snapshot.Describe(job.table));
  ARROW_ASSIGN_OR_RAISE(plan.columns, PlanColumns(plan.description, job));
  for (const PlannedColumn& column : plan.columns) {
    if (plan.lineage.enabled && column.name.starts_with("_headrace_")) {
      return UserError("table " + job.table.label() + ": column \"" + column.name +
                       "\" and `lineage: true` exclude each other");
    }
  }
  ARROW_ASSIGN_OR_RAISE(plan.statistics,
                        snapshot.Estimate(plan.description, SourceNames(plan.columns)));
  ARROW_ASSIGN_OR_RAISE(const Capabilities capabilities, source.GetCapabilities(std::move(stop)));
  return Partition(job, capabilities, planned);
}

nlohmann::json ColumnJson(const PlannedColumn& column) {
  nlohmann::json json = {
      {"source", column.source_name}, {"source_type", column.source_type},
      {"name", column.name},          {"type", column.type->ToString()},
      {"nullable", column.nullable},  {"on_overflow", OverflowPolicyName(column.on_overflow)}};
  if (!column.note.empty()) json["note"] = column.note;
  return json;
}

nlohmann::json TableJson(const PlannedTable& table) {
  nlohmann::json json = {{"table", table.job->table.label()}};
  if (!table.status.ok()) {
    json["error"] = table.status.message();
    return json;
  }
  const TablePlan& plan = table.plan;
  json["write"] = WriteModeName(table.job->write);
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
  json["columns"] = nlohmann::json::array();
  for (const PlannedColumn& column : plan.columns) json["columns"].push_back(ColumnJson(column));
  json["units"] = nlohmann::json::array();
  for (const WorkUnit& unit : table.units) json["units"].push_back(ToJson(unit, plan));
  json["warnings"] = plan.warnings;
  return json;
}

}  // namespace

int64_t JobPlan::units() const {
  return std::accumulate(tables.begin(), tables.end(), int64_t{0},
                         [](int64_t sum, const PlannedTable& table) {
                           return sum + static_cast<int64_t>(table.units.size());
                         });
}

int64_t JobPlan::estimated_rows() const {
  return std::accumulate(tables.begin(), tables.end(), int64_t{0},
                         [](int64_t sum, const PlannedTable& table) {
                           return sum + std::max<int64_t>(0, table.plan.statistics.rows);
                         });
}

PlannedTable PlanTable(const TableJob& table, Source& source, Snapshot& snapshot,
                       const RunIdentity& identity, std::stop_token stop) {
  PlannedTable planned;
  planned.job = &table;
  planned.status = FillPlan(table, source, snapshot, identity, std::move(stop), planned);
  return planned;
}

nlohmann::json ToJson(const JobPlan& plan) {
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
      {"tables", nlohmann::json::array()}};
  for (const PlannedTable& table : plan.tables) json["tables"].push_back(TableJson(table));
  return json;
}

}  // namespace headrace
