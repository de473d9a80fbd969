#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/client/bigquery/client.h"
#include "headrace/destination/bigquery/bigquery_options.h"
#include "headrace/destination/bigquery/column_types.h"
#include "headrace/model/commit.h"

/// What a load job is asked for. Sources:
///   [1] cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobConfigurationLoad
///   [2] cloud.google.com/bigquery/docs/running-jobs#generate-jobid
///   [3] cloud.google.com/bigquery/quotas#load_jobs
namespace headrace {

/// URIs in one job [3].
inline constexpr size_t kMostSourceUris = 10'000;

/// What `jobReference.jobId` is made of: the same values give the same id, in `[A-Za-z0-9_-]` [2],
/// so that a request that is sent again cannot load rows again. An attempt that has failed needs
/// an id of its own: the service keeps those of failed jobs too.
struct LoadAttempt {
  std::string_view job;  ///< headrace's.
  std::string_view run;
  std::string_view target;  ///< `project.dataset.table`.
  int epoch = 0;            ///< Each stages anew, and may load anew.
  int attempt = 1;          ///< Of the epoch's commit: 1, 2, …
};
std::string LoadJobId(const LoadAttempt& attempt);

/// How the rows of a run meet the table that is there.
struct LoadTarget {
  BigQueryTable table;
  WriteMode mode = WriteMode::kAppend;
  nlohmann::json schema;  ///< TableSchema of the table as it will be.
  /// `timePartitioning`, `rangePartitioning`, `clustering` of the table as it will be; none: {}.
  nlohmann::json layout;
  std::vector<std::string> schema_updates;  ///< `schemaUpdateOptions`.
  bool is_new = false;                      ///< The job makes the table.
  bool keeps_schema = false;                ///< Of kReplace: nothing of the schema changes.
  std::string description;                  ///< Of a table that is made.
  std::vector<std::pair<std::string, std::string>> labels;
};

/// The job's `configuration`: Parquet files `uris`, types as the schema says, all rows or none.
nlohmann::json LoadConfiguration(const LoadTarget& target, const std::vector<std::string>& uris);

/// The keys of a load job's configuration for a table that is laid out like this. Names of columns
/// are checked against `columns`: class user where one is not there, or of a type that the service
/// does not partition or cluster by.
arrow::Result<nlohmann::json> LayoutJson(const TableLayout& layout,
                                         const std::vector<TableField>& columns);

}  // namespace headrace
