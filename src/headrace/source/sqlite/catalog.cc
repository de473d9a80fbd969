#include "headrace/source/sqlite/catalog.h"

#include <arrow/type.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "headrace/model/ascii.h"
#include "headrace/source/likely_table.h"
#include "headrace/source/sqlite/date_numbers.h"
#include "headrace/source/sqlite/declared_type.h"
#include "headrace/source/sqlite/quoted_names.h"
#include "headrace/source/sqlite/unit_query.h"

namespace headrace::sqlite {
namespace {

/// Names by which SQL reaches the rowid, where no column has taken them.
constexpr std::array<std::string_view, 3> kRowidNames = {"rowid", "_rowid_", "oid"};

/// Of the rows of pragma_table_list.
constexpr std::string_view kMadeByUser =
    "schema = 'main' AND type <> 'shadow' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

/// Virtual tables may have one too, but not all that have one can seek it.
bool HasRowid(const CatalogEntry& entry) {
  return entry.kind == RelationKind::kTable && !entry.is_virtual && !entry.without_rowid;
}

/// A row of table_xinfo.
struct CatalogColumn {
  std::string name;
  std::string type;
  bool not_null = false;
  int primary_key = 0;  ///< Position within the primary key, from 1; 0: not part of it.
};

arrow::Result<SqliteStatement> PrepareWith(SqliteDatabase& database, std::string_view sql,
                                           std::string_view argument) {
  ARROW_ASSIGN_OR_RAISE(SqliteStatement statement, database.Prepare(sql));
  ARROW_RETURN_NOT_OK(statement.BindText(1, argument));
  return statement;
}

arrow::Result<std::vector<CatalogColumn>> ReadColumns(SqliteDatabase& database,
                                                      const std::string& table) {
  // hidden = 1 are the arguments of virtual tables; 2 and 3 are generated columns.
  ARROW_ASSIGN_OR_RAISE(
      SqliteStatement statement,
      PrepareWith(database,
                  "SELECT name, type, \"notnull\", pk FROM pragma_table_xinfo(?, 'main') "
                  "WHERE hidden <> 1 ORDER BY cid",
                  table));
  std::vector<CatalogColumn> columns;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const bool row, statement.Step());
    if (!row) return columns;
    columns.push_back({.name = std::string(statement.ColumnText(0)),
                       .type = std::string(statement.ColumnText(1)),
                       .not_null = statement.ColumnInt64(2) != 0,
                       .primary_key = static_cast<int>(statement.ColumnInt64(3))});
  }
}

/// The one column of the primary key that is the rowid under another name, or null. INTEGER PRIMARY
/// KEY is, INT PRIMARY KEY and INTEGER PRIMARY KEY DESC are not: those have an index.
arrow::Result<const CatalogColumn*> FindRowidAlias(SqliteDatabase& database,
                                                   const CatalogEntry& entry,
                                                   const std::vector<CatalogColumn>& columns) {
  if (!HasRowid(entry)) return nullptr;
  ARROW_ASSIGN_OR_RAISE(
      SqliteStatement statement,
      PrepareWith(database, "SELECT 1 FROM pragma_index_list(?, 'main') WHERE origin = 'pk'",
                  entry.name));
  ARROW_ASSIGN_OR_RAISE(const bool has_index, statement.Step());
  if (has_index) return nullptr;
  const auto found = std::ranges::find(columns, 1, &CatalogColumn::primary_key);
  return found == columns.end() ? nullptr : &*found;
}

std::string RowIdentity(const CatalogEntry& entry, const std::vector<CatalogColumn>& columns) {
  if (!HasRowid(entry)) return {};
  std::set<std::string> taken;
  for (const CatalogColumn& column : columns) taken.insert(LowerAsciiText(column.name));
  for (const std::string_view name : kRowidNames) {
    if (!taken.contains(std::string(name))) return std::string(name);
  }
  return {};
}

Key PrimaryKey(const std::vector<CatalogColumn>& columns) {
  Key key{.name = "PRIMARY KEY", .columns = {}, .primary = true};
  for (int position = 1;; ++position) {
    const auto found = std::ranges::find(columns, position, &CatalogColumn::primary_key);
    if (found == columns.end()) return key;
    key.columns.push_back(found->name);
  }
}

