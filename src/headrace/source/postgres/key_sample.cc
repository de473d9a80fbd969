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

/// The rank of a value, and so its share, is that of all its peers: equal ones, also those that a
/// collation takes for equal, are told apart from the next greater one by it.
std::string SampleSql(const Description& description, const Column& column, double percent) {
  const std::string only = description.IsOneRelation() ? "ONLY " : "";
  const std::string name = PgQuoteIdentifier(column.name);
  return "SELECT key::pg_catalog.text, share FROM (SELECT key,"
         " (rank() OVER by_key - 1)::pg_catalog.float8 / count(*) OVER () AS share,"
         " row_number() OVER by_key AS place, count(*) OVER () AS sampled"
         " FROM (SELECT " +
         name + " AS key FROM " + only + QualifiedName(description.table) +
         " TABLESAMPLE SYSTEM (" + std::to_string(percent) + ") REPEATABLE (1) WHERE " + name +
         " IS NOT NULL) AS sample WINDOW by_key AS (ORDER BY key)) AS placed"
         " WHERE place % greatest(1, sampled / " +
         std::to_string(kMostKeys) + ") = 0 AND pg_catalog.octet_length(key::pg_catalog.text) <= " +
         std::to_string(kLongestKey) + " ORDER BY place";
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

}  // namespace

bool HasKeyOrder(const Column& column) {
  constexpr std::array<std::string_view, 3> kPlain = {"text", "uuid", "numeric"};
  constexpr std::array<std::string_view, 3> kWithSize = {"character varying", "character(",
                                                         "numeric("};
  const std::string_view type = column.source_type;
  return std::ranges::find(kPlain, type) != kPlain.end() ||
         std::ranges::any_of(kWithSize, [&](auto prefix) { return type.starts_with(prefix); });
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
    if (result) return KeysOf(*result);
  }
  return std::vector<KeyBound>{};
}

}  // namespace headrace
