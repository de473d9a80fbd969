#pragma once

#include <cstdint>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "headrace/client/postgres/connection.h"
#include "headrace/model/error.h"

namespace headrace {

/// Where the rows of a relation lie. TRUNCATE, REFRESH MATERIALIZED VIEW and whatever else rewrites
/// them without leaving them to older snapshots gives it another file.
struct StoredRelation {
  std::string root;  ///< The quoted name that it was found by, its own or that of a table above it.
  std::string name;  ///< For people.
  uint64_t oid = 0;
  uint64_t file = 0;  ///< 0: it has none, as partitioned and foreign tables.

  bool operator==(const StoredRelation&) const = default;
};

/// Of the relations of these quoted names and of all below them, by their identity. The files are
/// those of now, whatever the snapshot; takes the transaction's snapshot if there is none yet.
arrow::Result<std::vector<StoredRelation>> ReadStorage(PgConnection& connection,
                                                       std::span<const std::string> relations,
                                                       const std::stop_token& stop);

/// The name of one that is in one of them alone, or has another file; empty: they are the same.
std::string ChangedStorage(const std::vector<StoredRelation>& before,
                           const std::vector<StoredRelation>& now);

}  // namespace headrace
