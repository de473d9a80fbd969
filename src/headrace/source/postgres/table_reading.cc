#include "headrace/source/postgres/table_reading.h"

#include <arrow/type.h>

#include <algorithm>
#include <utility>

#include "headrace/source/postgres/select_list.h"
#include "headrace/source/postgres/type_catalog.h"

namespace headrace {
namespace {

constexpr std::string_view kSyntaxError = "42601";

bool IsPrimaryKey(const TablePlan& plan, const std::string& column) {
  for (const Key& key : plan.description.keys) {
    if (key.primary) return std::ranges::find(key.columns, column) != key.columns.end();
  }
  return false;
}

std::string PlainSelectList(const TablePlan& plan) {
  std::string list;
  for (const PlannedColumn& column : plan.columns) {
    list += (list.empty() ? "" : ", ") + PgQuoteIdentifier(column.source_name);
  }
  return list;
}

/// The job's condition without the brackets that are put around it to read a unit. `a) OR (b`
/// parses in them, and takes the rows of every unit into each; here it does not.
arrow::Status CheckCondition(PgConnection& connection, const TablePlan& plan,
                             const ReadTarget& target, const std::stop_token& stop) {
  if (plan.filter.where.empty()) return arrow::Status::OK();
  const arrow::Status status =
      connection
          .DescribeStatement("SELECT 1 FROM " + target.from + " WHERE\n" + plan.filter.where, stop)
          .status();
  return CodeOf(status) == kSyntaxError ? WithContext(status, "where") : status;
}

/// The types of the plan's columns, as the server sees them now. Prepares what COPY will read, the
/// job's own condition included: that it is one statement is checked here, because the simple
/// protocol would run all that it holds.
arrow::Result<std::vector<PgTypePtr>> AskTypes(PgConnection& connection, const TablePlan& plan,
                                               const ReadTarget& target,
                                               const std::string& condition,
                                               const std::stop_token& stop) {
  ARROW_RETURN_NOT_OK(CheckCondition(connection, plan, target, stop));
  std::string select = "SELECT " + PlainSelectList(plan) + " FROM " + target.from;
  if (!condition.empty()) select += " WHERE " + condition;
  ARROW_ASSIGN_OR_RAISE(const PgResult result, connection.DescribeStatement(select, stop));
  std::vector<uint32_t> oids;
  for (int i = 0; i < result.columns(); ++i) oids.push_back(result.ColumnType(i));
  PgTypeCatalog catalog;
  ARROW_RETURN_NOT_OK(catalog.Load(connection, oids, stop));
  std::vector<PgTypePtr> types;
  for (int i = 0; i < result.columns(); ++i) {
    ARROW_ASSIGN_OR_RAISE(PgTypePtr type,
                          catalog.Resolve(result.ColumnType(i), result.ColumnTypmod(i)));
    types.push_back(std::move(type));
  }
  return types;
}

}  // namespace

arrow::Result<TableReading> ReadTable(PgConnection& connection, const TablePlan& plan,
                                      const ReadTarget& target, const std::string& condition,
                                      const std::stop_token& stop) {
  if (plan.columns.empty()) {
    return UserError("table " + plan.table.label() + ": no column is left to load");
  }
  ARROW_ASSIGN_OR_RAISE(std::vector<PgTypePtr> types,
                        AskTypes(connection, plan, target, condition, stop));
  if (types.size() != plan.columns.size()) return BugError("a column was not described");
  const bool check_utf8 = connection.ParameterStatus("server_encoding") == "SQL_ASCII";
  TableReading reading;
  reading.raw_text = check_utf8;
  std::vector<DecodedColumn> columns;
  for (size_t i = 0; i < types.size(); ++i) {
    const PlannedColumn& planned = plan.columns[i];
    WireValue value = WireOf(PgQuoteIdentifier(planned.source_name), types[i], *planned.read_type);
    reading.select_list += (i == 0 ? "" : ", ") + value.expression;
    columns.push_back({.name = planned.source_name,
                       .wire = std::move(value.wire),
                       .type = planned.read_type,
                       .on_overflow = planned.on_overflow,
                       .check_utf8 = check_utf8,
                       .key = IsPrimaryKey(plan, planned.source_name)});
  }
  ARROW_ASSIGN_OR_RAISE(reading.decoder, CopyDecoder::Make(std::move(columns), ReadSchema(plan)));
  reading.types = std::move(types);
  reading.plan_id = plan.id;
  return reading;
}

}  // namespace headrace
