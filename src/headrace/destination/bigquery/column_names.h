#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/model/error.h"

namespace headrace {

/// Names of columns and of the fields of a RECORD in BigQuery [1]: letters (a-z, A-Z), digits and
/// underscores, a letter or an underscore in front, 300 characters at most, none of the prefixes
/// below, and no two alike but for the case. "Flexible" names may hold more, but not in external
/// tables, and the Storage APIs want special handling for them; a load job of Parquet files takes
/// no dot [2], and up to 2025 took flexible names on application only [3]. headrace makes none.
///
///   [1] cloud.google.com/bigquery/docs/schemas#column_names
///   [2] cloud.google.com/bigquery/docs/loading-data-cloud-storage-parquet#limitations_2
///   [3] the same page in its older editions
inline constexpr size_t kMostNameCharacters = 300;

/// Whether `name` begins with a prefix that the service refuses: `_TABLE_`, `_FILE_`, `_PARTITION`,
/// `_ROW_TIMESTAMP`, `__ROOT__`, `_COLIDENTIFIER`, `_CHANGE_SEQUENCE_NUMBER`, `_CHANGE_TYPE` or
/// `_CHANGE_TIMESTAMP`, in capitals or small letters: it refuses either [4].
///
///   [4] github.com/airbytehq/airbyte, testFailureOnReservedColumnNamePrefix, run against it
bool HasRefusedPrefix(std::string_view name);

/// Whether BigQuery takes `name` as that of a column.
bool IsColumnName(std::string_view name);

/// What the column `name` is called in BigQuery, by one rule: each character that is no letter,
/// digit or underscore of ASCII becomes `_` (one per character, and one per byte of what is no
/// UTF-8), and one `_` goes in front of a digit, of a refused prefix, and of nothing. A name that
/// BigQuery takes is left alone, and no name depends on another. The result is a column's name, but
/// for its length.
std::string ColumnName(std::string_view name);

/// ColumnName of each of `names`, which are columns or, where `path` is not empty, fields of the
/// record there. Errors of class user, with both names as the job has them: where two become one,
/// and where one is too long.
arrow::Result<std::vector<std::string>> ColumnNames(const std::vector<std::string>& names,
                                                    std::string_view path = {});

}  // namespace headrace
