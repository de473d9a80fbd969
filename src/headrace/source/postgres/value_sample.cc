#include "headrace/source/postgres/value_sample.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "headrace/model/utf8.h"
#include "headrace/source/postgres/catalog.h"
#include "headrace/source/postgres/unit_query.h"

namespace headrace {
namespace {

/// Longer ones are left out: a unit carries two of them.
constexpr int kLongestValue = 1'000;

/// Counts the leaves that are sampled, in a setting that ends with the savepoint: each one
/// evaluates its seed. One seed for all would take blocks of the same numbers from each, of small
/// leaves none or all. With random() for a seed no two plans would be alike.
constexpr std::string_view kSeedOfLeaf =
    "pg_catalog.set_config('headrace.leaf', (1 OPERATOR(pg_catalog.+) pg_catalog.concat('0',"
    " pg_catalog.current_setting('headrace.leaf', true))::pg_catalog.int4)::pg_catalog.text, true)"
    "::pg_catalog.float8";

/// Whether a value is the same once it has been to UTF-8 and back, as it is when a unit names it.
/// Some encodings have two codes of one character: of those that come back other values.
constexpr std::string_view kComesBack =
    "CASE WHEN pg_catalog.getdatabaseencoding() OPERATOR(pg_catalog.=) ANY"
    " ('{UTF8,SQL_ASCII}'::pg_catalog.name[]) THEN true"
    " ELSE pg_catalog.convert_from(pg_catalog.convert_to(key::pg_catalog.text, 'UTF8'), 'UTF8')"
    R"( COLLATE pg_catalog."C" OPERATOR(pg_catalog.=) key::pg_catalog.text END)";

double PercentOf(const RowsToSample& rows, const SampleSize& size) {
  return std::min(100.0, 100.0 * size.pages / std::max(rows.pages, 1.0));
}

/// The rank of a value, and so its share, is that of all its peers: equal ones, also those that a
/// collation takes for equal, are told apart from the next greater one by it.
std::string SampleSql(const RowsToSample& rows, const std::string& expression,
                      const SampleSize& size) {
  const std::string condition =
      expression + " IS NOT NULL" + (rows.condition.empty() ? "" : " AND " + rows.condition);
  return "SELECT key::pg_catalog.text, share, sampled FROM (SELECT key,"
         " (rank() OVER by_key - 1)::pg_catalog.float8 / count(*) OVER () AS share,"
         " row_number() OVER by_key AS place, count(*) OVER () AS sampled"
         " FROM (SELECT " +
         expression + " AS key FROM " + Sampled(rows, size) + " WHERE " + condition +
         ") AS sample WINDOW by_key AS (ORDER BY key)) AS placed"
         " WHERE place % greatest(1, sampled / " +
         std::to_string(size.values) +
         ") = 0 AND pg_catalog.octet_length(key::pg_catalog.text) <= " +
         std::to_string(kLongestValue) + " AND " + std::string(kComesBack) + " ORDER BY place";
}

ValueSample SampleOf(const PgResult& result, double percent) {
  ValueSample sample;
  for (int i = 0; i < result.rows(); ++i) {
    sample.sampled = result.Double(i, 2);
    sample.rows = sample.sampled * 100 / percent;
    KeyBound value{.value = std::string(result.Text(i, 0)), .share_below = result.Double(i, 1)};
    const bool is_peer =
        !sample.values.empty() && value.share_below <= sample.values.back().share_below;
    if (!is_peer && IsUtf8(value.value)) sample.values.push_back(std::move(value));
  }
  return sample;
}

/// Beside a value of the column, though there is none, literals have its type and its collation.
std::string AscendSql(const std::string& from, const std::string& column,
                      std::span<const std::string> values) {
  std::string sql =
      "SELECT pg_catalog.bool_and(previous OPERATOR(pg_catalog.<) key) FROM (SELECT key,"
      " pg_catalog.lag(key) OVER (ORDER BY place) AS previous FROM "
      "pg_catalog.unnest(ARRAY[(SELECT " +
      column + " FROM " + from + " LIMIT 0)";
  for (const std::string& value : values) sql += ", " + PgQuoteLiteral(value);
  return sql + "]) WITH ORDINALITY AS listed (key, place)) AS pairs WHERE previous IS NOT NULL";
}

}  // namespace

RowsToSample AllRowsOf(const Description& description) {
  RowsToSample rows{
      .from = (IsReadAlone(description) ? "ONLY " : "") + QualifiedName(description.table),
      .condition = {},
      .pages = 0,
      .one_relation = description.IsOneRelation()};
  for (const Relation& leaf : description.leaves) rows.pages += static_cast<double>(leaf.pages);
  return rows;
}

std::string Sampled(const RowsToSample& rows, const SampleSize& size) {
  const std::string_view seed = rows.one_relation ? "1" : kSeedOfLeaf;
  return rows.from + " TABLESAMPLE SYSTEM (" + std::to_string(PercentOf(rows, size)) +
         ") REPEATABLE (" + std::string(seed) + ")";
}

arrow::Result<std::optional<ValueSample>> SampleValues(EstimateQueries& queries,
                                                       const RowsToSample& rows,
                                                       const std::string& expression,
                                                       const SampleSize& size) {
  ARROW_ASSIGN_OR_RAISE(const auto result, queries.AskBriefly(SampleSql(rows, expression, size)));
  if (!result) return std::nullopt;
  return SampleOf(*result, PercentOf(rows, size));
}

arrow::Result<bool> Ascend(EstimateQueries& queries, const std::string& from,
                           const std::string& column, std::span<const std::string> values) {
  if (values.size() < 2) return true;
  ARROW_ASSIGN_OR_RAISE(const auto result, queries.AskBriefly(AscendSql(from, column, values)));
  return result && result->Text(0, 0) == "t";
}

}  // namespace headrace
