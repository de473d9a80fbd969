#include "headrace/source/postgres/table_reading.h"

#include <arrow/type.h>

#include <algorithm>
#include <utility>

#include "headrace/source/postgres/select_list.h"
#include "headrace/source/postgres/type_catalog.h"
#include "headrace/source/postgres/type_map.h"

namespace headrace {
namespace {

/// Where the character with that number, from 0, begins in `text`, which is UTF-8.
size_t ByteOfCharacter(std::string_view text, size_t character) {
  size_t byte = 0;
  for (; byte < text.size(); ++byte) {
    const bool begins = (static_cast<unsigned char>(text[byte]) & 0xC0U) != 0x80U;
    if (begins && character-- == 0) break;
  }
  return byte;
}

/// `character 7`, and the line where there are several.
std::string PlaceIn(std::string_view text, size_t byte) {
  const std::string_view before = text.substr(0, byte);
  const size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is the text's begin.
  const auto characters = std::ranges::count_if(before.substr(line_begin), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  });
  std::string place = "character " + std::to_string(characters + 1);
  if (text.find('\n') == std::string_view::npos) return place;
  return "line " + std::to_string(std::ranges::count(before, '\n') + 1) + ", " + place;
}

bool IsPrimaryKey(const TablePlan& plan, const std::string& column) {
  for (const Key& key : plan.description.keys) {
    if (key.primary) return std::ranges::find(key.columns, column) != key.columns.end();
  }
  return false;
}

/// Where in the job's condition the server found the fault, as far as it is in there. It stands at
/// the end of `sql`, the statement that failed.
arrow::Status WithPlace(const PgConnection& connection, const TablePlan& plan, std::string_view sql,
                        const arrow::Status& status) {
  const std::string& where = plan.filter.where;
  const size_t begin = where.empty() ? std::string_view::npos : sql.rfind(where);
  const int position = connection.error_position();
  if (begin == std::string_view::npos || position == 0) return status;
  const auto fault = ByteOfCharacter(sql, static_cast<size_t>(position - 1));
  if (fault < begin) return status;
  return WithContext(status, "where, " + PlaceIn(where, fault - begin));
}

/// The job's condition without the brackets that are put around it to read a unit. `a) OR (b`
/// parses in them, and takes the rows of every unit into each; here it does not.
arrow::Status CheckCondition(PgConnection& connection, const TablePlan& plan,
                             const ReadTarget& target, const std::stop_token& stop) {
  if (plan.filter.where.empty()) return arrow::Status::OK();
  const std::string sql = "SELECT 1 FROM " + target.from + " WHERE\n" + plan.filter.where;
  const arrow::Status status = connection.DescribeStatement(sql, stop).status();
  return status.ok() ? status : WithPlace(connection, plan, sql, status);
}

/// The types of the plan's columns, as the server sees them now. Prepares what COPY will read, the
/// job's own condition included: that it is one statement is checked here, because the simple
/// protocol would run all that it holds.
arrow::Result<std::vector<PgTypePtr>> AskTypes(PgConnection& connection, const TablePlan& plan,
                                               const ReadTarget& target,
                                               const std::string& condition,
                                               const std::stop_token& stop) {
  ARROW_RETURN_NOT_OK(CheckCondition(connection, plan, target, stop));
  const std::string select = SelectStatement(PlainSelectList(plan), target, condition);
  const auto described = connection.DescribeStatement(select, stop);
  if (!described.ok()) return WithPlace(connection, plan, select, described.status());
  const PgResult& result = *described;
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

/// Whether a value of `type` still becomes what the plan was made for. Without a snapshot, and a
/// lock that lasts, nothing keeps a column from being another one by now.
arrow::Status CheckAsDescribed(const TablePlan& plan, const PlannedColumn& planned,
                               const PgType& type) {
  const Column* described = plan.description.FindColumn(planned.source_name);
  if (described == nullptr || described->type->Equals(*ArrowTypeOf(type).type)) {
    return arrow::Status::OK();
  }
  return TransientError("column \"" + planned.source_name + "\" of table " + plan.table.label() +
                            " is " + type.name + " now, and was " + described->source_type +
                            " when the table was described",
                        std::string(kSnapshotLostCode));
}

}  // namespace

std::string PlainSelectList(const TablePlan& plan) {
  std::string list;
  for (const PlannedColumn& column : plan.columns) {
    list += (list.empty() ? "" : ", ") + PgQuoteIdentifier(column.source_name);
  }
  return list;
}

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
    ARROW_RETURN_NOT_OK(CheckAsDescribed(plan, planned, *types[i]));
    WireValue value = WireOf(PgQuoteIdentifier(planned.source_name), types[i], *planned.read_type);
    reading.select_list += (i == 0 ? "" : ", ") + value.expression;
    // What an output function writes nobody looks at: before version 15 a "char" is any byte.
    const bool is_rendered = value.wire != types[i];
    columns.push_back({.name = planned.source_name,
                       .wire = std::move(value.wire),
                       .type = planned.read_type,
                       .on_overflow = planned.on_overflow,
                       .may_be_text = planned.may_be_text,
                       .check_utf8 = check_utf8 || is_rendered,
                       .key = IsPrimaryKey(plan, planned.source_name)});
  }
  ARROW_ASSIGN_OR_RAISE(reading.decoder, CopyDecoder::Make(std::move(columns), ReadSchema(plan)));
  reading.types = std::move(types);
  reading.plan_id = plan.id;
  return reading;
}

arrow::Status TryReading(PgConnection& connection, const TablePlan& plan, const ReadTarget& target,
                         const std::string& condition, const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const TableReading reading,
                        ReadTable(connection, plan, target, condition, stop));
  const std::string sql = "EXPLAIN " + SelectStatement(reading.select_list, target, condition);
  const arrow::Status status = connection.Execute(sql, stop);
  return status.ok() ? status : WithPlace(connection, plan, sql, status);
}

}  // namespace headrace
