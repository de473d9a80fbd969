#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <ostream>

#include "headrace/cli/command_rows.h"
#include "headrace/cli/error_text.h"
#include "headrace/cli/observation.h"
#include "headrace/cli/text_table.h"
#include "headrace/model/error_json.h"
#include "headrace/model/json_object.h"
#include "headrace/model/table_pattern.h"
#include "headrace/observe/human.h"
#include "headrace/observe/text_wrap.h"
#include "headrace/registry/builtin.h"
#include "headrace/run/exit_code.h"
#include "headrace/source/likely_table.h"

namespace headrace {
namespace {

/// By RelationKind.
constexpr std::array<std::string_view, 6> kRelationKindNames = {
    "table", "partitioned", "view", "materialized view", "foreign", "query"};

std::string_view KindName(RelationKind kind) {
  return kRelationKindNames.at(static_cast<size_t>(kind));
}

/// One table of the source: what the listing says and, where it may be read, its description.
struct InspectedTable {
  ListedTable listed;
  arrow::Result<Description> description;
};

struct Inspection {
  std::string endpoint;
  std::vector<InspectedTable> tables;
};

std::vector<TableRef> RefsOf(const std::vector<ListedTable>& listed) {
  std::vector<TableRef> refs;
  refs.reserve(listed.size());
  for (const ListedTable& entry : listed) refs.push_back(entry.table);
  return refs;
}

arrow::Status NoSuchTable(const std::string& written, const std::string& endpoint,
                          const std::vector<TableRef>& tables) {
  const std::string likely = DidYouMeanTable(ParseTableName(written), tables);
  return UserError(
      fmt::format("there is no table \"{}\" at {}{}", written, endpoint,
                  likely.empty() ? "; `headrace inspect URI` lists what there is" : likely));
}

/// The wildcards of a name that was asked for; a name without schema is one of any schema.
bool IsMatched(const TablePattern& pattern, const TableRef& table) {
  return pattern.Matches(pattern.has_schema() ? table : TableRef{.name = table.name});
}

/// Keeps the table that was asked for, or those that its wildcards stand for; without the question
/// all of them.
arrow::Status SelectTable(const CommandLine& line, const std::string& endpoint,
                          std::vector<ListedTable>& listed) {
  if (!line.table.has_value()) return arrow::Status::OK();
  const TableRef wanted = ParseTableName(*line.table);
  const bool has_wildcards = TablePattern::HasWildcards(*line.table);
  const TablePattern pattern(*line.table);
  const auto is_other = [&](const ListedTable& entry) {
    if (has_wildcards) return !IsMatched(pattern, entry.table);
    const bool same_name = entry.table.name == wanted.name &&
                           (wanted.schema.empty() || entry.table.schema == wanted.schema);
    return !same_name && entry.table.label() != *line.table;
  };
  if (std::ranges::all_of(listed, is_other)) {
    return NoSuchTable(*line.table, endpoint, RefsOf(listed));
  }
  std::erase_if(listed, is_other);
  return arrow::Status::OK();
}

/// A table that cannot be described (somebody has it locked, no rights) is still listed. Snapshots
/// hold their tables, and there may be more of them than the source has locks for.
void DescribeTables(Source& source, std::span<const ListedTable> listed, Progress& progress,
                    const std::stop_token& stop, Inspection& inspection) {
  progress.StartPhase("inspect", {.tables = static_cast<int64_t>(listed.size())});
  constexpr size_t kTablesAtOnce = 500;
  for (; !listed.empty() && !stop.stop_requested();
       listed = listed.subspan(std::min(listed.size(), kTablesAtOnce))) {
    const auto some = listed.first(std::min(listed.size(), kTablesAtOnce));
    std::vector<SnapshotTable> wanted;
    for (const ListedTable& entry : some) wanted.push_back({.table = entry.table, .where = {}});
    const auto snapshot = source.OpenSnapshot(wanted, stop);
    for (const ListedTable& entry : some) {
      progress.NextTable(entry.table.label());
      inspection.tables.push_back({entry, snapshot.ok()
                                              ? (*snapshot)->Describe(entry.table, stop)
                                              : arrow::Result<Description>(snapshot.status())});
    }
  }
}

/// The error of a source that cannot be listed, with what there is to change.
arrow::Status WithAdvice(const arrow::Status& status) {
  if (ClassOf(status) != ErrorClass::kUser || !NextStep(status).empty()) return status;
  return status.WithMessage(status.message() +
                            "; change the URI or the rights, then inspect again");
}

arrow::Result<Inspection> InspectSource(const CommandContext& context, Progress& progress) {
  ARROW_ASSIGN_OR_RAISE(const PluginSettings settings, SettingsOfUri(*context.line.argument));
  ARROW_ASSIGN_OR_RAISE(const std::unique_ptr<Source> source,
                        MakeSource(settings, SourceUse::kLook));
  Inspection inspection{.endpoint = source->endpoint(), .tables = {}};
  auto listing = source->List(context.stop);
  if (!listing.ok()) return WithAdvice(listing.status());
  std::vector<ListedTable> listed = *std::move(listing);
  ARROW_RETURN_NOT_OK(SelectTable(context.line, inspection.endpoint, listed));
  DescribeTables(*source, listed, progress, context.stop, inspection);
  if (context.stop.stop_requested()) {
    return InterruptedError();
  }
  return inspection;
}

/// The primary key's columns, else those of the first unique key.
std::string KeyText(const Description& description) {
  return description.keys.empty()
             ? "-"
             : fmt::format("{}", fmt::join(description.keys.front().columns, ", "));
}

/// Why there is no description, or what is not seen of the table; empty: nothing.
std::string NoteOfRow(const InspectedTable& inspected) {
  return inspected.description.ok() ? inspected.description->hidden_rows
                                    : inspected.description.status().message();
}

/// A table of which there is something to say has it in the last column, which is there for that.
std::vector<std::string> ListRow(const InspectedTable& inspected, bool notes) {
  const auto& [listed, description] = inspected;
  std::vector<std::string> cells = {
      listed.table.label(),
      std::string(KindName(listed.kind)),
      listed.rows < 0 ? "?" : HumanCount(std::llround(listed.rows)),
      listed.bytes < 0 ? "?" : HumanBytes(static_cast<double>(listed.bytes)),
      description.ok() ? HumanCount(static_cast<int64_t>(description->columns.size())) : "?",
      description.ok() ? KeyText(*description) : "?"};
  if (notes) cells.push_back(NoteOfRow(inspected));
  return cells;
}

std::string ListText(const Inspection& inspection, size_t width) {
  if (inspection.tables.empty()) return fmt::format("No tables at {}\n", inspection.endpoint);
  const bool notes = std::ranges::any_of(
      inspection.tables, [](const InspectedTable& table) { return !NoteOfRow(table).empty(); });
  std::vector<TableColumn> columns = {{"TABLE"},      {"KIND"},          {"ROWS", true},
                                      {"SIZE", true}, {"COLUMNS", true}, {"KEY", false, !notes}};
  if (notes) columns.push_back({"NOTE", false, true});
  TextTable table(std::move(columns));
  for (const InspectedTable& inspected : inspection.tables) {
    table.AddRow(ListRow(inspected, notes));
  }
  return fmt::format(
      "{} at {}\n\n{}\nRows are the source's own estimates. --table NAME shows columns.\n",
      HumanNumberOf(static_cast<int64_t>(inspection.tables.size()), "table"), inspection.endpoint,
      table.Render(width));
}

std::string ColumnNote(const Column& column) {
  std::string note = column.note;
  if (column.may_overflow) note += (note.empty() ? "" : "; ") + std::string("on_overflow applies");
  if (!column.comment.empty()) note += (note.empty() ? "" : "; ") + column.comment;
  return note;
}

std::string DetailText(const InspectedTable& inspected, size_t width) {
  const Description& description = *inspected.description;
  std::string text = fmt::format("{}: {}, {}\n", EscapeControls(description.table.label()),
                                 KindName(description.kind),
                                 HumanEstimate(std::llround(inspected.listed.rows), "row"));
  if (!description.comment.empty()) {
    text += IndentedText(EscapeControls(description.comment), 2, width);
  }
  if (!description.hidden_rows.empty()) {
    text += IndentedText("warning: " + EscapeControls(description.hidden_rows), 2, width);
  }
  TextTable columns({{"COLUMN"},
                     {"SOURCE TYPE"},
                     {.header = "TYPE", .most = kTypeWidth},
                     {"NULL"},
                     {"NOTE", false, true}});
  for (const Column& column : description.columns) {
    columns.AddRow({column.name, column.source_type, column.type->ToString(),
                    column.nullable ? "yes" : "no", ColumnNote(column)});
  }
  text += "\n" + columns.Render(width);
  if (!description.keys.empty()) text += '\n';
  for (const Key& key : description.keys) {
    text +=
        IndentedText(fmt::format("{} {}: {}", key.primary ? "primary key" : "unique key",
                                 EscapeControls(key.name),
                                 EscapeControls(fmt::format("{}", fmt::join(key.columns, ", ")))),
                     2, width);
  }
  if (description.leaves.size() > 1) {
    text += fmt::format(
        "\n  {}{}\n",
        HumanNumberOf(static_cast<int64_t>(description.leaves.size()), description.leaf_noun()),
        description.kind == RelationKind::kPartitioned
            ? ""
            : ": this one and those that inherit from it");
  }
  return text;
}

nlohmann::ordered_json ColumnJson(const Column& column) {
  return {{"name", column.name},
          {"source_type", column.source_type},
          {"type", column.type->ToString()},
          {"nullable", column.nullable},
          {"may_overflow", column.may_overflow},
          {"comment", column.comment},
          {"note", column.note}};
}

nlohmann::ordered_json TableJson(const InspectedTable& inspected) {
  const auto& [listed, description] = inspected;
  nlohmann::ordered_json json = {{"table", listed.table.label()}, {"schema", listed.table.schema},
                                 {"name", listed.table.name},     {"kind", KindName(listed.kind)},
                                 {"estimated_rows", nullptr},     {"bytes", nullptr}};
  if (listed.rows >= 0) json["estimated_rows"] = std::llround(listed.rows);
  if (listed.bytes >= 0) json["bytes"] = listed.bytes;
  if (!description.ok()) {
    json["error"] = ErrorJson(description.status());
    return json;
  }
  json["comment"] = description->comment;
  if (!description->hidden_rows.empty()) json["hidden_rows"] = description->hidden_rows;
  json["columns"] = nlohmann::ordered_json::array();
  for (const Column& column : description->columns) json["columns"].push_back(ColumnJson(column));
  json["keys"] = nlohmann::ordered_json::array();
  for (const Key& key : description->keys) {
    json["keys"].push_back(
        {{"name", key.name}, {"primary", key.primary}, {"columns", key.columns}});
  }
  return json;
}

arrow::Result<std::string> InspectionText(const CommandContext& context,
                                          const Inspection& inspection) {
  if (context.line.json) {
    nlohmann::ordered_json json = {{"source", inspection.endpoint},
                                   {"tables", nlohmann::ordered_json::array()}};
    for (const InspectedTable& table : inspection.tables) {
      json["tables"].push_back(TableJson(table));
    }
    return DumpJson(json, kJsonIndent) + "\n";
  }
  const auto& asked = context.line.table;
  const bool is_list = !asked.has_value() || TablePattern::HasWildcards(*asked);
  if (is_list) return ListText(inspection, context.width);
  std::string text;
  for (const InspectedTable& table : inspection.tables) {
    ARROW_RETURN_NOT_OK(table.description);
    text += (text.empty() ? "" : "\n") + DetailText(table, context.width);
  }
  return text;
}

arrow::Result<int> Inspect(CommandContext& context) {
  Observation observation(context, LoggingSettings());
  observation.ShowProgress();
  const auto inspection = InspectSource(context, observation.progress());
  observation.HideProgress();
  ARROW_RETURN_NOT_OK(inspection);
  ARROW_ASSIGN_OR_RAISE(const std::string text, InspectionText(context, *inspection));
  context.out << text;
  return kExitDone;
}

}  // namespace

Command InspectCommand() {
  return {
      .name = "inspect",
      .summary = "List the tables of a source with columns, keys and row estimates",
      .description =
          "For a first look at a database, before there is a job. A password in the URI is never "
          "printed, but other users of this machine can see it in the list of processes: leave it "
          "out and set PGPASSWORD, or use ~/.pgpass.",
      .argument =
          {"URI",
           "where the source is: postgresql://user@host:5432/database or sqlite:///path/to/file.db",
           true},
      .options = {"table", "json", "log-level", "log-format", "quiet"},
      .examples = {{"headrace inspect postgresql://etl@127.0.0.1:5432/shop",
                    "all tables of a PostgreSQL database"},
                   {"headrace inspect sqlite:///data/shop.db --table orders",
                    "the columns of one table of a SQLite file"},
                   {"headrace inspect sqlite:///data/shop.db --json | jq -r '.tables[].table'",
                    "names, for a script"}},
      .exits = {{kExitDone, "listed, even if there is none"},
                {kExitFailed, "the source cannot be reached"},
                {kExitUsage, "the URI is wrong, access is denied, or there is no such table"},
                {kExitInterrupted, "interrupted"}},
      .json =
          "`source` and for each of `tables`: `table`, `schema`, `name`, `kind`, `estimated_rows`, "
          "`bytes` (null: unknown), `comment`, `hidden_rows` (whose row security hides rows from "
          "the role, where it does), `columns` (`name`, `source_type`, `type`, "
          "`nullable`, `may_overflow`, `comment`, `note`) and `keys` (`name`, `primary`, "
          "`columns`); a table that cannot be described has `error` (`class`, `code`, "
          "`message`) instead.",
      .run = Inspect,
  };
}

}  // namespace headrace
