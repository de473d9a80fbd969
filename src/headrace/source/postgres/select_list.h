#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>

#include "headrace/source/postgres/pg_type.h"

namespace headrace {

/// A value as it is asked for: the SQL expression, and the type in which its binary form comes.
struct WireValue {
  std::string expression;
  PgTypePtr wire;
};

/// How to read `expression`, a value of `type`, as `wanted`: the type of ArrowTypeOf, or utf8 for
/// the server's own text of a value that has another type there.
///
/// "Own text" is what the type's output function gives, not a cast: `inet::text` adds a mask that
/// the server does not print, and `char(n)::text` loses its blanks.
WireValue WireOf(const std::string& expression, const PgTypePtr& type,
                 const arrow::DataType& wanted);

}  // namespace headrace
