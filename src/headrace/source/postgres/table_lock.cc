#include "headrace/source/postgres/table_lock.h"

#include <utility>

#include "headrace/client/postgres/error.h"
#include "headrace/source/postgres/catalog.h"
#include "headrace/source/postgres/transaction.h"

namespace headrace {
namespace {

/// LOCK TABLE takes tables and views only, and wants a right on the table (kPgNoRight), where a
/// read is content with one on a column.
constexpr std::string_view kWrongKind = "42809";

/// A read cannot say NOWAIT. Long enough for locks that are held for a moment.
constexpr std::string_view kNearlyNowait = "100";

std::string LockStatement(const LockTarget& target, bool nowait) {
  return std::string("LOCK TABLE ") + (target.only ? "ONLY " : "") + target.relation +
         " IN ACCESS SHARE MODE" + (nowait ? " NOWAIT; " : "; ");
}

/// In one message, each of which waits for an answer of the server. Of one that does not parse no
/// part runs, and the connection is lost: for SQL that was tried before.
arrow::Status RunGuarded(PgConnection& connection, const std::string& sql,
                         const std::stop_token& stop) {
  if (stop.stop_requested()) return InterruptedError();
  const StatementScope scope = SavepointScope();
  arrow::Status status = connection.Execute(scope.begin + sql + scope.end, stop);
  if (!status.ok()) Recover(connection, scope, stop);
  return status;
}

std::string TouchStatement(const LockTarget& target) {
  const std::string where = target.where.empty() ? "" : " WHERE (\n" + target.where + "\n)";
  return "SELECT " + target.columns + " FROM " + target.from + where + " LIMIT 0; ";
}

/// Relations that this transaction has a lock on; whether they are not of `tree`, whether the role
/// may name them, and their kind.
constexpr std::string_view kHeldBesideTree =
    " SELECT DISTINCT n.nspname, c.relname, NOT EXISTS (SELECT FROM tree WHERE tree.oid = c.oid),"
    "  pg_catalog.has_schema_privilege(n.oid, 'USAGE'), c.oid, c.relkind"
    " FROM pg_catalog.pg_locks l"
    " JOIN pg_catalog.pg_class c ON c.oid = l.relation"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_catalog.pg_database d ON d.oid = l.database"
    " WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation'"
    "  AND d.datname = pg_catalog.current_database() AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
    "  AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
    " ORDER BY n.nspname, c.relname";

/// Of `wanted(schema, name, number)`. Names are looked for in the catalogue: to_regclass fails for
/// a schema that the role may not use.
constexpr std::string_view kHiddenReads =
    " SELECT wanted.number - 1 FROM wanted JOIN pg_catalog.pg_class c ON c.relname = wanted.name"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE CASE wanted.schema WHEN '' THEN pg_catalog.pg_table_is_visible(c.oid)"
    "   ELSE n.nspname = wanted.schema END"
    "  AND (c.relkind = 'v' OR pg_catalog.row_security_active(c.oid))"
    " ORDER BY 1";

constexpr std::string_view kUnlockedInTree =
    " SELECT n.nspname, c.relname FROM pg_catalog.pg_class c"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.oid = ANY (ARRAY(SELECT tree.oid FROM tree))"
    "  AND NOT pg_catalog.pg_is_other_temp_schema(n.oid)"
    "  AND c.oid NOT IN (SELECT l.relation FROM pg_catalog.pg_locks l"
    "  JOIN pg_catalog.pg_database d ON d.oid = l.database"
    "  WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation'"
    "  AND d.datname = pg_catalog.current_database())"
    " ORDER BY n.nspname, c.relname";

/// `WITH RECURSIVE tree(oid) AS (…)`: the relations of these quoted names and what is below them.
std::string TreeOf(std::span<const std::string> relations) {
  return "WITH RECURSIVE tree(oid) AS (SELECT pg_catalog.to_regclass(name)::pg_catalog.oid"
         " FROM pg_catalog.unnest(" +
         TextArray(relations) + ") AS name UNION SELECT part.oid FROM tree, " +
         std::string(kPartOfTree) + ")";
}

/// The relation of row `i` of schemas and names, without what is below it.
LockTarget LockTargetAt(const PgResult& result, int i) {
  const std::string name = QualifiedName(result.Text(i, 0), result.Text(i, 1));
  return {.relation = name, .only = true, .from = name};
}

/// Relations that `sql` may look up, each with its schema and along the path.
std::vector<std::string> NamesIn(std::string_view sql, const PgResult& held) {
  std::vector<std::string> names;
  for (int i = 0; i < held.rows(); ++i) {
    if (!held.Boolean(i, 3) || !MayName(sql, held.Text(i, 1))) continue;
    names.push_back(QualifiedName(held.Text(i, 0), held.Text(i, 1)));
    names.push_back(QualifiedName("", held.Text(i, 1)));
  }
  return names;
}

bool IsAmong(const PgResult& held, uint64_t oid) {
  for (int i = 0; i < held.rows(); ++i) {
    if (std::cmp_equal(held.Int64(i, 4), oid)) return true;
  }
  return false;
}

void FillRelations(const PgResult& held, ReadBehind& behind) {
  for (int i = 0; i < held.rows(); ++i) {
    if (!held.Boolean(i, 2)) continue;
    LockTarget target = LockTargetAt(held, i);
    const std::string_view kind = held.Text(i, 5);
    if (kind == "m") {
      behind.unlockable.push_back(std::move(target.relation));
    } else if (kind != "f") {
      behind.relations.push_back(std::move(target));
    }
  }
}

}  // namespace

LockTarget LockTargetOf(const SnapshotTable& wanted) {
  LockTarget target{.relation = {}, .only = false, .from = {}, .where = wanted.where};
  target.reads_others = wanted.table.is_query() || !wanted.where.empty();
  if (!wanted.table.is_query()) target.relation = QualifiedName(wanted.table);
  target.from = wanted.table.is_query() ? Subselect(wanted.table.query) : target.relation;
  return target;
}

bool CannotBeLocked(const arrow::Status& status) {
  return CodeOf(status) == kWrongKind || CodeOf(status) == kPgNoRight;
}

arrow::Status LockWaiting(PgConnection& connection, const LockTarget& target,
                          const std::stop_token& stop) {
  return InScope(
      connection, SavepointScope(),
      [&] { return connection.Execute(LockStatement(target, false), stop); }, stop);
}

/// The text may be the job's own query. It is prepared first, because a message of the simple
/// protocol may hold several statements, and `…; COMMIT; DELETE …` would leave the read-only
/// transaction; PREPARE takes one.
arrow::Status Touch(PgConnection& connection, const LockTarget& target,
                    const std::stop_token& stop) {
  return InScope(
      connection, SavepointScope(),
      [&] {
        ARROW_RETURN_NOT_OK(connection.DescribeStatement(TouchStatement(target), stop).status());
        return connection.Execute(TouchStatement(target), stop);
      },
      stop);
}

arrow::Result<bool> LockNowait(PgConnection& connection, const LockTarget& target,
                               int64_t lock_timeout_ms, const std::stop_token& stop) {
  const std::string set = "SET LOCAL lock_timeout = ";
  const std::string touch = set + std::string(kNearlyNowait) + "; " + TouchStatement(target) + set +
                            std::to_string(lock_timeout_ms) + "; ";
  const std::string lock = target.relation.empty() ? "" : LockStatement(target, true);
  arrow::Status status = RunGuarded(connection, lock + touch, stop);
  if (!lock.empty() && CannotBeLocked(status)) status = RunGuarded(connection, touch, stop);
  if (CodeOf(status) == kPgLockNotAvailable) return false;
  ARROW_RETURN_NOT_OK(status);
  return true;
}

arrow::Status HoldIndexes(PgConnection& connection, const std::string& select,
                          const std::stop_token& stop) {
  return connection.Execute("EXPLAIN (COSTS OFF) " + select, stop);
}

arrow::Result<std::vector<LockTarget>> UnlockedBelow(PgConnection& connection,
                                                     const std::vector<std::string>& relations,
                                                     const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const PgResult result,
                        connection.Query(TreeOf(relations) + std::string(kUnlockedInTree), stop));
  std::vector<LockTarget> unlocked;
  for (int i = 0; i < result.rows(); ++i) unlocked.push_back(LockTargetAt(result, i));
  return unlocked;
}

