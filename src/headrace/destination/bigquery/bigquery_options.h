#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "headrace/config/option.h"
#include "headrace/model/error.h"
#include "headrace/staging/column_choice.h"

namespace headrace {

/// Whether datasets and tables that are not there are made.
enum class CreatePolicy { kIfNeeded, kNever };

/// What is done where a table has other columns than the run (`on_schema_change`).
enum class SchemaChangePolicy {
  kError,           ///< Any difference is an error.
  kEvolve,          ///< The table gets columns that are new; REQUIRED ones become NULLABLE.
  kFreeze,          ///< The table stays as it is: columns that the run lacks are NULL, new ones an
                    ///< error.
  kDiscardColumns,  ///< As kFreeze, but that new columns are left out.
};

/// How tables are laid out that a run makes.
struct TableLayout {
  std::string partition_by;    ///< A column, as it is called in BigQuery; empty: not partitioned.
  std::string partition_type;  ///< HOUR, DAY, MONTH, YEAR or RANGE.
  struct Range {
    int64_t start = 0;
    int64_t end = 0;
    int64_t interval = 0;
  };
  std::optional<Range> range;  ///< Of partition_type RANGE.
  std::optional<int64_t> partition_expiration_ms;
  bool require_partition_filter = false;
  std::vector<std::string> cluster_by;
  std::optional<int64_t> table_expiration_ms;
};

/// A bucket and where in it.
struct BucketPrefix {
  std::string bucket;
  std::string prefix;  ///< Without slashes at its ends; empty: the bucket itself.

  std::string uri() const { return "gs://" + bucket + (prefix.empty() ? "" : "/" + prefix); }
};

/// What a table of a job may say otherwise than the job.
struct TableSettings {
  TableLayout layout;
  SchemaChangePolicy on_schema_change = SchemaChangePolicy::kError;
  Compression compression = Compression::kAuto;
  int64_t target_file_size = 256LL << 20;
};

struct BigQuerySettings {
  std::string project;
  std::string dataset;
  std::string table_template;  ///< With `{schema}` and `{table}`.
  std::string location;        ///< Empty: that of the dataset.
  std::optional<BucketPrefix> staging;
  CreatePolicy create = CreatePolicy::kIfNeeded;
  std::vector<std::pair<std::string, std::string>> labels;  ///< Of tables that are made, and jobs.
  std::optional<std::string> credentials_file;
  TableSettings table;
};

/// The option table of `type: bigquery`.
const PluginOptions& BigQueryOptions();

/// Errors of class user name the key.
arrow::Result<BigQuerySettings> ReadBigQuerySettings(const OptionValues& options);

/// `settings` with what `options` of a table say.
arrow::Result<TableSettings> ReadTableSettings(const OptionValues& options, TableSettings settings);

}  // namespace headrace
