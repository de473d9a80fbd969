#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <span>
#include <string_view>

#include "headrace/model/error.h"

namespace headrace {

/// A type that a job file may name (`type:` of a column). The one list of them: parser, JSON Schema
/// and guide read it.
struct TypeName {
  std::string_view
      name;  ///< As written; `decimal(p,s)` stands for all of its precisions and scales.
  std::string_view pattern;  ///< ECMA 262 regular expression, without anchors, of what is accepted.
  std::string_view doc;
};

std::span<const TypeName> TypeNames();

/// Parses a type of the job file: `bool`, `int16 | int32 | int64`, `float | double`, `decimal(p,s)`
/// with 1 ≤ p ≤ 76 and 0 ≤ s ≤ p, `string`, `bytes`, `date`, `time` (µs), `timestamp` (µs, without
/// zone), `timestamptz` (µs, UTC). Lower case, as listed. Errors of class user list the names.
arrow::Result<std::shared_ptr<arrow::DataType>> ParseTypeName(std::string_view text);

}  // namespace headrace
