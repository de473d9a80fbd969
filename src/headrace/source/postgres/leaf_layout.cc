#include "headrace/source/postgres/leaf_layout.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "headrace/source/postgres/catalog.h"
#include "headrace/source/postgres/row_reference.h"

namespace headrace {
namespace {

/// How parts differ from their table.
struct LayoutDifference {
  uint64_t leaf = 0;                 ///< One that differs; 0: none does.
  std::vector<std::string> columns;  ///< Names that are not the table's.
};

/// What parts have that the table has not in the same place, each name with one part that has it;
/// and a part that has fewer.
std::string LayoutQuery(const Description& description) {
  const std::string oid = std::to_string(description.oid) + "::pg_catalog.oid";
  return "WITH own AS (SELECT * FROM pg_catalog.pg_attribute WHERE attrelid = " + oid +
         " AND attnum > 0),"
         " part AS (SELECT * FROM pg_catalog.pg_attribute WHERE attrelid = ANY (" +
         LeafOids(description) +
         ") AND attnum > 0)"
         " SELECT pg_catalog.min(part.attrelid), part.attname FROM part LEFT JOIN own"
         "  ON own.attnum = part.attnum AND own.attname = part.attname"
         "  AND own.atttypid = part.atttypid AND own.attisdropped = part.attisdropped"
         " WHERE own.attnum IS NULL GROUP BY part.attname"
         " UNION ALL SELECT pg_catalog.min(short.oid), NULL FROM ("
         "  SELECT attrelid FROM part GROUP BY attrelid"
         "  HAVING pg_catalog.count(*) < (SELECT pg_catalog.count(*) FROM own)) AS short(oid)";
}

arrow::Result<LayoutDifference> ReadDifference(PgConnection& connection,
                                               const Description& description,
                                               const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const PgResult result, connection.Query(LayoutQuery(description), stop));
  LayoutDifference difference;
  for (int i = 0; i < result.rows(); ++i) {
    if (result.IsNull(i, 0)) continue;
    difference.leaf = static_cast<uint64_t>(result.Int64(i, 0));
    const std::string_view name = result.Text(i, 1);
    const bool other = !result.IsNull(i, 1) && description.FindColumn(name) == nullptr;
    if (other) difference.columns.emplace_back(name);
  }
  return difference;
}

constexpr int kFirstWithVirtualColumns = 180'000;

/// A part whose virtual column another expression computes than the table's, and its name: read
/// through the table, the table's counts (PostgreSQL's manual, 5.4, on inheritance).
std::string VirtualColumnsQuery(const Description& description) {
  const std::string oid = std::to_string(description.oid) + "::pg_catalog.oid";
  const auto expression = [](const std::string& column) {
    return "(SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid) FROM pg_catalog.pg_attrdef d"
           "  WHERE d.adrelid = " +
           column + ".attrelid AND d.adnum = " + column + ".attnum)";
  };
  return "SELECT part.attrelid, part.attname FROM pg_catalog.pg_attribute part"
         " JOIN pg_catalog.pg_attribute own ON own.attrelid = " +
         oid +
         "  AND own.attname = part.attname AND own.attnum > 0 AND NOT own.attisdropped"
         " WHERE part.attrelid = ANY (" +
         LeafOids(description) + ") AND (part.attgenerated = 'v' OR own.attgenerated = 'v')" +
         " AND (part.attgenerated <> own.attgenerated OR " + expression("part") +
         " IS DISTINCT FROM " + expression("own") + ") LIMIT 1";
}

arrow::Result<std::string> WhyVirtualColumnsDiffer(PgConnection& connection,
                                                   const Description& description,
                                                   const std::stop_token& stop) {
  if (connection.server_version() < kFirstWithVirtualColumns) return std::string();
  ARROW_ASSIGN_OR_RAISE(const PgResult result,
                        connection.Query(VirtualColumnsQuery(description), stop));
  if (result.rows() == 0) return std::string();
  const auto oid = static_cast<uint64_t>(result.Int64(0, 0));
  const auto leaf = std::ranges::find(description.leaves, oid, &Relation::oid);
  const std::string part =
      leaf == description.leaves.end() ? "a part" : leaf->schema + "." + leaf->name;
  return "the virtual column \"" + std::string(result.Text(0, 1)) + "\" of " + part +
         " is computed otherwise than that of " + description.table.label();
}

}  // namespace

arrow::Result<std::string> WhyUnpageable(PgConnection& connection, const Description& description,
                                         const std::string& where, const std::stop_token& stop) {
  const bool is_its_part =
      description.leaves.size() == 1 && description.leaves.front().oid == description.oid;
  if (description.leaves.empty() || is_its_part) return std::string();
  ARROW_ASSIGN_OR_RAISE(std::string why_virtual,
                        WhyVirtualColumnsDiffer(connection, description, stop));
  if (where.empty() || !why_virtual.empty()) return why_virtual;
  ARROW_ASSIGN_OR_RAISE(LayoutDifference difference, ReadDifference(connection, description, stop));
  const auto leaf = std::ranges::find(description.leaves, difference.leaf, &Relation::oid);
  if (difference.leaf == 0 || leaf == description.leaves.end()) return std::string();
  RowNames names{.table = description.table.name,
                 .columns = {},
                 .part_columns = std::move(difference.columns)};
  for (const Column& column : description.columns) names.columns.push_back(column.name);
  if (!MayReferToRow(where, names)) return std::string();
  return leaf->schema + "." + leaf->name + " has other columns than " + description.table.label() +
         ", or has them in another order, and `where` may refer to the whole row, or to such a "
         "column";
}

}  // namespace headrace
