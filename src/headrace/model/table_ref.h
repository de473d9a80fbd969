#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace headrace {

/// Longest name of a file on the usual file systems (NAME_MAX of Linux), and so of a directory.
inline constexpr size_t kMostDirectoryBytes = 255;

/// Names one table or query of a source. A value; equality is by all parts.
struct TableRef {
  std::string
      schema;  ///< As in the catalogue; empty where the source has no schemas, and for queries.
  std::string name;   ///< As in the catalogue; empty for queries.
  std::string query;  ///< The SELECT text; empty for tables.
  std::string alias;  ///< `as:` of the job; required for queries, else empty.

  bool operator==(const TableRef&) const = default;

  bool is_query() const { return !query.empty(); }

  /// What people call it, and what `--only` takes: the alias of a query, else `schema.name` as a
  /// job writes it, with quotes where dots, stars, question marks or quotes are part of a name. The
  /// tables of one job have different ones.
  std::string label() const;

  /// The directory (and journal key) of the table: each part percent-encoded outside
  /// `[A-Za-z0-9_-]`, joined by `.`; the alias alone where there is one.
  std::string directory() const;
};

/// Parses a table name of a job file: `schema.name` or `name`, where SQL double quotes protect
/// dots, stars and question marks. Never fails: what is not quoted is taken as it is.
TableRef ParseTableName(std::string_view text);

}  // namespace headrace
