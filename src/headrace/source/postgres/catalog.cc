#include "headrace/source/postgres/catalog.h"

#include <arrow/type.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "headrace/source/postgres/comment_text.h"
#include "headrace/source/postgres/missing_table.h"
#include "headrace/source/postgres/type_map.h"

namespace headrace {
namespace {

struct RelationKindCode {
  char code;
  RelationKind kind;
};

constexpr std::array<RelationKindCode, 5> kRelationKinds = {{{'r', RelationKind::kTable},
                                                             {'p', RelationKind::kPartitioned},
                                                             {'v', RelationKind::kView},
                                                             {'m', RelationKind::kMaterializedView},
                                                             {'f', RelationKind::kForeign}}};

std::optional<RelationKind> RelationKindOf(std::string_view code) {
  for (const RelationKindCode& known : kRelationKinds) {
    if (code.size() == 1 && code.front() == known.code) return known.kind;
  }
  return std::nullopt;
}

/// $oid, and $part for kPartOfTree, in a catalogue query.
std::string OfOid(std::string_view query, uint64_t oid) {
  return Filled(Filled(std::string(query), "$part", kPartOfTree), "$oid",
                std::to_string(oid) + "::pg_catalog.oid");
}

/// A column is NOT NULL where that holds for every row: foreign tables declare it and check
/// nothing, a constraint that is NOT VALID (18 and later) leaves out the rows that were there
/// before, a table that inherits may have let go of it, and that of a virtual column (18) holds in
/// a part by the part's own expression, which is not the one that is read. OFFSET 0 for the reason
/// of kPartOfTree.
constexpr std::string_view kColumnsQuery =
    "WITH RECURSIVE tree(oid) AS (SELECT $oid UNION SELECT part.oid FROM tree, $part),"
    " nullable(attname) AS (SELECT b.attname FROM tree,"
    "  LATERAL (SELECT c.relkind = 'f', ARRAY(SELECT k.conkey[1] FROM pg_catalog.pg_constraint k"
    "    WHERE k.conrelid = tree.oid AND k.contype = 'n' AND NOT k.convalidated)"
    "   FROM pg_catalog.pg_class c WHERE c.oid = tree.oid OFFSET 0) AS c(unchecked, unvalidated),"
    "  LATERAL (SELECT a.attname FROM pg_catalog.pg_attribute a"
    "   WHERE a.attrelid = tree.oid AND a.attnum > 0"
    "    AND (NOT a.attnotnull OR c.unchecked OR a.attnum = ANY (c.unvalidated)"
    "     OR (a.attgenerated = 'v' AND a.attrelid <> $oid)) OFFSET 0) AS b)"
    " SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.atttypid, a.atttypmod,"
    "  a.attname = ANY (ARRAY(SELECT DISTINCT nullable.attname FROM nullable)),"
    "  $comment"
    " FROM pg_catalog.pg_attribute a"
    " WHERE a.attrelid = $oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

std::string ColumnsQuery(uint64_t oid) {
  return Filled(OfOid(kColumnsQuery, oid), "$comment",
                CommentBytes("pg_catalog.col_description(a.attrelid, a.attnum)"));
}

/// Unique keys of whole columns, the primary key first.
constexpr std::string_view kKeysQuery =
    "SELECT c.relname, i.indisprimary, a.attname"
    " FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid,"
    " LATERAL pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY AS k(attnum, place)"
    " JOIN pg_catalog.pg_attribute a ON a.attrelid = $oid AND a.attnum = k.attnum"
    " WHERE i.indrelid = $oid AND i.indisunique AND i.indisvalid AND i.indimmediate"
    "  AND i.indpred IS NULL AND i.indexprs IS NULL AND k.place <= i.indnkeyatts"
    " ORDER BY i.indisprimary DESC, c.relname, k.place";

/// Whether the relation c was never analysed, as far as that can be told: servers before 14 write 0
/// for it, as for one that was empty then. One that was, and no longer is, counts as never
/// analysed.
constexpr std::string_view kNeverAnalysed =
    "(c.reltuples < 0 OR c.reltuples = 0 AND c.relpages = 0 AND"
    " (pg_catalog.current_setting('server_version_num')::pg_catalog.int4 < 140000 OR"
    "  CASE WHEN c.relkind IN ('r', 'm') THEN pg_catalog.pg_relation_size(c.oid) > 0 END))";

/// $never in a catalogue query.
std::string WithNeverAnalysed(std::string_view text) {
  return Filled(std::string(text), "$never", kNeverAnalysed);
}

/// $chunk in a catalogue query: the schema that TimescaleDB makes chunks in, where nobody names
/// another one. A chunk is a heap, and a read of it with ONLY shows what is not compressed.
constexpr std::string_view kIsChunk = "n.nspname OPERATOR(pg_catalog.=) '_timescaledb_internal'";

/// The table and all below it that hold rows of their own; temporary tables of other sessions are
/// none, no more than for the server. A leaf can be read by pages if it is a
/// heap that we may read directly, and row security means the same there: a read through the table
/// is under the policies of the table alone, one of the leaf under those of the leaf.
constexpr std::string_view kLeavesQuery =
    "WITH RECURSIVE tree(oid) AS (SELECT $oid UNION SELECT part.oid FROM tree, $part)"
    " SELECT n.nspname, c.relname, c.oid,"
    "  CASE WHEN c.relkind NOT IN ('r', 'm') THEN 'its rows lie elsewhere'"
    "   WHEN $chunk THEN 'it is a chunk of TimescaleDB, whose compressed rows lie elsewhere'"
    "   WHEN am.amname IS DISTINCT FROM 'heap' THEN pg_catalog.concat("
    "    'its access method is ', coalesce(am.amname, 'unknown'), ', not heap')"
    "   WHEN NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE') THEN pg_catalog.concat("
    "    'the role lacks USAGE on schema ', pg_catalog.quote_ident(n.nspname))"
    "   WHEN NOT pg_catalog.has_table_privilege(c.oid, 'SELECT') THEN pg_catalog.concat("
    "    'the role has SELECT on ', CASE WHEN c.oid = $oid THEN 'some of its columns only'"
    "     WHEN pg_catalog.has_any_column_privilege(c.oid, 'SELECT')"
    "      THEN 'some of its columns, or through its parent, only'"
    "     ELSE 'it through its parent only' END)"
    "   WHEN c.oid <> $oid AND pg_catalog.row_security_active($oid)"
    "    THEN 'row security of its parent would not hold for it'"
    "   WHEN c.oid <> $oid AND pg_catalog.row_security_active(c.oid)"
    "    THEN 'row security of its own does not hold for reads of its parent' END,"
    "  c.relkind = 'f',"
    "  CASE WHEN c.relkind IN ('r', 'm') THEN pg_catalog.pg_relation_size(c.oid)"
    "   / pg_catalog.current_setting('block_size')::pg_catalog.int8 ELSE 0 END,"
    "  CASE WHEN $never THEN -1 ELSE c.reltuples END, $chunk"
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam"
    " WHERE c.oid = ANY (ARRAY(SELECT tree.oid FROM tree)) AND c.relkind IN ('r', 'm', 'f')"
    "  AND NOT pg_catalog.pg_is_other_temp_schema(n.oid)"
    " ORDER BY c.oid <> $oid, n.nspname, c.relname";

/// Relations c in schemas n that a user made; partitions are no tables of their own.
constexpr std::string_view kMadeByUser =
    "c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition"
    " AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
    " AND n.nspname NOT LIKE 'pg\\_toast%' AND n.nspname NOT LIKE 'pg\\_temp\\_%'";

/// pg_table_size waits for who has a table for himself, or is in the queue to have it: its size is
/// what the statistics say.
constexpr std::string_view kListQuery =
    "SELECT n.nspname, c.relname, c.relkind,"
    "  CASE WHEN c.relkind = 'p' OR $never THEN -1 ELSE c.reltuples END,"
    "  CASE WHEN c.relkind NOT IN ('r', 'm') THEN -1"
    "   WHEN c.oid = ANY (ARRAY(SELECT relation FROM pg_catalog.pg_locks"
    "    WHERE mode = 'AccessExclusiveLock' AND relation IS NOT NULL))"
    "   THEN c.relpages * pg_catalog.current_setting('block_size')::pg_catalog.int8"
    "   ELSE pg_catalog.pg_table_size(c.oid) END"
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE $made_by_user ORDER BY n.nspname, c.relname";

/// A row for each table that it inherits from, at least one.
constexpr std::string_view kNamesQuery =
    "SELECT n.nspname, c.relname, c.relkind, pg_catalog.pg_table_is_visible(c.oid),"
    "  parent_schema.nspname, parent.relname"
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " LEFT JOIN (pg_catalog.pg_inherits i"
    "   JOIN pg_catalog.pg_class parent ON parent.oid = i.inhparent"
    "   JOIN pg_catalog.pg_namespace parent_schema ON parent_schema.oid = parent.relnamespace)"
    "  ON i.inhrelid = c.oid"
    " WHERE $made_by_user ORDER BY n.nspname, c.relname, i.inhseqno";

std::string OfUsers(std::string query) {
  return Filled(std::move(query), "$made_by_user", kMadeByUser);
}

/// One column of the table or query with its type resolved.
Column MakeColumn(std::string name, std::string source_type, const PgType& type) {
  ArrowChoice choice = ArrowTypeOf(type);
  Column column;
  column.name = std::move(name);
  column.source_type = std::move(source_type);
  column.type = std::move(choice.type);
  column.may_overflow = choice.may_overflow;
  column.note = std::move(choice.note);
  return column;
}

arrow::Status FillColumns(PgConnection& connection, PgTypeCatalog& types, uint64_t oid,
                          const std::stop_token& stop, Description& description) {
  ARROW_ASSIGN_OR_RAISE(const PgResult result, connection.Query(ColumnsQuery(oid), stop));
  std::vector<uint32_t> oids;
  for (int i = 0; i < result.rows(); ++i) {
    oids.push_back(static_cast<uint32_t>(result.Int64(i, 2)));
  }
  ARROW_RETURN_NOT_OK(types.Load(connection, oids, stop));
  for (int i = 0; i < result.rows(); ++i) {
    ARROW_ASSIGN_OR_RAISE(
        const PgTypePtr type,
        types.Resolve(oids[static_cast<size_t>(i)], static_cast<int32_t>(result.Int64(i, 3))));
    Column column =
        MakeColumn(std::string(result.Text(i, 0)), std::string(result.Text(i, 1)), *type);
    column.nullable = result.Boolean(i, 4);
    ARROW_ASSIGN_OR_RAISE(column.comment, CommentText(result.Text(i, 5)));
    description.columns.push_back(std::move(column));
  }
  return arrow::Status::OK();
}

arrow::Status FillKeys(PgConnection& connection, uint64_t oid, const std::stop_token& stop,
                       Description& description) {
  ARROW_ASSIGN_OR_RAISE(const PgResult result, connection.Query(OfOid(kKeysQuery, oid), stop));
  for (int i = 0; i < result.rows(); ++i) {
    const std::string_view name = result.Text(i, 0);
    if (description.keys.empty() || description.keys.back().name != name) {
      description.keys.push_back(
          {.name = std::string(name), .columns = {}, .primary = result.Boolean(i, 1)});
    }
    description.keys.back().columns.emplace_back(result.Text(i, 2));
  }
  return arrow::Status::OK();
}

arrow::Status FillLeaves(PgConnection& connection, uint64_t oid, const std::stop_token& stop,
                         Description& description) {
  ARROW_ASSIGN_OR_RAISE(
      const PgResult result,
      connection.Query(OfOid(Filled(WithNeverAnalysed(kLeavesQuery), "$chunk", kIsChunk), oid),
                       stop));
  for (int i = 0; i < result.rows(); ++i) {
    Relation leaf;
    leaf.schema = result.Text(i, 0);
    leaf.name = result.Text(i, 1);
    leaf.oid = static_cast<uint64_t>(result.Int64(i, 2));
    leaf.pageable = result.IsNull(i, 3);
    leaf.why_not_pageable = result.Text(i, 3);
    leaf.foreign = result.Boolean(i, 4);
    leaf.pages = result.Int64(i, 5);
    leaf.rows = result.Double(i, 6);
    leaf.has_rows_elsewhere = result.Boolean(i, 7);
    description.leaves.push_back(std::move(leaf));
  }
  return arrow::Status::OK();
}

/// A table that more than one relation's rows belong to is divided by a condition on `tableoid`
/// too (ConditionOf), for which rights on columns are not enough.
std::string WhyIndivisible(const Description& description, bool may_read_whole) {
  const auto foreign = std::ranges::find(description.leaves, true, &Relation::foreign);
  if (foreign != description.leaves.end()) {
    return foreign->name + " is a foreign table, of which each session sees another moment";
  }
  if (may_read_whole || description.IsOneRelation()) return {};
  return "the role has SELECT on some of its columns only, and without SELECT on the table its "
         "partitions cannot be told apart";
}

std::string FormatType(const PgType& type, int32_t typmod) {
  if (type.oid != pg_oid::kNumeric || typmod < 0) return type.name;
  const NumericModifier modifier = NumericModifierOf(typmod);
  return type.name + "(" + std::to_string(modifier.precision) + "," +
         std::to_string(modifier.scale) + ")";
}

arrow::Result<Description> DescribeQuery(PgConnection& connection, PgTypeCatalog& types,
                                         const TableRef& table, const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(
      const PgResult result,
      connection.DescribeStatement("SELECT * FROM " + Subselect(table.query), stop));
  std::vector<uint32_t> oids;
  for (int i = 0; i < result.columns(); ++i) oids.push_back(result.ColumnType(i));
  ARROW_RETURN_NOT_OK(types.Load(connection, oids, stop));
  Description description{.table = table, .kind = RelationKind::kQuery};
  std::set<std::string_view> names;
  for (int i = 0; i < result.columns(); ++i) {
    const std::string_view name = result.ColumnName(i);
    if (!names.insert(name).second) {
      return UserError("query " + table.label() + ": two columns are called \"" +
                       std::string(name) + "\"; name one of them with AS");
    }
    const int32_t typmod = result.ColumnTypmod(i);
    ARROW_ASSIGN_OR_RAISE(const PgTypePtr type, types.Resolve(result.ColumnType(i), typmod));
    description.columns.push_back(MakeColumn(std::string(name), FormatType(*type, typmod), *type));
  }
  return description;
}

constexpr std::array<std::string_view, 4> kQueryWords = {"select", "with", "values", "table"};

/// `sql` behind the comment that it begins with, or all of it. Comments of the second kind nest.
std::string_view BehindComment(std::string_view sql) {
  if (sql.starts_with("--")) return sql.substr(std::min(sql.size(), sql.find('\n')));
  if (!sql.starts_with("/*")) return sql;
  int depth = 0;
  do {
    if (sql.starts_with("/*") || sql.starts_with("*/")) {
      depth += sql.starts_with("/*") ? 1 : -1;
      sql.remove_prefix(1);
    }
    sql.remove_prefix(1);
  } while (depth > 0 && !sql.empty());
  return sql;
}

/// The first word of a statement, in lower case; empty where it does not begin with one.
std::string FirstWord(std::string_view sql) {
  for (size_t before = 0; before != sql.size();) {
    before = sql.size();
    sql.remove_prefix(std::min(sql.size(), sql.find_first_not_of("( \t\r\n")));
    sql = BehindComment(sql);
  }
  std::string word;
  for (const char c : sql) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (lower < 'a' || lower > 'z') break;
    word += lower;
  }
  return word;
}

}  // namespace

