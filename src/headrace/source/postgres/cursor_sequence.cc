#include "headrace/source/postgres/cursor_sequence.h"

#include <string_view>

#include "headrace/client/postgres/connection.h"
#include "headrace/source/postgres/catalog.h"

namespace headrace {
namespace {

/// The sequences s of the column a(attrelid, attnum).
constexpr std::string_view kSequencesOfA =
    " JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass"
    "  AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum"
    " LEFT JOIN pg_catalog.pg_depend u ON d.classid ="
    "  'pg_catalog.pg_attrdef'::pg_catalog.regclass AND u.classid = d.classid"
    "  AND u.objid = d.objid AND u.refclassid = d.refclassid"
    " JOIN pg_catalog.pg_sequence s ON s.seqrelid = CASE"
    "  WHEN d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass THEN u.refobjid"
    "  WHEN d.classid = d.refclassid AND d.deptype = 'i' THEN d.objid END";

/// The DEFAULT of a(attrelid, attnum) where it is not nextval alone: what it makes of the numbers
/// need not grow. A cast that the server adds is not in its text.
constexpr std::string_view kDefaultOfA =
    "(SELECT e.text FROM pg_catalog.pg_attrdef f,"
    " LATERAL pg_catalog.pg_get_expr(f.adbin, f.adrelid) AS e(text)"
    " WHERE f.adrelid = a.attrelid AND f.adnum = a.attnum"
    " AND e.text !~ '^nextval[(]''([^'']|'''')*''::regclass[)]$')";

/// LATERAL … OFFSET 0 for the reason of kPartOfTree.
std::string TreeSql(const std::string& oid) {
  return "WITH RECURSIVE tree(oid) AS (SELECT " + oid + " UNION SELECT part.oid FROM tree, " +
         std::string(kPartOfTree) + "), family(oid) AS (SELECT tree.oid FROM tree UNION" +
         " SELECT p.relid::pg_catalog.oid FROM pg_catalog.pg_partition_ancestors(" + oid +
         "::pg_catalog.regclass) AS p(relid))";
}

std::string OidLiteral(uint64_t oid) { return std::to_string(oid) + "::pg_catalog.oid"; }

}  // namespace

std::string SequencesOfColumnSql(uint64_t oid, const std::string& column) {
  return "SELECT s.seqcache, s.seqincrement, s.seqcycle,"
         " s.seqrelid::pg_catalog.regclass::pg_catalog.text, s.seqrelid::pg_catalog.int8,"
         " CASE WHEN NOT r.use_schema OR NOT r.read_sequence THEN pg_catalog.concat_ws('; ',"
         "  CASE WHEN NOT r.use_schema THEN 'GRANT USAGE ON SCHEMA ' ||"
         "   c.relnamespace::pg_catalog.regnamespace::pg_catalog.text || r.to_role END,"
         "  CASE WHEN NOT r.read_sequence THEN 'GRANT SELECT ON SEQUENCE ' ||"
         "   s.seqrelid::pg_catalog.regclass::pg_catalog.text || r.to_role END) END, " +
         std::string(kDefaultOfA) + " FROM pg_catalog.pg_attribute a" + std::string(kSequencesOfA) +
         " JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid,"
         " LATERAL (SELECT pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE'),"
         "  pg_catalog.has_sequence_privilege(s.seqrelid, 'SELECT'),"
         "  ' TO ' || pg_catalog.quote_ident(current_user)) AS r(use_schema, read_sequence, "
         "to_role)"
         " WHERE a.attrelid = " +
         OidLiteral(oid) + " AND a.attname = " + PgQuoteLiteral(column);
}

std::string SequenceGrantsSql(uint64_t oid, const std::string& column) {
  return "SELECT CASE WHEN pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE') THEN NULL"
         "  ELSE c.relnamespace::pg_catalog.regnamespace::pg_catalog.text END,"
         " CASE WHEN pg_catalog.has_sequence_privilege(s.seqrelid, 'SELECT') THEN NULL"
         "  ELSE pg_catalog.format('%I.%I', n.nspname, c.relname) END"
         " FROM pg_catalog.pg_attribute a" +
         std::string(kSequencesOfA) +
         " JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid"
         " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
         " WHERE a.attrelid = " +
         OidLiteral(oid) + " AND a.attname = " + PgQuoteLiteral(column);
}

std::string OtherFillersSql(uint64_t oid, const std::string& column, uint64_t sequence) {
  return TreeSql(OidLiteral(oid)) +
         " SELECT family.oid::pg_catalog.regclass::pg_catalog.text,"
         " s.oid::pg_catalog.regclass::pg_catalog.text, pg_catalog.count(*) OVER ()"
         " FROM family, LATERAL (SELECT a.attnum, a.atthasdef FROM pg_catalog.pg_attribute a"
         "  WHERE a.attrelid = family.oid AND a.attname = " +
         PgQuoteLiteral(column) +
         " OFFSET 0) AS b LEFT JOIN LATERAL (SELECT s.seqrelid"
         "  FROM (SELECT family.oid, b.attnum) AS a(attrelid, attnum)" +
         std::string(kSequencesOfA) +
         " OFFSET 0) AS s(oid) ON true"
         " WHERE family.oid <> " +
         OidLiteral(oid) + " AND (s.oid <> " + OidLiteral(sequence) +
         " OR s.oid IS NULL AND b.atthasdef) ORDER BY 1 LIMIT 1";
}

}  // namespace headrace
