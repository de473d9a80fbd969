#pragma once

#include <arrow/type_fwd.h>

#include <string>

#include "headrace/model/committed_schema.h"

namespace headrace {

/// Empty if the columns of the two agree in name, type and order; else the columns that only one of
/// them has, a line each: `- ` in front of those of `table` alone, `+ ` in front of those of `run`
/// alone, or that the order differs. Names that could be taken for something else are in quotes.
///
/// The display text of a record of version 1 is compared with that of `run`, line by line: two
/// tables that are shown alike count as alike.
std::string SchemaDifference(const CommittedSchema& table, const arrow::Schema& run);

}  // namespace headrace
