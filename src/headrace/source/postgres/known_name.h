#pragma once

#include <cstdint>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/client/postgres/connection.h"
#include "headrace/model/error.h"

namespace headrace {

/// A name that SQL of the job looks up, and the relation that it stood for.
struct KnownName {
  std::string name;  ///< Quoted where it must be; without a schema it is looked up along the path.
  uint64_t oid = 0;  ///< 0: there was none.
};

/// What `names` stand for now: names are looked up in the catalogue as it is, whatever the
/// snapshot. The role must have the right to use their schemas.
arrow::Result<std::vector<KnownName>> ResolveNames(PgConnection& connection,
                                                   std::span<const std::string> names,
                                                   const std::stop_token& stop);

/// SQL for one of `known` that stands for another relation by now; NULL: all are as they were.
std::string ChangedNameSql(std::span<const KnownName> known);

/// Whether `sql`, a condition or query of the job, may have `name` for a relation: it holds it as a
/// text, capitals or not. What is not sure is taken for so.
bool MayName(std::string_view sql, std::string_view name);

}  // namespace headrace
