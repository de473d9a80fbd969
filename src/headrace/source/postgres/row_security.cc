#include "headrace/source/postgres/row_security.h"

#include <utility>

#include "headrace/client/postgres/error.h"
#include "headrace/source/postgres/catalog.h"
#include "headrace/source/postgres/transaction.h"

namespace headrace {
namespace {

/// What a view reads is known by what its rule depends on. LATERAL … OFFSET 0 for the reason of
/// kPartOfTree.
constexpr std::string_view kReads =
    "WITH RECURSIVE me(oid) AS (SELECT r.oid FROM pg_catalog.pg_roles r"
    "  WHERE r.rolname = current_user),"
    " reads(oid, role, attnum) AS (SELECT"
    "   $oid, me.oid, 0 FROM me UNION"
    "  SELECT d.refobjid, CASE WHEN v.as_invoker THEN me.oid ELSE v.owner END, d.refobjsubid"
    "  FROM reads, me, LATERAL (SELECT c.oid, c.relowner,"
    "    coalesce((SELECT o.option_value::pg_catalog.bool"
    "     FROM pg_catalog.pg_options_to_table(c.reloptions) AS o"
    "     WHERE o.option_name = 'security_invoker'), false)"
    "    FROM pg_catalog.pg_class c WHERE c.oid = reads.oid AND c.relkind = 'v' OFFSET 0)"
    "    AS v(oid, owner, as_invoker)"
    "  JOIN pg_catalog.pg_rewrite w ON w.ev_class = v.oid AND w.ev_type = '1'"
    "  JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass"
    "   AND d.objid = w.oid AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass"
    "   AND d.refobjid <> v.oid)";

/// As the server decides it (check_enable_rls, get_policies_for_relation): tables under policies
/// that hold for the role that reads them, the names of those, and whether one of them shows all
/// rows and no other takes some away again.
constexpr std::string_view kHiding =
    " SELECT pg_catalog.format('%I.%I', n.nspname, c.relname),"
    "  pg_catalog.quote_ident(r.rolname), p.names, coalesce(p.show_all AND NOT p.take_away, false)"
    " FROM (SELECT DISTINCT reads.oid, reads.role FROM reads) AS read"
    " JOIN pg_catalog.pg_class c ON c.oid = read.oid"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_catalog.pg_roles r ON r.oid = read.role,"
    " LATERAL (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(b.polname), ', '"
    "    ORDER BY b.polname),"
    "   pg_catalog.bool_or(b.polpermissive AND b.is_true),"
    "   pg_catalog.bool_or(NOT b.polpermissive AND NOT b.is_true)"
    "  FROM (SELECT p.polname, p.polpermissive,"
    "    coalesce(pg_catalog.pg_get_expr(p.polqual, p.polrelid) = 'true', NOT p.polpermissive)"
    "     AS is_true"
    "   FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid AND p.polcmd IN ('*', 'r')"
    "    AND EXISTS (SELECT FROM pg_catalog.unnest(p.polroles) AS t(role)"
    "     WHERE CASE WHEN t.role = 0 THEN true"
    "      ELSE pg_catalog.pg_has_role(r.oid, t.role, 'USAGE') END)) AS b)"
    "  AS p(names, show_all, take_away)"
    " WHERE c.relrowsecurity AND NOT r.rolsuper AND NOT r.rolbypassrls"
    "  AND (c.relforcerowsecurity OR NOT pg_catalog.pg_has_role(r.oid, c.relowner, 'USAGE'))"
    " ORDER BY 1, 2";

std::string ClauseOf(const PgResult& hiding, int i) {
  const std::string table(hiding.Text(i, 0));
  const std::string role(hiding.Text(i, 1));
  if (hiding.IsNull(i, 2)) {
    return table + " has row security and no policy for " + role + ", who sees no row of it";
  }
  return "row security of " + table + " shows " + role + " what its policies allow (" +
         std::string(hiding.Text(i, 2)) + ")";
}

/// What the server says to `sql` with this setting; it is parsed and rewritten, where policies come
/// in, and no right on a table is asked for.
arrow::Status TryRewriting(PgConnection& connection, std::string_view setting,
                           const std::string& sql, const std::stop_token& stop) {
  return InScopeUndone(
      connection, SavepointScope(),
      [&] {
        ARROW_RETURN_NOT_OK(
            connection.Execute("SET LOCAL row_security = " + std::string(setting), stop));
        return connection.DescribeStatement(sql, stop).status();
      },
      stop);
}

}  // namespace

std::string ReadsOf(const std::string& oid) { return Filled(std::string(kReads), "$oid", oid); }

arrow::Result<HiddenRows> FindHiddenRows(PgConnection& connection, const std::string& relation,
                                         const std::stop_token& stop) {
  const std::string oid =
      "pg_catalog.to_regclass(" + PgQuoteLiteral(relation) + ")::pg_catalog.oid";
  ARROW_ASSIGN_OR_RAISE(const PgResult hiding,
                        connection.Query(ReadsOf(oid) + std::string(kHiding), stop));
  HiddenRows hidden{.text = {}, .shows_all = hiding.rows() > 0};
  for (int i = 0; i < hiding.rows(); ++i) {
    hidden.text += (i == 0 ? "" : "; ") + ClauseOf(hiding, i);
    hidden.shows_all = hidden.shows_all && hiding.Boolean(i, 3);
  }
  return hidden;
}

arrow::Result<std::string> PolicyRefusal(PgConnection& connection, const std::string& sql,
                                         const std::stop_token& stop) {
  const arrow::Status off = TryRewriting(connection, "off", sql, stop);
  if (CodeOf(off) == kInterruptedCode || connection.broken()) return off;
  if (CodeOf(off) != kPgNoRight) return std::string();
  // The same code says that a schema may not be used; then policies have nothing to do with it.
  const arrow::Status on = TryRewriting(connection, "on", sql, stop);
  if (CodeOf(on) == kInterruptedCode || connection.broken()) return on;
  return on.ok() ? off.message() : std::string();
}

arrow::Status RowsAreHidden(const HiddenRows& hidden) {
  return UserError(hidden.text +
                       ". Rows that are hidden would be missing in silence: give the role that "
                       "reads BYPASSRLS to load all of them, or say source.row_security: accept "
                       "to load what it is shown" +
                       (hidden.shows_all ? " (no row is hidden now)" : ""),
                   std::string(kRowSecurityCode));
}

}  // namespace headrace