std::string Filled(std::string query, std::string_view place, std::string_view text) {
  for (size_t at = query.find(place); at != std::string::npos; at = query.find(place, at)) {
    query.replace(at, place.size(), text);
    at += text.size();
  }
  return query;
}

std::string QualifiedName(std::string_view schema, std::string_view name) {
  const std::string quoted = PgQuoteIdentifier(name);
  return schema.empty() ? quoted : PgQuoteIdentifier(schema) + "." + quoted;
}

std::string QualifiedName(const TableRef& table) { return QualifiedName(table.schema, table.name); }

std::string LeafOids(const Description& description) {
  std::string oids;
  for (const Relation& leaf : description.leaves) {
    oids += (oids.empty() ? "" : ",") + std::to_string(leaf.oid);
  }
  return "'{" + oids + "}'::pg_catalog.oid[]";
}

std::string TextArray(std::span<const std::string> texts) {
  std::string sql;
  for (const std::string& text : texts) sql += (sql.empty() ? "" : ", ") + PgQuoteLiteral(text);
  return "ARRAY[" + sql + "]::pg_catalog.text[]";
}

std::string Subselect(const std::string& query) {
  const size_t end = query.find_last_not_of("; \t\r\n");
  return "(\n" + query.substr(0, end == std::string::npos ? 0 : end + 1) + "\n) AS headrace_query";
}

