#include "headrace/source/postgres/rights.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "headrace/client/postgres/error.h"
#include "headrace/model/ascii.h"
#include "headrace/source/postgres/catalog.h"
#include "headrace/source/postgres/cursor_sequence.h"
#include "headrace/source/postgres/known_name.h"
#include "headrace/source/postgres/row_reference.h"
#include "headrace/source/postgres/row_security.h"

namespace headrace {
namespace {

/// A relation with what the role may do with it. Names as SQL has them, in quotes where they need
/// them.
constexpr std::string_view kRelationFacts =
    "SELECT c.oid::pg_catalog.int8, pg_catalog.quote_ident(n.nspname),"
    " pg_catalog.format('%I.%I', n.nspname, c.relname), c.relkind = 'v',"
    " pg_catalog.has_schema_privilege(n.oid, 'USAGE'),"
    " pg_catalog.has_table_privilege(c.oid, 'SELECT')"
    "  OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT'), n.nspname, c.relname,"
    " pg_catalog.has_table_privilege(c.oid, 'SELECT')"
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')"
    "  AND n.nspname NOT IN ('pg_catalog', 'information_schema')";

/// Names are looked for in the catalogue: to_regclass fails for a schema that the role may not use.
std::string IsNamed(const TableRef& table) {
  return " AND c.relname = " + PgQuoteLiteral(table.name) + " AND " +
         (table.schema.empty() ? "pg_catalog.pg_table_is_visible(c.oid)"
                               : "n.nspname = " + PgQuoteLiteral(table.schema));
}

/// What this transaction has locked, and so what the statement that it has parsed reads.
constexpr std::string_view kIsHeld =
    " AND c.oid IN (SELECT l.relation FROM pg_catalog.pg_locks l"
    "  JOIN pg_catalog.pg_database d ON d.oid = l.database"
    "  WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation'"
    "   AND d.datname = pg_catalog.current_database())";

constexpr std::string_view kIsOutOfReach =
    " AND NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE')";

/// What a view reads and the role that it reads it as may not: the relation, that role, and the
/// columns that are missing; NULL: all of it.
constexpr std::string_view kUnreadableBehind =
    " SELECT pg_catalog.format('%I.%I', n.nspname, c.relname),"
    "  pg_catalog.quote_ident(r.rolname), b.missing"
    " FROM (SELECT reads.oid, reads.role, pg_catalog.string_agg(DISTINCT"
    "   pg_catalog.quote_ident(a.attname), ', ') FROM reads"
    "   LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = reads.oid"
    "    AND a.attnum = reads.attnum AND a.attnum > 0 AND NOT a.attisdropped"
    "    AND NOT pg_catalog.has_column_privilege(reads.role, reads.oid, a.attnum, 'SELECT')"
    "   GROUP BY reads.oid, reads.role) AS b(oid, role, missing)"
    " JOIN pg_catalog.pg_class c ON c.oid = b.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
    "  AND c.oid >= 16384"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_catalog.pg_roles r ON r.oid = b.role"
    " WHERE c.oid <> $oid AND (b.missing IS NOT NULL"
    "  OR NOT pg_catalog.has_any_column_privilege(b.role, c.oid, 'SELECT'))"
    " ORDER BY 1, 2";

bool IsOfName(char c) {
  const char lower = LowerAscii(c);
  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80U;
}

/// Whether `sql` has `name` as a word of its own, capitals or not, and not only inside of one.
bool HasName(std::string_view sql, std::string_view name) {
  const std::string text = LowerAsciiText(sql);
  const std::string wanted = LowerAsciiText(name);
  for (size_t at = text.find(wanted); at != std::string::npos; at = text.find(wanted, at + 1)) {
    const size_t end = at + wanted.size();
    const bool begins = at == 0 || !IsOfName(text[at - 1]);
    if (begins && (end == text.size() || !IsOfName(text[end]))) return true;
  }
  return false;
}

/// A relation in an answer of kRelationFacts.
struct RelationFacts {
  uint64_t oid = 0;
  std::string schema;  ///< Quoted where it must be, as `name` is.
  std::string name;
  bool is_view = false;
  bool schema_usable = false;
  bool any_readable = false;  ///< It, or a column of it.
  std::string bare_schema;
  std::string bare_name;
  bool readable = false;  ///< All of it.
};

std::vector<RelationFacts> FactsOf(const PgResult& result) {
  std::vector<RelationFacts> facts;
  for (int i = 0; i < result.rows(); ++i) {
    facts.push_back({.oid = static_cast<uint64_t>(result.Int64(i, 0)),
                     .schema = std::string(result.Text(i, 1)),
                     .name = std::string(result.Text(i, 2)),
                     .is_view = result.Boolean(i, 3),
                     .schema_usable = result.Boolean(i, 4),
                     .any_readable = result.Boolean(i, 5),
                     .bare_schema = std::string(result.Text(i, 6)),
                     .bare_name = std::string(result.Text(i, 7)),
                     .readable = result.Boolean(i, 8)});
  }
  return facts;
}

void AddOnce(std::string statement, std::vector<std::string>& statements) {
  if (std::ranges::find(statements, statement) == statements.end()) {
    statements.push_back(std::move(statement));
  }
}

class RightsFinder {
 public:
  RightsFinder(PgConnection& connection, const StatementScope& scope, const std::stop_token& stop)
      : connection_(connection), scope_(scope), stop_(stop) {}