arrow::Result<std::vector<Key>> UniqueKeys(SqliteDatabase& database, const std::string& table) {
  // An index over an expression has a column without a name: it is no key of columns.
  ARROW_ASSIGN_OR_RAISE(SqliteStatement statement,
                        PrepareWith(database,
                                    "SELECT l.name, i.name FROM pragma_index_list(?, 'main') AS l, "
                                    "pragma_index_info(l.name, 'main') AS i "
                                    "WHERE l.\"unique\" = 1 AND l.origin <> 'pk' AND l.partial = 0 "
                                    "ORDER BY l.seq DESC, i.seqno",
                                    table));
  std::vector<Key> keys;
  std::set<std::string> unusable;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const bool row, statement.Step());
    if (!row) break;
    const std::string index(statement.ColumnText(0));
    if (keys.empty() || keys.back().name != index) {
      keys.push_back({.name = index, .columns = {}, .primary = false});
    }
    if (statement.ColumnIsNull(1)) unusable.insert(index);
    keys.back().columns.emplace_back(statement.ColumnText(1));
  }
  std::erase_if(keys, [&](const Key& key) { return unusable.contains(key.name); });
  return keys;
}

Column DescribeColumn(const CatalogColumn& declared, bool never_null, bool exact) {
  DeclaredMapping mapping = MapDeclaredType(declared.type);
  Column column;
  column.name = declared.name;
  column.source_type = declared.type;
  column.nullable = !never_null;
  // STRICT tables and rowids hold what they declare; elsewhere any value may lie in any column.
  column.may_overflow = !exact || mapping.type == nullptr;
  column.type = std::move(mapping.type);
  column.note = std::move(mapping.note);
  return column;
}

/// Columns: name, type, wr, strict.
arrow::Result<std::vector<CatalogEntry>> ReadEntries(SqliteStatement& statement) {
  std::vector<CatalogEntry> entries;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const bool row, statement.Step());
    if (!row) return entries;
    const std::string_view type = statement.ColumnText(1);
    entries.push_back({.name = std::string(statement.ColumnText(0)),
                       .kind = type == "view" ? RelationKind::kView : RelationKind::kTable,
                       .is_virtual = type == "virtual",
                       .without_rowid = statement.ColumnInt64(2) != 0,
                       .strict = statement.ColumnInt64(3) != 0});
  }
}

/// The table or view of this very name. SQLite ignores the case of names: of those that differ in
/// nothing else there is one. Asks for the one name, since a job may have thousands.
arrow::Result<std::optional<CatalogEntry>> LookUpEntry(SqliteDatabase& database,
                                                       const std::string& name) {
  ARROW_ASSIGN_OR_RAISE(
      SqliteStatement statement,
      PrepareWith(database,
                  "SELECT name, type, wr, strict FROM pragma_table_list(?1) WHERE name = "
                  "?1 AND " +
                      std::string(kMadeByUser),
                  name));
  ARROW_ASSIGN_OR_RAISE(const std::vector<CatalogEntry> entries, ReadEntries(statement));
  if (entries.empty()) return std::nullopt;
  return entries.front();
}

/// Without its schema, of which there is but one.
TableRef NamedTable(std::string name) {
  return {.schema = {}, .name = std::move(name), .query = {}, .alias = {}};
}

std::vector<TableRef> NamedTables(const std::vector<CatalogEntry>& entries) {
  std::vector<TableRef> tables;
  tables.reserve(entries.size());
  for (const CatalogEntry& entry : entries) tables.push_back(NamedTable(entry.name));
  return tables;
}

/// Names that SQLite keeps for itself, in letters of either case.
bool IsOfSqlite(std::string_view name) { return LowerAsciiText(name).starts_with("sqlite_"); }

arrow::Status TableOfSqlite(const std::string& name) {
  return UserError(SqliteQuote(name) +
                   " is a name that SQLite keeps for tables of its own; where there is one, a "
                   "query can read it: SELECT * FROM " +
                   name);
}

