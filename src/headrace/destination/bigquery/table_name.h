#pragma once

#include <string>
#include <string_view>

#include "headrace/model/error.h"
#include "headrace/model/table_ref.h"

namespace headrace {

/// Of a table, in UTF-8 (cloud.google.com/bigquery/docs/tables#table_naming).
inline constexpr size_t kMostTableNameBytes = 1'024;

/// What a table is called in BigQuery: `pattern`, in which `{schema}` and `{table}` stand for those
/// of `table` (an alias is a table without a schema), with every ASCII character that is no letter,
/// digit, `_` or `-` as `_`. Letters beyond ASCII stay: the service takes those of every script.
/// Error of class user where nothing is left, it is too long, or `pattern` has other words in
/// braces.
arrow::Result<std::string> TableName(std::string_view pattern, const TableRef& table);

}  // namespace headrace
