#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "headrace/model/commit.h"
#include "headrace/model/error.h"

namespace headrace {

/// What BigQuery's commits need beside what every commit has: CommitIntent::publication
/// (docs/format/bigquery_commit.md). A value.
struct Publication {
  std::string project;
  std::string dataset;
  std::string table;
  std::string location;  ///< Of the job, which is that of the dataset.
  int attempt = 1;       ///< That the job id is of: those before have failed.
  bool makes_dataset = false;
  bool makes_table = false;
  nlohmann::json configuration;  ///< Of the load job; null: nothing is loaded.
  nlohmann::json patch;          ///< What a table that was made gets behind it: keys of the table's
                                 ///< resource that no load job sets; null: nothing.

  std::optional<std::string> table_created;  ///< `creationTime` of the table: one that was dropped
                                             ///< and made again has another. In records always.

  /// Of a record: what the job has said of itself.
  struct Loaded {
    std::string job_id;
    int64_t rows = 0;
    int64_t bytes = 0;  ///< Of the rows, as the service counts them.
    int64_t slot_ms = 0;
  };
  std::optional<Loaded> loaded;
};

/// As CommitIntent::publication has it.
std::string TextOf(const Publication& publication);
arrow::Result<Publication> PublicationOf(const CommitIntent& intent);

}  // namespace headrace
