#pragma once

#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>

#include "headrace/client/bigquery/client.h"
#include "headrace/model/error.h"

namespace headrace {

/// Waits, or returns false at once where the stop token is stopped.
using JobWait = std::function<bool(std::chrono::milliseconds, const std::stop_token&)>;

/// A job that has ended.
struct EndedJob {
  nlohmann::json job;      ///< Its resource.
  bool was_there = false;  ///< When it was to be begun; also by a request of ours whose answer was
                           ///< lost.
};

/// Runs jobs under ids that the caller has chosen and made durable before, so that a job is begun
/// once, whatever happens to requests, answers and processes:
///
///   answer to the insertion     what is known              what is done
///   2xx                         it is begun                wait for its end
///   409 duplicate               it is, now or earlier      wait for its end
///   other, or none              nothing                    an error; the same call may be repeated
///
/// cloud.google.com/bigquery/docs/running-jobs#generate-jobid
class JobRunner {
 public:
  /// `client` must outlive it.
  explicit JobRunner(const BigQueryClient& client, JobWait wait = {});

  /// Begins the job, unless there is one of its id, and waits for its end; whether it has failed,
  /// ErrorOfJob says. An error says that it is not
  /// known what became of it, or that it was never begun (CodeOf is the service's reason).
  arrow::Result<EndedJob> Run(const BigQueryJob& job, const nlohmann::json& configuration,
                              const std::stop_token& stop) const;

  /// The job when it has ended; nothing where there is none.
  arrow::Result<std::optional<nlohmann::json>> Await(const BigQueryJob& job,
                                                     const std::stop_token& stop) const;

  /// Makes sure that no request of the past begins the job any more: takes its id by a job that
  /// does nothing. Returns false where there is one already, which is not touched.
  arrow::Result<bool> TakeId(const BigQueryJob& job, const std::stop_token& stop) const;

 private:
  arrow::Result<nlohmann::json> AwaitKnown(const BigQueryJob& job,
                                           const std::stop_token& stop) const;

  const BigQueryClient& client_;
  const JobWait wait_;
};

/// Whether `job` has failed: OK, or the service's error with all that it says of files and columns.
arrow::Status ErrorOfJob(const nlohmann::json& job);

}  // namespace headrace
