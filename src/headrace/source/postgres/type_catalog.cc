#include "headrace/source/postgres/type_catalog.h"

#include <algorithm>
#include <string>
#include <utility>

namespace headrace {
namespace {

std::string OidArray(const std::vector<uint32_t>& oids) {
  std::string text;
  for (const uint32_t oid : oids) text += (text.empty() ? "" : ",") + std::to_string(oid);
  return "'{" + text + "}'::pg_catalog.oid[]";
}

/// One row per type, or per field of a composite: domains lead to their base, arrays to their
/// element, composites to their fields. A type is a true array where its output function says so
/// (int2vector is none). An array in between and OFFSET 0 keep the server from reading the whole
/// catalogue, which has a type for each table: it takes a recursion for thousands of rows.
std::string TypeQuery(const std::vector<uint32_t>& oids) {
  return "WITH RECURSIVE wanted(oid) AS ("
         "  SELECT pg_catalog.unnest(" +
         OidArray(oids) +
         ") UNION "
         "  SELECT part.oid FROM wanted JOIN pg_catalog.pg_type t ON t.oid = wanted.oid,"
         "  LATERAL (SELECT t.typelem WHERE t.typoutput = "
         "'pg_catalog.array_out'::pg_catalog.regproc"
         "    UNION ALL SELECT t.typbasetype WHERE t.typtype = 'd'"
         "    UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute a WHERE t.typtype = 'c'"
         "      AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) AS part(oid))"
         " SELECT t.oid, pg_catalog.format_type(t.oid, NULL), t.typtype, t.typbasetype, "
         "t.typtypmod,"
         "  CASE WHEN t.typoutput = 'pg_catalog.array_out'::pg_catalog.regproc THEN t.typelem ELSE "
         "0 END,"
         "  t.typdelim, CASE WHEN pg_catalog.has_schema_privilege(n.oid, 'USAGE')"
         "   THEN pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname) "
         "END,"
         "  s.proname IN ('textsend', 'varcharsend', 'citextsend'),"
         "  a.attname, a.atttypid, a.atttypmod,"
         "  CASE WHEN t.typtype = 'e' AND pg_catalog.has_schema_privilege(tn.oid, 'USAGE')"
         "   THEN pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(t.typname) "
         "END"
         " FROM pg_catalog.pg_type t JOIN pg_catalog.pg_proc p ON p.oid = t.typoutput"
         " JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace"
         " JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace"
         " LEFT JOIN pg_catalog.pg_proc s ON s.oid = t.typsend"
         " LEFT JOIN LATERAL (SELECT * FROM pg_catalog.pg_attribute f WHERE t.typtype = 'c'"
         "  AND f.attrelid = t.typrelid AND f.attnum > 0 AND NOT f.attisdropped OFFSET 0) a ON true"
         " WHERE t.oid = ANY (ARRAY(SELECT wanted.oid FROM wanted))"
         " ORDER BY t.oid, a.attnum";
}

uint32_t OidAt(const PgResult& result, int row, int column) {
  return static_cast<uint32_t>(result.Int64(row, column));
}

}  // namespace

arrow::Status PgTypeCatalog::Load(PgConnection& connection, std::span<const uint32_t> types,
                                  const std::stop_token& stop) {
  std::vector<uint32_t> unknown;
  for (const uint32_t oid : types) {
    const bool listed = std::ranges::find(unknown, oid) != unknown.end();
    if (!listed && !rows_.contains(oid)) unknown.push_back(oid);
  }
  if (unknown.empty()) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(const PgResult result, connection.Query(TypeQuery(unknown), stop));
  for (int i = 0; i < result.rows(); ++i) {
    Row& row = rows_[OidAt(result, i, 0)];
    row.name = result.Text(i, 1);
    row.is_enum = result.Text(i, 2) == "e";
    row.is_composite = result.Text(i, 2) == "c";
    row.base = OidAt(result, i, 3);
    row.base_typmod = static_cast<int32_t>(result.Int64(i, 4));
    row.element = OidAt(result, i, 5);
    if (const auto delimiter = result.Text(i, 6); !delimiter.empty()) {
      row.delimiter = delimiter.front();
    }
    row.output = result.Text(i, 7);
    row.sends_text = result.Boolean(i, 8);
    row.enum_name = result.Text(i, 12);
    if (result.IsNull(i, 9)) continue;
    row.fields.push_back({.name = std::string(result.Text(i, 9)),
                          .type = OidAt(result, i, 10),
                          .typmod = static_cast<int32_t>(result.Int64(i, 11))});
  }
  return arrow::Status::OK();
}

arrow::Result<PgTypePtr> PgTypeCatalog::Resolve(uint32_t oid, int32_t typmod) const {
  return ResolveDeclared(oid, typmod, oid);
}

std::vector<std::string> PgTypeCatalog::enum_names() const {
  std::vector<std::string> names;
  for (const auto& [oid, row] : rows_) {
    if (!row.enum_name.empty()) names.push_back(row.enum_name);
  }
  return names;
}

/// Follows domains down to their base type; the innermost modifier that is given counts.
arrow::Result<PgTypePtr> PgTypeCatalog::ResolveDeclared(uint32_t oid, int32_t typmod,
                                                        uint32_t declared) const {
  const auto found = rows_.find(oid);
  if (found == rows_.end()) {
    return PermanentError("the server's catalogue has no type " + std::to_string(oid));
  }
  const Row& row = found->second;
  if (row.base != 0) {
    return ResolveDeclared(row.base, row.base_typmod >= 0 ? row.base_typmod : typmod, declared);
  }
  PgType type;
  type.oid = oid;
  type.declared_oid = declared;
  type.typmod = typmod;
  type.name = row.name;
  type.output = row.output;
  type.sends_text = row.sends_text;
  type.delimiter = row.delimiter;
  ARROW_RETURN_NOT_OK(FillParts(row, typmod, type));
  return std::make_shared<const PgType>(std::move(type));
}

arrow::Status PgTypeCatalog::FillParts(const Row& row, int32_t typmod, PgType& type) const {
  if (row.is_enum) type.kind = PgType::Kind::kEnum;
  if (row.element != 0) {
    type.kind = PgType::Kind::kArray;
    ARROW_ASSIGN_OR_RAISE(type.element, Resolve(row.element, typmod));
  }
  if (!row.is_composite) return arrow::Status::OK();
  type.kind = PgType::Kind::kComposite;
  for (const Field& field : row.fields) {
    ARROW_ASSIGN_OR_RAISE(PgTypePtr field_type, Resolve(field.type, field.typmod));
    type.fields.push_back({field.name, std::move(field_type)});
  }
  return arrow::Status::OK();
}

}  // namespace headrace