  arrow::Result<MissingRights> Find(std::span<const WantedRead> tables);

 private:
  arrow::Status FindOf(const WantedRead& wanted);
  arrow::Status FindOfRelation(const WantedRead& wanted, const RelationFacts& facts);
  arrow::Status FindColumns(const WantedRead& wanted, const RelationFacts& facts);
  arrow::Status FindBehindView(uint64_t view);
  arrow::Status FindOfCursor(const WantedRead& wanted, const RelationFacts& facts);
  arrow::Status FindOfSql(const std::string& statement, const std::string& job_sql, uint64_t own);
  arrow::Status FindOutOfReach(const std::string& job_sql);
  arrow::Status FindNamed(const std::string& job_sql, uint64_t own);

  void GrantUsage(const std::string& schema) {
    lacks_ = true;
    AddOnce("GRANT USAGE ON SCHEMA " + schema + " TO " + role_, rights_.needed);
  }
  void GrantSelect(const std::string& relation, const std::string& columns = {}) {
    GrantSelectTo(role_, relation, columns);
  }
  /// The right on a relation is that on its columns too.
  void GrantSelectTo(const std::string& role, const std::string& relation,
                     const std::string& columns) {
    lacks_ = true;
    const std::string target = " ON " + relation + " TO " + role;
    const std::string whole = "GRANT SELECT" + target;
    const auto is_of_columns = [&](const std::string& statement) {
      return statement.starts_with("GRANT SELECT (") && statement.ends_with(target);
    };
    if (columns.empty()) std::erase_if(rights_.needed, is_of_columns);
    const bool has_whole = std::ranges::find(rights_.needed, whole) != rights_.needed.end();
    if (columns.empty() || has_whole) return AddOnce(whole, rights_.needed);
    AddOnce("GRANT SELECT (" + columns + ")" + target, rights_.needed);
  }

