#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>

#include "headrace/source/postgres/field_reader.h"
#include "headrace/source/postgres/pg_type.h"

namespace headrace {

/// What a type becomes by docs/guide/postgresql.md.
struct ArrowChoice {
  std::shared_ptr<arrow::DataType> type;
  bool may_overflow = false;  ///< Some of its values do not fit.
  std::string note;           ///< Said in plan.
};

/// Never fails: what has no binary form here is the server's own text.
ArrowChoice ArrowTypeOf(const PgType& type);

/// The binary form of `type` can be read as it is; otherwise, for a base type, its text is asked
/// for.
bool HasBinaryForm(const PgType& type);

}  // namespace headrace
