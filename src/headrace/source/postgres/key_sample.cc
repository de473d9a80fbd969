#include "headrace/source/postgres/key_sample.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "headrace/model/utf8.h"
#include "headrace/source/postgres/catalog.h"

namespace headrace {
namespace {

/// Rows of one page are often neighbours by key, so that pages count, not rows: so many place a
/// hundredth of the rows within a few thousandths. The second number is for a server that is slow.
constexpr std::array<double, 2> kPagesTried = {2'000, 100};

/// Keys that are told of those sampled.
constexpr int kMostKeys = 10'000;

/// Longer ones are left out: a unit carries two of them.
constexpr int kLongestKey = 1'000;

/// Counts the leaves that are sampled, in a setting that ends with the savepoint: each one
/// evaluates its seed. One seed for all would take blocks of the same numbers from each, of small
/// leaves none or all. With random() for a seed no two plans would be alike.
constexpr std::string_view kSeedOfLeaf =
    "pg_catalog.set_config('headrace.leaf', (1 OPERATOR(pg_catalog.+) pg_catalog.concat('0',"
    " pg_catalog.current_setting('headrace.leaf', true))::pg_catalog.int4)::pg_catalog.text, true)"
    "::pg_catalog.float8";

/// Whether a key is the same once it has been to UTF-8 and back, as it is when a unit names it.
/// Some encodings have two codes of one character: of those that come back other keys.
constexpr std::string_view kComesBack =
    "CASE WHEN pg_catalog.getdatabaseencoding() OPERATOR(pg_catalog.=) ANY"
    " ('{UTF8,SQL_ASCII}'::pg_catalog.name[]) THEN true"
    " ELSE pg_catalog.convert_from(pg_catalog.convert_to(key::pg_catalog.text, 'UTF8'), 'UTF8')"
    R"( COLLATE pg_catalog."C" OPERATOR(pg_catalog.=) key::pg_catalog.text END)";

std::string FromTable(const Description& description) {
  return (description.IsOneRelation() ? "ONLY " : "") + QualifiedName(description.table);
}

/// The rank of a value, and so its share, is that of all its peers: equal ones, also those that a
/// collation takes for equal, are told apart from the next greater one by it.
std::string SampleSql(const Description& description, const Column& column, double percent) {
  const std::string name = PgQuoteIdentifier(column.name);
  const std::string_view seed = description.IsOneRelation() ? "1" : kSeedOfLeaf;
  return "SELECT key::pg_catalog.text, share FROM (SELECT key,"
         " (rank() OVER by_key - 1)::pg_catalog.float8 / count(*) OVER () AS share,"
         " row_number() OVER by_key AS place, count(*) OVER () AS sampled"
         " FROM (SELECT " +
         name + " AS key FROM " + FromTable(description) + " TABLESAMPLE SYSTEM (" +
         std::to_string(percent) + ") REPEATABLE (" + std::string(seed) + ") WHERE " + name +
         " IS NOT NULL) AS sample WINDOW by_key AS (ORDER BY key)) AS placed"
         " WHERE place % greatest(1, sampled / " +
         std::to_string(kMostKeys) + ") = 0 AND pg_catalog.octet_length(key::pg_catalog.text) <= " +
         std::to_string(kLongestKey) + " AND " + std::string(kComesBack) + " ORDER BY place";
}

std::vector<KeyBound> KeysOf(const PgResult& result) {
  std::vector<KeyBound> keys;
  for (int i = 0; i < result.rows(); ++i) {
    KeyBound key{.value = std::string(result.Text(i, 0)), .share_below = result.Double(i, 1)};
    const bool is_peer = !keys.empty() && key.share_below <= keys.back().share_below;
    if (!is_peer && IsUtf8(key.value)) keys.push_back(std::move(key));
  }
  return keys;
}

/// Whether each key is less than the next one. The literals are those that units will send; beside
/// a value of the column, though there is none, they have its type and its collation.
std::string AscendSql(const Description& description, const Column& column,
                      const std::vector<KeyBound>& keys) {
  std::string sql =
      "SELECT pg_catalog.bool_and(previous OPERATOR(pg_catalog.<) key) FROM (SELECT key,"
      " pg_catalog.lag(key) OVER (ORDER BY place) AS previous FROM "
      "pg_catalog.unnest(ARRAY[(SELECT " +
      PgQuoteIdentifier(column.name) + " FROM " + FromTable(description) + " LIMIT 0)";
  for (const KeyBound& key : keys) sql += ", " + PgQuoteLiteral(key.value);
  return sql + "]) WITH ORDINALITY AS listed (key, place)) AS pairs WHERE previous IS NOT NULL";
}

/// Rows would be in two units, or in none, if the server read a bound in another way than it wrote
/// it.
arrow::Result<bool> Ascend(EstimateQueries& queries, const Description& description,
                           const Column& column, const std::vector<KeyBound>& keys) {
  if (keys.size() < 2) return true;
  ARROW_ASSIGN_OR_RAISE(const auto result,
                        queries.AskBriefly(AscendSql(description, column, keys)));
  return result && result->Text(0, 0) == "t";
}

}  // namespace

bool HasKeyOrder(const Column& column) {
  constexpr std::array<std::string_view, 4> kPlain = {"text", "uuid", "numeric",
                                                      "character varying"};
  constexpr std::array<std::string_view, 3> kWithSize = {"character varying(", "character(",
                                                         "numeric("};
  const std::string_view type = column.source_type;
  const auto has_prefix = [&](std::string_view prefix) { return type.starts_with(prefix); };
  return std::ranges::find(kPlain, type) != kPlain.end() ||
         (std::ranges::any_of(kWithSize, has_prefix) && type.ends_with(')'));
}

arrow::Result<std::vector<KeyBound>> SampleKeys(EstimateQueries& queries,
                                                const Description& description,
                                                const Column& column) {
  double pages = 0;
  for (const Relation& leaf : description.leaves) pages += static_cast<double>(leaf.pages);
  for (const double wanted : kPagesTried) {
    const double percent = std::min(100.0, 100.0 * wanted / std::max(pages, 1.0));
    ARROW_ASSIGN_OR_RAISE(const auto result,
                          queries.AskBriefly(SampleSql(description, column, percent)));
    if (!result) continue;
    std::vector<KeyBound> keys = KeysOf(*result);
    ARROW_ASSIGN_OR_RAISE(const bool ascend, Ascend(queries, description, column, keys));
    return ascend ? std::move(keys) : std::vector<KeyBound>{};
  }
  return std::vector<KeyBound>{};
}

}  // namespace headrace
