#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "headrace/destination/bigquery/bigquery_options.h"
#include "headrace/destination/bigquery/column_types.h"
#include "headrace/destination/bigquery/load_job.h"
#include "headrace/model/commit.h"

namespace headrace {

/// What the service has under a table's name.
struct TableState {
  std::optional<nlohmann::json> table;    ///< Its resource; none: there is no such table.
  std::optional<nlohmann::json> dataset;  ///< Of the dataset, where the table is not there.
};

/// What a run wants of a table.
struct LoadRequest {
  BigQueryTable table;
  std::string label;  ///< Of the source's table, for people.
  WriteMode mode = WriteMode::kAppend;
  std::shared_ptr<arrow::Schema> schema;  ///< Of the output.
};

/// How a run's rows will be loaded: all that is decided before a row is read.
struct TableLoad {
  LoadTarget target;
  std::string location;  ///< Of the dataset, and so of the job.
  bool makes_dataset = false;
  std::vector<BigQueryColumn> columns;  ///< That are staged, as the table has them.
  nlohmann::json patch;                 ///< As Publication has it.
  std::optional<std::string> table_created;
  std::vector<std::string> notes;  ///< What is not as the job says, for plan.
  std::string folder = {};         ///< Where its files are staged (StagingArea::Begin).
};

/// Decides it. Errors of class user where it cannot be: what `state` is at odds with what the job
/// wants, with the difference of the columns.
arrow::Result<TableLoad> DecideLoad(const BigQuerySettings& settings, const TableSettings& table,
                                    const LoadRequest& request, const TableState& state);

}  // namespace headrace
