#pragma once

#include <string>
#include <string_view>

namespace headrace {

/// Names one table or query of a source. A value; equality is by all parts.
struct TableRef {
  std::string
      schema;  ///< As in the catalogue; empty where the source has no schemas, and for queries.
  std::string name;   ///< As in the catalogue; empty for queries.
  std::string query;  ///< The SELECT text; empty for tables.
  std::string alias;  ///< `as:` of the job; required for queries, else empty.

  bool operator==(const TableRef&) const = default;

  bool is_query() const { return !query.empty(); }

  /// What people call it: the alias of a query, else `schema.name`.
  std::string label() const;

  /// The directory (and journal key) of the table: each part percent-encoded outside
  /// `[A-Za-z0-9_-]`, joined by `.`; the alias alone where there is one.
  std::string directory() const;
};

/// `text` with every byte outside `[A-Za-z0-9_-]` as `%XX`.
std::string PercentEncode(std::string_view text);

/// Parses a table name of a job file: `schema.name` or `name`, where SQL double quotes protect dots
/// and stars. Never fails: what is not quoted is taken as it is.
TableRef ParseTableName(std::string_view text);

}  // namespace headrace