  PgConnection& connection_;
  const StatementScope& scope_;
  const std::stop_token& stop_;
  std::string role_;  ///< Quoted where it must be.
  MissingRights rights_;
  bool lacks_ = false;  ///< Whether the table that is looked at needs a grant.
};

/// One that cannot be looked at (locked by somebody, SQL that is wrong) is told elsewhere.
arrow::Result<MissingRights> RightsFinder::Find(std::span<const WantedRead> tables) {
  const auto ask = [this]() -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(const PgResult role,
                          connection_.Query("SELECT pg_catalog.quote_ident(current_user)", stop_));
    role_ = role.Text(0, 0);
    return arrow::Status::OK();
  };
  ARROW_RETURN_NOT_OK(InScopeUndone(connection_, scope_, ask, stop_));
  for (const WantedRead& wanted : tables) {
    const arrow::Status status =
        InScopeUndone(connection_, scope_, [&] { return FindOf(wanted); }, stop_);
    if (CodeOf(status) == kInterruptedCode || connection_.broken()) return status;
  }
  return std::move(rights_);
}

arrow::Status RightsFinder::FindOf(const WantedRead& wanted) {
  lacks_ = false;
  const TableRef& table = wanted.table.table;
  const std::string where =
      wanted.table.where.empty() ? "" : " WHERE (\n" + wanted.table.where + "\n)";
  if (table.is_query()) {
    return FindOfSql("SELECT 1 FROM " + Subselect(table.query) + where,
                     table.query + "\n" + wanted.table.where, 0);
  }
  ARROW_ASSIGN_OR_RAISE(const PgResult result,
                        connection_.Query(std::string(kRelationFacts) + IsNamed(table), stop_));
  const std::vector<RelationFacts> found = FactsOf(result);
  if (found.empty()) return arrow::Status::OK();
  ARROW_RETURN_NOT_OK(FindOfRelation(wanted, found.front()));
  if (where.empty()) return arrow::Status::OK();
  // Without the schema no statement that names the table can be parsed.
  if (!found.front().schema_usable) return FindOutOfReach(wanted.table.where);
  return FindOfSql("SELECT 1 FROM " + QualifiedName(table) + where, wanted.table.where,
                   found.front().oid);
}

arrow::Status RightsFinder::FindOfRelation(const WantedRead& wanted, const RelationFacts& facts) {
  if (!facts.schema_usable) GrantUsage(facts.schema);
  ARROW_RETURN_NOT_OK(FindColumns(wanted, facts));
  if (wanted.table.cursor) ARROW_RETURN_NOT_OK(FindOfCursor(wanted, facts));
  return facts.is_view ? FindBehindView(facts.oid) : arrow::Status::OK();
}

/// On the whole table where the job reads all of it, columns to come included.
arrow::Status RightsFinder::FindColumns(const WantedRead& wanted, const RelationFacts& facts) {
  ARROW_ASSIGN_OR_RAISE(
      const PgResult columns,
      connection_.Query("SELECT a.attname, pg_catalog.quote_ident(a.attname),"
                        " pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT')"
                        " FROM pg_catalog.pg_attribute a WHERE a.attrelid = " +
                            std::to_string(facts.oid) +
                            "::pg_catalog.oid AND a.attnum > 0 AND NOT a.attisdropped"
                            " ORDER BY a.attnum",
                        stop_));
  RowNames names{.table = facts.bare_name, .columns = {}, .part_columns = {}};
  for (int i = 0; i < columns.rows(); ++i) names.columns.emplace_back(columns.Text(i, 0));
  const bool wants_all = (wanted.columns.empty() && wanted.exclude.empty()) ||
                         (!wanted.table.where.empty() && MayReferToRow(wanted.table.where, names));
  const auto is_wanted = [&](const std::string& name) {
    if (wants_all) return true;
    const bool listed = wanted.columns.empty()
                            ? std::ranges::find(wanted.exclude, name) == wanted.exclude.end()
                            : std::ranges::find(wanted.columns, name) != wanted.columns.end();
    const bool is_cursor = wanted.table.cursor && wanted.table.cursor->column == name;
    return listed || is_cursor || wanted.split_column == name || HasName(wanted.table.where, name);
  };
  std::string missing;
  for (int i = 0; i < columns.rows(); ++i) {
    if (columns.Boolean(i, 2) || !is_wanted(names.columns[static_cast<size_t>(i)])) continue;
    missing += (missing.empty() ? "" : ", ") + std::string(columns.Text(i, 1));
  }
  if (!missing.empty()) GrantSelect(facts.name, wants_all ? "" : missing);
  return arrow::Status::OK();
}

arrow::Status RightsFinder::FindBehindView(uint64_t view) {
  const std::string oid = std::to_string(view) + "::pg_catalog.oid";
  const std::string sql = ReadsOf(oid) + Filled(std::string(kUnreadableBehind), "$oid", oid);
  ARROW_ASSIGN_OR_RAISE(const PgResult behind, connection_.Query(sql, stop_));
  for (int i = 0; i < behind.rows(); ++i) {
    GrantSelectTo(std::string(behind.Text(i, 1)), std::string(behind.Text(i, 0)),
                  std::string(behind.Text(i, 2)));
  }
  return arrow::Status::OK();
}

/// Of an integer its sequence; of a time, who else is in a transaction since when.
arrow::Status RightsFinder::FindOfCursor(const WantedRead& wanted, const RelationFacts& facts) {
  const CursorRequest& cursor = *wanted.table.cursor;
  ARROW_ASSIGN_OR_RAISE(const PgResult sequences,
                        connection_.Query(SequenceGrantsSql(facts.oid, cursor.column), stop_));
  auto& rights = cursor.late_rows_allowed ? rights_.helpful : rights_.needed;
  for (int i = 0; i < sequences.rows(); ++i) {
    if (!sequences.IsNull(i, 0)) {
      AddOnce("GRANT USAGE ON SCHEMA " + std::string(sequences.Text(i, 0)) + " TO " + role_,
              rights);
    }
    if (!sequences.IsNull(i, 1)) {
      AddOnce("GRANT SELECT ON SEQUENCE " + std::string(sequences.Text(i, 1)) + " TO " + role_,
              rights);
    }
  }
  ARROW_ASSIGN_OR_RAISE(
      const PgResult hidden,
      connection_.Query("SELECT FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t"
                        " ON t.oid = a.atttypid AND t.typcategory = 'D' WHERE a.attrelid = " +
                            std::to_string(facts.oid) +
                            "::pg_catalog.oid AND a.attname = " + PgQuoteLiteral(cursor.column) +
                            " AND NOT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE')",
                        stop_));
  if (hidden.rows() > 0) AddOnce("GRANT pg_read_all_stats TO " + role_, rights_.helpful);
  return arrow::Status::OK();
}

/// What the job's own SQL reads beside its table. The server locks what a statement names when it
/// parses it, and asks for rights on it only when it would run.
arrow::Status RightsFinder::FindOfSql(const std::string& statement, const std::string& job_sql,
                                      uint64_t own) {
  const arrow::Status parsed = InScope(
      connection_, SavepointScope(),
      [&] { return connection_.DescribeStatement(statement, stop_).status(); }, stop_);
  if (CodeOf(parsed) == kPgNoRight) return FindOutOfReach(job_sql);
  ARROW_RETURN_NOT_OK(parsed);
  const arrow::Status explained = InScopeUndone(
      connection_, SavepointScope(),
      [&] { return connection_.Execute("EXPLAIN " + statement, stop_); }, stop_);
  return CodeOf(explained) == kPgNoRight ? FindNamed(job_sql, own) : explained;
}

/// Relations of schemas that the role may not use: those that the text names with their schema.
arrow::Status RightsFinder::FindOutOfReach(const std::string& job_sql) {
  ARROW_ASSIGN_OR_RAISE(
      const PgResult result,
      connection_.Query(std::string(kRelationFacts) + std::string(kIsOutOfReach), stop_));
  for (const RelationFacts& facts : FactsOf(result)) {
    if (!HasName(job_sql, facts.bare_schema) || !HasName(job_sql, facts.bare_name)) continue;
    GrantUsage(facts.schema);
    if (!facts.any_readable) GrantSelect(facts.name);
  }
  return arrow::Status::OK();
}

/// Of what was locked, the relations that the text names; what is behind views they read by rights
/// of their own. Where the role may read a column of each it is not known which one it lacks.
arrow::Status RightsFinder::FindNamed(const std::string& job_sql, uint64_t own) {
  ARROW_ASSIGN_OR_RAISE(
      const PgResult result,
      connection_.Query(std::string(kRelationFacts) + std::string(kIsHeld), stop_));
  std::vector<RelationFacts> named = FactsOf(result);
  std::erase_if(named, [&](const RelationFacts& facts) {
    return facts.oid == own || !HasName(job_sql, facts.bare_name);
  });
  for (const RelationFacts& facts : named) {
    if (!facts.any_readable) GrantSelect(facts.name);
    if (facts.is_view) ARROW_RETURN_NOT_OK(FindBehindView(facts.oid));
  }
  if (lacks_) return arrow::Status::OK();
  for (const RelationFacts& facts : named) {
    if (!facts.readable) GrantSelect(facts.name);
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<MissingRights> FindPgMissingRights(PgConnection& connection,
                                                 const StatementScope& scope,
                                                 std::span<const WantedRead> tables,
                                                 const std::stop_token& stop) {
  return RightsFinder(connection, scope, stop).Find(tables);
}

arrow::Status NameUnreadableColumns(PgConnection& connection, const TablePlan& plan,
                                    const arrow::Status& status, const std::stop_token& stop) {
  if (CodeOf(status) != kPgNoRight || plan.description.oid == 0) return status;
  std::vector<std::string> names;
  for (const PlannedColumn& column : plan.columns) names.push_back(column.source_name);
  const auto unreadable = connection.Query(
      "SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum)"
      " FROM pg_catalog.pg_attribute a WHERE a.attrelid = " +
          std::to_string(plan.description.oid) +
          "::pg_catalog.oid AND a.attnum > 0 AND a.attname = ANY (" + TextArray(names) +
          ") AND NOT pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT')"
          " AND pg_catalog.has_any_column_privilege(a.attrelid, 'SELECT')",
      stop);
  if (!unreadable.ok() || unreadable->rows() == 0 || unreadable->IsNull(0, 0)) return status;
  return status.WithMessage(status.message() +
                            ": the role may read others of its columns, but not " +
                            std::string(unreadable->Text(0, 0)) +
                            "; `exclude` or `columns` loads the table without them");
}

}  // namespace headrace
