#include "headrace/source/postgres/known_name.h"

#include <algorithm>

#include "headrace/model/ascii.h"
#include "headrace/source/postgres/catalog.h"

namespace headrace {
namespace {

/// What `name`, SQL for a text, stands for; 0: nothing.
std::string StandsFor(const std::string& name) {
  return "coalesce(pg_catalog.to_regclass(" + name + ")::pg_catalog.oid, 0)";
}

/// In SQL it can be written in another way than letter by letter: quotes are doubled, letters
/// outside of ASCII have capitals of their own, and what a name is too long for is cut off.
bool IsPlain(std::string_view name) {
  constexpr size_t kLongestName = 63;
  return name.size() < kLongestName &&
         std::ranges::all_of(
             name, [](char c) { return static_cast<unsigned char>(c) < 0x80U && c != '"'; });
}

}  // namespace

arrow::Result<std::vector<KnownName>> ResolveNames(PgConnection& connection,
                                                   std::span<const std::string> names,
                                                   const std::stop_token& stop) {
  std::vector<KnownName> known;
  if (names.empty()) return known;
  ARROW_ASSIGN_OR_RAISE(
      const PgResult result,
      connection.Query("SELECT name, " + StandsFor("name") + " FROM pg_catalog.unnest(" +
                           TextArray(names) + ") AS name",
                       stop));
  for (int i = 0; i < result.rows(); ++i) {
    known.push_back({std::string(result.Text(i, 0)), static_cast<uint64_t>(result.Int64(i, 1))});
  }
  return known;
}

std::string ChangedNameSql(std::span<const KnownName> known) {
  if (known.empty()) return "NULL";
  std::vector<std::string> names;
  std::string oids;
  for (const KnownName& each : known) {
    names.push_back(each.name);
    oids += (oids.empty() ? "" : ",") + std::to_string(each.oid);
  }
  return "(SELECT k.name FROM ROWS FROM (pg_catalog.unnest(" + TextArray(names) +
         "), pg_catalog.unnest('{" + oids + "}'::pg_catalog.oid[])) AS k(name, oid) WHERE " +
         StandsFor("k.name") + " <> k.oid LIMIT 1)";
}

bool MayName(std::string_view sql, std::string_view name) {
  const std::string lower = LowerAsciiText(sql);
  return !IsPlain(name) || lower.find("u&\"") != std::string::npos ||
         lower.find(LowerAsciiText(name)) != std::string::npos;
}

}  // namespace headrace