arrow::Result<CatalogEntry> FindEntry(SqliteDatabase& database, const TableRef& table) {
  if (!table.schema.empty() && table.schema != "main") {
    return UserError(table.label() + ": SQLite has only the schema main");
  }
  ARROW_ASSIGN_OR_RAISE(std::optional<CatalogEntry> found, LookUpEntry(database, table.name));
  if (found.has_value()) return *std::move(found);
  if (IsOfSqlite(table.name)) return TableOfSqlite(table.name);
  ARROW_ASSIGN_OR_RAISE(const std::vector<CatalogEntry> entries, ListCatalog(database));
  return UserError("there is no table or view " + SqliteQuote(table.name) +
                   DidYouMeanTable(NamedTable(table.name), NamedTables(entries)));
}

arrow::Result<Description> DescribeEntry(SqliteDatabase& database, const TableRef& table) {
  ARROW_ASSIGN_OR_RAISE(const CatalogEntry entry, FindEntry(database, table));
  ARROW_ASSIGN_OR_RAISE(const std::vector<CatalogColumn> columns,
                        ReadColumns(database, entry.name));
  ARROW_ASSIGN_OR_RAISE(const CatalogColumn* alias, FindRowidAlias(database, entry, columns));
  Description description;
  description.table = table;
  description.kind = entry.kind;
  description.row_identity = RowIdentity(entry, columns);
  for (const CatalogColumn& column : columns) {
    const bool is_rowid = &column == alias;
    const bool in_key = entry.without_rowid && column.primary_key > 0;
    description.columns.push_back(
        DescribeColumn(column, column.not_null || is_rowid || in_key, entry.strict || is_rowid));
  }
  if (entry.kind != RelationKind::kTable) return description;
  description.leaves.push_back({.schema = "main", .name = table.name});
  if (Key primary = PrimaryKey(columns); !primary.columns.empty()) {
    description.keys.push_back(std::move(primary));
  }
  ARROW_ASSIGN_OR_RAISE(std::vector<Key> unique, UniqueKeys(database, entry.name));
  std::ranges::move(unique, std::back_inserter(description.keys));
  return description;
}

/// Two columns of one name would be told apart by SQLite only, by a number that it adds.
arrow::Status CheckNames(const SqliteStatement& statement) {
  std::set<std::string> names;
  for (int i = 0; i < statement.column_count(); ++i) {
    const std::string name(statement.ColumnName(i));
    if (names.insert(LowerAsciiText(name)).second) continue;
    return UserError("the query has two columns called \"" + name +
                     "\": give one another name with AS");
  }
  return arrow::Status::OK();
}

arrow::Result<Description> DescribeQuery(SqliteDatabase& database, const TableRef& table) {
  ARROW_ASSIGN_OR_RAISE(const SqliteStatement inner, database.Prepare(table.query));
  ARROW_RETURN_NOT_OK(CheckNames(inner));
  // What is read is the query in brackets: what cannot stand there is no SELECT.
  const std::string select = "SELECT * FROM " + RelationSql(table);
  ARROW_ASSIGN_OR_RAISE(const SqliteStatement statement, database.Prepare(select));
  ARROW_RETURN_NOT_OK(CheckQuotedNames(database, select));
  Description description;
  description.table = table;
  description.kind = RelationKind::kQuery;
  for (int i = 0; i < statement.column_count(); ++i) {
    CatalogColumn column;
    column.name = std::string(statement.ColumnName(i));
    column.type = std::string(statement.DeclaredType(i));
    description.columns.push_back(DescribeColumn(column, false, false));
  }
  return description;
}

}  // namespace

arrow::Result<std::vector<CatalogEntry>> ListCatalog(SqliteDatabase& database) {
  ARROW_ASSIGN_OR_RAISE(
      SqliteStatement statement,
      database.Prepare("SELECT name, type, wr, strict FROM pragma_table_list WHERE " +
                       std::string(kMadeByUser) + " ORDER BY name"));
  return ReadEntries(statement);
}

arrow::Result<Description> DescribeRelation(SqliteDatabase& database, const TableRef& table,
                                            const std::stop_token& stop,
                                            const SampleEffort& effort) {
  auto description =
      table.is_query() ? DescribeQuery(database, table) : DescribeEntry(database, table);
  if (!description.ok()) return WithContext(description.status(), table.label());
  ARROW_RETURN_NOT_OK(SampleUndeclaredTypes(database, effort, stop, *description));
  for (Column& column : description->columns) column.readable_as = TypesToReadAs(*column.type);
  ARROW_RETURN_NOT_OK(WarnOfDatesAsDigits(database, stop, *description));
  return description;
}

}  // namespace headrace::sqlite