arrow::Status NameStatement(const arrow::Status& status, const TableRef& table) {
  constexpr std::string_view kSyntaxError = "42601";
  if (!table.is_query() || CodeOf(status) != kSyntaxError) return status;
  // One at the very end is left out; behind it a comment may stand, or another statement.
  if (status.message().find("at or near \";\"") != std::string::npos) {
    return status.WithMessage(status.message() +
                              "; a query must be one statement: leave the semicolon out");
  }
  const std::string word = FirstWord(table.query);
  if (word.empty() || std::ranges::find(kQueryWords, word) != kQueryWords.end()) return status;
  return status.WithMessage(status.message() +
                            "; a query must be one SELECT (or WITH, VALUES, TABLE), and this one "
                            "begins with " +
                            word);
}

arrow::Result<Description> DescribeRelation(PgConnection& connection, PgTypeCatalog& types,
                                            const TableRef& table, const std::stop_token& stop) {
  if (table.is_query()) return DescribeQuery(connection, types, table, stop);
  ARROW_ASSIGN_OR_RAISE(
      const PgResult result,
      connection.Query("SELECT c.oid, n.nspname, c.relkind,"
                       " pg_catalog.has_table_privilege(c.oid, 'SELECT'), " +
                           CommentBytes("pg_catalog.obj_description(c.oid, 'pg_class')") +
                           ", pg_catalog.row_security_active(c.oid)"
                           " FROM pg_catalog.pg_class c"
                           " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                           " WHERE c.oid = pg_catalog.to_regclass(" +
                           PgQuoteLiteral(QualifiedName(table)) + ")",
                       stop));
  if (result.rows() == 0) return NoSuchTable(connection, table, stop);
  const auto kind = RelationKindOf(result.Text(0, 2));
  if (!kind) return UserError(table.label() + " is no table or view", "42809");
  Description description{.table = table, .kind = *kind};
  description.table.schema = result.Text(0, 1);
  ARROW_ASSIGN_OR_RAISE(description.comment, CommentText(result.Text(0, 4)));
  description.row_security = result.Boolean(0, 5);
  const auto oid = static_cast<uint64_t>(result.Int64(0, 0));
  description.oid = oid;
  ARROW_RETURN_NOT_OK(FillColumns(connection, types, oid, stop, description));
  if (*kind == RelationKind::kView) return description;
  ARROW_RETURN_NOT_OK(FillKeys(connection, oid, stop, description));
  ARROW_RETURN_NOT_OK(FillLeaves(connection, oid, stop, description));
  description.indivisible = WhyIndivisible(description, result.Boolean(0, 3));
  return description;
}

arrow::Result<std::vector<ListedTable>> ListRelations(PgConnection& connection,
                                                      const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const PgResult result,
                        connection.Query(OfUsers(WithNeverAnalysed(kListQuery)), stop));
  std::vector<ListedTable> tables;
  for (int i = 0; i < result.rows(); ++i) {
    ListedTable listed;
    listed.table.schema = result.Text(i, 0);
    listed.table.name = result.Text(i, 1);
    listed.kind = RelationKindOf(result.Text(i, 2)).value_or(RelationKind::kTable);
    listed.rows = result.Double(i, 3);
    listed.bytes = result.Int64(i, 4);
    tables.push_back(std::move(listed));
  }
  return tables;
}

arrow::Result<std::vector<NamedRelation>> ListRelationNames(PgConnection& connection,
                                                            const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const PgResult result,
                        connection.Query(OfUsers(std::string(kNamesQuery)), stop));
  std::vector<NamedRelation> names;
  for (int i = 0; i < result.rows(); ++i) {
    TableRef table{.schema = std::string(result.Text(i, 0)),
                   .name = std::string(result.Text(i, 1)),
                   .query = {},
                   .alias = {}};
    if (names.empty() || names.back().table != table) {
      names.push_back({.table = std::move(table),
                       .kind = RelationKindOf(result.Text(i, 2)).value_or(RelationKind::kTable),
                       .found_without_schema = result.Boolean(i, 3),
                       .parents = {}});
    }
    if (result.IsNull(i, 4)) continue;
    names.back().parents.push_back({.schema = std::string(result.Text(i, 4)),
                                    .name = std::string(result.Text(i, 5)),
                                    .query = {},
                                    .alias = {}});
  }
  return names;
}

}  // namespace headrace
