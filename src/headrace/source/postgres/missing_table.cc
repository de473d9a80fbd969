#include "headrace/source/postgres/missing_table.h"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "headrace/config/nearest.h"

namespace headrace {
namespace {

constexpr size_t kMostNames = 3;

/// Names that differ in case alone come first, so that the limit never hides them.
constexpr std::string_view kLikelyQuery =
    "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,"
    " (VALUES ($name::pg_catalog.text)) AS w(wanted)"
    " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')"
    "  AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
    "  AND n.nspname NOT LIKE 'pg\\_toast%' AND n.nspname NOT LIKE 'pg\\_temp\\_%'"
    "  AND pg_catalog.abs(pg_catalog.length(c.relname::pg_catalog.text)"
    "   - pg_catalog.length(wanted)) <= 1 + pg_catalog.length(wanted) / 3"
    " ORDER BY pg_catalog.lower(c.relname::pg_catalog.text) <> pg_catalog.lower(wanted),"
    "  n.nspname, c.relname LIMIT 2000";

std::string LikelyQuery(const TableRef& table) {
  std::string query(kLikelyQuery);
  constexpr std::string_view kPlace = "$name";
  query.replace(query.find(kPlace), kPlace.size(), PgQuoteLiteral(table.name));
  return query;
}

/// How a job writes it.
std::string NamePart(std::string_view part) {
  return part.find_first_of(".\"*?[ ") == std::string_view::npos ? std::string(part)
                                                                 : PgQuoteIdentifier(part);
}

struct LikelyTable {
  int distance = 0;
  std::string name;
};

bool IsSlip(std::string_view written, std::string_view meant) {
  return !Nearest(written, std::span(&meant, 1)).empty();
}

/// A slip in the name, in the schema, or in both; another schema altogether where the name is the
/// same.
bool IsLikely(const TableRef& table, std::string_view schema, std::string_view name) {
  if (!IsSlip(table.name, name)) return false;
  return table.schema.empty() || IsSlip(table.schema, schema) ||
         EditDistance(table.name, name) == 0;
}

std::vector<LikelyTable> LikelyTables(const PgResult& result, const TableRef& table) {
  std::vector<LikelyTable> likely;
  for (int i = 0; i < result.rows(); ++i) {
    const std::string_view schema = result.Text(i, 0);
    const std::string_view name = result.Text(i, 1);
    if (!IsLikely(table, schema, name)) continue;
    const int other_schema = table.schema.empty() ? 0 : EditDistance(table.schema, schema);
    likely.push_back(
        {EditDistance(table.name, name) + other_schema, NamePart(schema) + "." + NamePart(name)});
  }
  std::ranges::stable_sort(likely, {}, &LikelyTable::distance);
  return likely;
}

/// `; did you mean public.Orders, public.order or sales.orders?`, or empty.
std::string DidYouMean(const std::vector<LikelyTable>& likely) {
  if (likely.empty()) return {};
  const size_t names = std::min(likely.size(), kMostNames);
  std::string text = "; did you mean " + likely.front().name;
  for (size_t i = 1; i < names; ++i) text += (i + 1 < names ? ", " : " or ") + likely[i].name;
  return text + "?";
}

std::string Advice(const TableRef& table) {
  const bool folded = std::ranges::any_of(table.name, [](char c) { return c >= 'A' && c <= 'Z'; });
  return folded ? "; names are taken in their exact case, and unquoted names are lower case in "
                  "PostgreSQL"
                : "; `headrace inspect` lists those that are";
}

}  // namespace

arrow::Status NoSuchTable(PgConnection& connection, const TableRef& table,
                          const std::stop_token& stop) {
  const auto result = connection.Query(LikelyQuery(table), stop);
  if (!result.ok() && CodeOf(result.status()) == kInterruptedCode) return result.status();
  std::string likely = result.ok() ? DidYouMean(LikelyTables(*result, table)) : std::string();
  if (likely.empty()) likely = Advice(table);
  return UserError("there is no table " + table.label() + likely, "42P01");
}

}  // namespace headrace
