#pragma once

#include <arrow/type_fwd.h>

#include <cstddef>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/destination/bigquery/table_field.h"
#include "headrace/model/error.h"

/// Which column of BigQuery an output column becomes, and what is staged for it.
///
/// A load job takes the pairs of physical and logical type of one closed table [1], and beside it
/// TIME and DATETIME where the schema is given: Google's own client stages them as int64 of
/// microseconds, the latter as a timestamp that is not adjusted to UTC [2]. So types are staged as
///
///   output                                 column                 staged
///   bool                                   BOOL                   bool
///   int8 … int64, uint8 … uint32           INTEGER                int16, int32, int64
///   uint64                                 NUMERIC                decimal128(20, 0)
///   half float, float; double              FLOAT                  float; double
///   date32, date64                         DATE                   date32
///   timestamp with a zone                  TIMESTAMP              timestamp[us, UTC]
///   timestamp without                      DATETIME               timestamp[us]
///   time32, time64                         TIME                   time64[us]
///   decimal(p,s)   s ≤  9, p − s ≤ 29      NUMERIC                decimal(p,s)
///                  s ≤ 38, p − s ≤ 38      BIGNUMERIC             decimal(p,s)
///                  else                    STRING                 utf8
///   text; the same marked as JSON          STRING; JSON           utf8
///   binary                                 BYTES                  binary
///   list                                   REPEATED               list<element>
///   struct                                 RECORD                 struct
///   map                                    REPEATED RECORD        map: needs `mapTargetType:
///                                          <key, value>           ARRAY_OF_STRUCT` [3]
///   dictionary, extension                  as their values or their storage
///
/// uint64 is an integer in [1], which fails for values beyond int64. A decimal of a negative scale
/// counts as one of more digits and scale 0. Which of the three types a decimal is loaded as is the
/// job's `decimalTargetTypes`, whose rule for (p, s) is the same [4]; all three must be listed.
/// Nulls, durations, intervals, unions, run-end encoded arrays and arrays of arrays [5] have no
/// column.
///
/// A column is REQUIRED where it cannot be NULL, and then REQUIRED in the file: the two must agree
/// [6]. The same goes for the fields of a RECORD, but for those within a REPEATED one, which are
/// NULLABLE, the key of a map excepted: Parquet has no other.
///
/// JSON from Parquet text is not in [1]: it is staged as text and needs PARSE_JSON on the way from
/// a table of its own. What the type keeps of a text is not all of it [7].
///
/// Nothing of this was run against the service. Sources:
///   [1] cloud.google.com/bigquery/docs/loading-data-cloud-storage-parquet#type_conversions
///   [2] github.com/googleapis/python-bigquery: _pyarrow_helpers.py, #895 (DATETIME), #667 (TIME)
///   [3] cloud.google.com/bigquery/docs/reference/rest/v2/tables#MapTargetType
///   [4] cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobConfigurationLoad: (38,9) NUMERIC,
///       (39,9) and (38,10) BIGNUMERIC
///   [5] cloud.google.com/bigquery/docs/reference/standard-sql/data-types#array_type: no array of
///       arrays, a NULL array is stored as an empty one, a NULL element is an error
///   [6] github.com/googleapis/google-cloud-python #8093
///   [7] cloud.google.com/bigquery/docs/reference/standard-sql/data-types#json_type
namespace headrace {

/// A table's columns, nested ones counted, and how deep RECORDs may lie in one another
/// (docs.cloud.google.com/python/docs/reference/datacatalog/latest, Schema.columns).
inline constexpr size_t kMostTableColumns = 10'000;
inline constexpr int kMostRecordLevels = 15;

/// Of a column (cloud.google.com/bigquery/docs/schemas#column_descriptions).
inline constexpr size_t kMostDescriptionCharacters = 1'024;

struct BigQueryColumn {
  TableField field;                      ///< In the table.
  std::shared_ptr<arrow::Field> staged;  ///< In the files, with the table's names at every depth.
  bool needs_cast = false;         ///< Its values are of another type than the output's, at some
                                   ///< depth; else only names differ.
  bool needs_parse_json = false;   ///< The job needs a staging table.
  std::vector<std::string> notes;  ///< What the column does not keep, for plan: a phrase each.
};

/// A name that BigQuery would not take.
struct RenamedField {
  std::string path;  ///< In the output: `price`, `lines[].price`.
  std::string name;  ///< Of the column or field in BigQuery.

  bool operator==(const RenamedField&) const = default;
};

struct BigQueryColumns {
  std::vector<BigQueryColumn> columns;  ///< In the output's order.
  std::vector<RenamedField> renamed;    ///< Those whose name changes.
};

/// What a job may ask for beyond the types of the output.
struct ColumnWishes {
  std::set<std::string, std::less<>> json;  ///< Output columns that become JSON.
};

/// The columns of a table for `output` (OutputSchema(plan)); the comments in its metadata become
/// descriptions. Errors of class user name the column and what the job can do: a type that BigQuery
/// has not, names as ColumnNames has them, a wish for a column that is no text, too many columns.
arrow::Result<BigQueryColumns> ColumnsOf(const arrow::Schema& output,
                                         const ColumnWishes& wishes = {});

/// TableSchema: `{"fields": […]}`.
nlohmann::json SchemaJson(const std::vector<BigQueryColumn>& columns);

/// The schema of the files.
std::shared_ptr<arrow::Schema> StagedSchema(const std::vector<BigQueryColumn>& columns);

}  // namespace headrace
