#include "headrace/source/postgres/missing_table.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/source/likely_table.h"
#include "headrace/source/postgres/catalog.h"

namespace headrace {
namespace {

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

std::vector<TableRef> TablesOf(const PgResult& result) {
  std::vector<TableRef> tables;
  tables.reserve(static_cast<size_t>(result.rows()));
  for (int i = 0; i < result.rows(); ++i) {
    tables.push_back({.schema = std::string(result.Text(i, 0)),
                      .name = std::string(result.Text(i, 1)),
                      .query = {},
                      .alias = {}});
  }
  return tables;
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
  std::string likely = result.ok() ? DidYouMeanTable(table, TablesOf(*result)) : std::string();
  if (likely.empty()) likely = Advice(table);
  return UserError("there is no table " + table.label() + likely, "42P01");
}

arrow::Status ExplainMissing(PgConnection& connection, const TableRef& table,
                             const arrow::Status& cause, const std::stop_token& stop) {
  const auto there = connection.Query(
      "SELECT pg_catalog.to_regclass(" + PgQuoteLiteral(QualifiedName(table)) + ") IS NOT NULL",
      stop);
  if (!there.ok() || !there->Boolean(0, 0)) return NoSuchTable(connection, table, stop);
  // It is there by now: made, or renamed, since it was looked for.
  if (cause.message().find(table.name) != std::string::npos) return cause;
  return cause.WithMessage("table " + table.label() +
                           " is there, and what it reads is not: " + cause.message());
}

}  // namespace headrace
