#include "headrace/source/postgres/storage.h"

#include <algorithm>

#include "headrace/source/postgres/catalog.h"

namespace headrace {
namespace {

/// Names are looked for in the catalogue: to_regclass fails for a schema that the role may not use.
std::string StorageQuery(std::span<const std::string> relations) {
  return "WITH RECURSIVE tree(root, oid) AS (SELECT"
         "  CASE WHEN q.schema || '.' || q.name = ANY (w.names) THEN q.schema || '.' || q.name"
         "   ELSE q.name END, c.oid FROM pg_catalog.pg_class c"
         " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace, LATERAL (SELECT"
         "  '\"' || pg_catalog.replace(n.nspname::pg_catalog.text, '\"', '\"\"') || '\"',"
         "  '\"' || pg_catalog.replace(c.relname::pg_catalog.text, '\"', '\"\"') || '\"')"
         "  AS q(schema, name), (VALUES (" +
         TextArray(relations) +
         ")) AS w(names)"
         " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')"
         "  AND (q.schema || '.' || q.name = ANY (w.names)"
         "   OR q.name = ANY (w.names) AND pg_catalog.pg_table_is_visible(c.oid))"
         " UNION SELECT tree.root, part.oid FROM tree, " +
         std::string(kPartOfTree) +
         ") SELECT tree.root, pg_catalog.format('%I.%I', n.nspname, c.relname), "
         "c.oid::pg_catalog.int8,"
         " coalesce(pg_catalog.pg_relation_filenode(c.oid)::pg_catalog.int8, 0)"
         " FROM tree JOIN pg_catalog.pg_class c ON c.oid = tree.oid"
         " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace ORDER BY c.oid, 1";
}

}  // namespace

arrow::Result<std::vector<StoredRelation>> ReadStorage(PgConnection& connection,
                                                       std::span<const std::string> relations,
                                                       const std::stop_token& stop) {
  std::vector<StoredRelation> stored;
  if (relations.empty()) return stored;
  ARROW_ASSIGN_OR_RAISE(const PgResult result, connection.Query(StorageQuery(relations), stop));
  for (int i = 0; i < result.rows(); ++i) {
    stored.push_back({.root = std::string(result.Text(i, 0)),
                      .name = std::string(result.Text(i, 1)),
                      .oid = static_cast<uint64_t>(result.Int64(i, 2)),
                      .file = static_cast<uint64_t>(result.Int64(i, 3))});
  }
  return stored;
}

std::string ChangedStorage(const std::vector<StoredRelation>& before,
                           const std::vector<StoredRelation>& now) {
  const auto first_missing = [](const auto& these, const auto& those) -> std::string {
    for (const StoredRelation& relation : these) {
      if (std::ranges::find(those, relation) == those.end()) return relation.name;
    }
    return {};
  };
  const std::string gone = first_missing(before, now);
  return gone.empty() ? first_missing(now, before) : gone;
}

}  // namespace headrace