arrow::Result<std::vector<size_t>> WithHiddenReads(PgConnection& connection,
                                                   std::span<const SnapshotTable> wanted,
                                                   const std::stop_token& stop) {
  std::vector<std::string> schemas;
  std::vector<std::string> names;
  for (const SnapshotTable& entry : wanted) {  // Of a query both are empty.
    schemas.push_back(entry.table.schema);
    names.push_back(entry.table.name);
  }
  ARROW_ASSIGN_OR_RAISE(
      const PgResult result,
      connection.Query("WITH wanted(schema, name, number) AS (SELECT * FROM ROWS FROM ("
                       "pg_catalog.unnest(" +
                           TextArray(schemas) + "), pg_catalog.unnest(" + TextArray(names) +
                           ")) WITH ORDINALITY)" + std::string(kHiddenReads),
                       stop));
  std::vector<size_t> numbers;
  for (int i = 0; i < result.rows(); ++i) {
    numbers.push_back(static_cast<size_t>(result.Int64(i, 0)));
  }
  return numbers;
}

arrow::Result<ReadBehind> RelationsBehind(PgConnection& connection, const LockTarget& target,
                                          std::string_view job_sql, const std::stop_token& stop) {
  ARROW_RETURN_NOT_OK(Touch(connection, target, stop));
  std::vector<std::string> own;
  if (!target.relation.empty()) own.push_back(target.relation);
  ARROW_ASSIGN_OR_RAISE(const PgResult held,
                        connection.Query(TreeOf(own) + std::string(kHeldBesideTree), stop));
  ReadBehind behind;
  FillRelations(held, behind);
  ARROW_ASSIGN_OR_RAISE(behind.names, ResolveNames(connection, NamesIn(job_sql, held), stop));
  // What a name stands for that the job's SQL looks up was read by the trial, and has a lock.
  std::erase_if(behind.names, [&](const KnownName& name) { return !IsAmong(held, name.oid); });
  return behind;
}

}  // namespace headrace
