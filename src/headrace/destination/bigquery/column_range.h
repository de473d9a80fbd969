#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "headrace/destination/bigquery/column_types.h"
#include "headrace/model/civil_time.h"
#include "headrace/model/held_values.h"

/// What BigQuery's columns cannot hold of what an Arrow array can. Sources:
///   [1] cloud.google.com/bigquery/docs/reference/standard-sql/data-types
///   [2] cloud.google.com/bigquery/docs/supported-data-types: DATE as days since 1970
///   [3] cloud.google.com/bigquery/docs/loading-data-cloud-storage-parquet#input_file_requirements
namespace headrace {

/// DATE: 0001-01-01 to 9999-12-31 [1], as days since 1970 [2].
inline constexpr int64_t kFirstBigQueryDay = -719'162;
inline constexpr int64_t kLastBigQueryDay = 2'932'896;

/// DATETIME and TIMESTAMP: the same days, to the last microsecond [1].
inline constexpr int64_t kFirstBigQueryMicros = kFirstBigQueryDay * kMicrosPerDay;
inline constexpr int64_t kLastBigQueryMicros = (kLastBigQueryDay + 1) * kMicrosPerDay - 1;

/// TIME: 00:00:00 to 23:59:59.999999 [1].
inline constexpr int64_t kLastBigQueryTimeOfDay = kMicrosPerDay - 1;

/// Decimals that a type holds whatever their digits are [1].
struct DecimalLimits {
  int32_t whole_digits = 0;  ///< Before the point.
  int32_t scale = 0;         ///< Behind it.
};
inline constexpr DecimalLimits kNumericLimits = {.whole_digits = 29, .scale = 9};

/// Of a 39th digit before the point BIGNUMERIC holds a part: to 5.7896…E+38.
inline constexpr DecimalLimits kBigNumericLimits = {.whole_digits = 38, .scale = 38};

/// A row of a Parquet file should have no more [3]: 50 MB, taken in decimal.
inline constexpr int64_t kMostRowBytes = 50'000'000;

/// Of a staged type that has more values than its column: date32, timestamp[us], time64[us]. None:
/// the column holds every value of it.
std::optional<StoredRange> HeldRange(const arrow::DataType& staged);

/// What `column` holds of its staged type: numbers by HeldRange, no NULL in a place that is
/// REQUIRED in the file, and none among the elements of an array, which the service takes for an
/// error [1]. A NULL array is held where the file may have it: it becomes one without elements.
HeldValues HeldBy(const BigQueryColumn& column);

/// Why a value that HeldBy counts as held may not come back from a column as it was staged.
enum class Misfit {
  kNegativeZero,  ///< -0.0 is stored as 0 [1]: nobody loses a number, but bits differ.
  kNotJson,       ///< Text that PARSE_JSON refuses or changes.
};

struct PossibleMisfit {
  std::string path;  ///< In the table, with `[]` behind an array: `lines[].price`.
  Misfit misfit = Misfit::kNegativeZero;

  bool operator==(const PossibleMisfit&) const = default;
};

/// What `column` may change of values that it holds, by its types alone, in their order; empty:
/// nothing.
std::vector<PossibleMisfit> PossibleMisfits(const BigQueryColumn& column);

}  // namespace headrace
