#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "headrace/client/google_api/rest.h"
#include "headrace/client/http/http.h"
#include "headrace/client/http/resumable_upload.h"
#include "headrace/model/error.h"

namespace headrace {

struct BigQueryDataset {
  std::string project;
  std::string dataset;
};

struct BigQueryTable {
  std::string project;
  std::string dataset;
  std::string table;

  /// `project.dataset.table`, for people.
  std::string label() const { return project + "." + dataset + "." + table; }
};

/// A job is found by all three; `location` may be empty only of the multi-regions US and EU.
struct BigQueryJob {
  std::string project;
  std::string location;
  std::string id;
};

/// BigQuery's REST API (https://cloud.google.com/bigquery/docs/reference/rest), as far as headrace
/// asks for it. Resources are the service's own JSON. Every call is one request, or one per page:
/// what is sent again, and when, is up to the transport's decorators; each call may be. Errors are
/// those of BigQueryError. Thread-safe.
class BigQueryClient {
 public:
  /// `root` is that of a BigQueryEndpoint.
  BigQueryClient(std::shared_ptr<HttpTransport> transport, std::string root);

  /// The resource, or nothing where there is none.
  arrow::Result<std::optional<nlohmann::json>> FindDataset(const BigQueryDataset& dataset,
                                                           const std::stop_token& stop) const;
  arrow::Result<std::optional<nlohmann::json>> FindTable(const BigQueryTable& table,
                                                         const std::stop_token& stop) const;
  arrow::Result<std::optional<nlohmann::json>> FindJob(const BigQueryJob& job,
                                                       const std::stop_token& stop) const;

  /// Makes it. The code is kDuplicateReason where there is one of its name: also our own, where the
  /// answer was lost and a decorator has sent the request again.
  arrow::Result<nlohmann::json> InsertDataset(const BigQueryDataset& dataset,
                                              nlohmann::json resource,
                                              const std::stop_token& stop) const;
  arrow::Result<nlohmann::json> InsertTable(const BigQueryTable& table, nlohmann::json resource,
                                            const std::stop_token& stop) const;

  /// Changes the keys of `change`, and no others.
  arrow::Result<nlohmann::json> PatchTable(const BigQueryTable& table, const nlohmann::json& change,
                                           const std::stop_token& stop) const;

  /// OK also where there is none.
  arrow::Status DeleteTable(const BigQueryTable& table, const std::stop_token& stop) const;

  /// Begins the job with this `configuration`. The code is kDuplicateReason where there is one of
  /// its id, whatever that was to do: also our own, as above.
  arrow::Result<nlohmann::json> InsertJob(const BigQueryJob& job,
                                          const nlohmann::json& configuration,
                                          const std::stop_token& stop) const;

  /// The same of a load job whose one file is `content`. An answer that is lost may come back as
  /// kDuplicateReason, of our own job.
  arrow::Result<nlohmann::json> UploadJob(const BigQueryJob& job,
                                          const nlohmann::json& configuration,
                                          const UploadContent& content, const std::stop_token& stop,
                                          const UploadOptions& options = {}) const;

  /// Runs a query in GoogleSQL to its end, and returns the answer of jobs.query, with the first
  /// rows of the result. The id in `job` does not matter: a query that is sent again may run again.
  arrow::Result<nlohmann::json> Query(const BigQueryJob& job, const std::string& text,
                                      const std::stop_token& stop) const;

  /// Calls `take` with the answer of each page of the table's rows (tabledata.list), in no
  /// particular order of rows. Integers and times come as text; timestamps in microseconds.
  arrow::Status ListRows(const BigQueryTable& table, int64_t rows_per_page,
                         const std::function<arrow::Status(const nlohmann::json& page)>& take,
                         const std::stop_token& stop) const;

 private:
  std::string Path(std::string_view project) const;
  std::string DatasetPath(const BigQueryDataset& dataset) const;
  std::string TablePath(const BigQueryTable& table) const;
  arrow::Result<std::optional<nlohmann::json>> Find(std::string_view what, std::string url,
                                                    const std::stop_token& stop) const;

  const GoogleRest rest_;
  const std::string root_;
};

}  // namespace headrace
