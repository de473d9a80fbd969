#include "headrace/destination/bigquery/job_runner.h"

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>

#include "headrace/client/bigquery/error.h"
#include "headrace/destination/bigquery/answer.h"
#include "headrace/model/backoff.h"
#include "headrace/model/wait_for.h"

namespace headrace {
namespace {

using Json = nlohmann::json;

/// A small load is done within a second or two, a large one after minutes.
constexpr BackoffRange kPolls = {.first = std::chrono::milliseconds(100),
                                 .longest = std::chrono::milliseconds(5'000)};

/// How often a job is asked for that exists, by a 409, and is not found: that happens for a moment.
constexpr int kMostLooks = 12;

/// Errors of a failed job that its message shows, besides the one that ended it.
constexpr size_t kMostErrors = 5;

bool IsDone(const Json& job) { return TextAt(job, "/status/state") == "DONE"; }

arrow::Status NotFoundThough409(const BigQueryJob& job) {
  return TransientError("job " + job.project + ":" + job.id +
                        " exists, as the service says, but it cannot be found" +
                        (job.location.empty() ? "" : " in " + job.location));
}

}  // namespace

JobRunner::JobRunner(const BigQueryClient& client, JobWait wait)
    : client_(client), wait_(wait ? std::move(wait) : WaitFor) {}

arrow::Result<EndedJob> JobRunner::Run(const BigQueryJob& job, const Json& configuration,
                                       const std::stop_token& stop) const {
  auto inserted = client_.InsertJob(job, configuration, stop);
  if (inserted.ok() && IsDone(*inserted)) return EndedJob{.job = std::move(*inserted)};
  const bool was_there = CodeOf(inserted.status()) == kDuplicateReason;
  if (!inserted.ok() && !was_there) return inserted.status();
  ARROW_ASSIGN_OR_RAISE(Json ended, AwaitKnown(job, stop));
  return EndedJob{.job = std::move(ended), .was_there = was_there};
}

arrow::Result<Json> JobRunner::AwaitKnown(const BigQueryJob& job,
                                          const std::stop_token& stop) const {
  for (int look = 1; look <= kMostLooks; ++look) {
    ARROW_ASSIGN_OR_RAISE(auto found, Await(job, stop));
    if (found) return std::move(*found);
    if (!wait_(BackoffDelay(look + 1, kPolls), stop)) return InterruptedError();
  }
  return NotFoundThough409(job);
}

arrow::Result<std::optional<Json>> JobRunner::Await(const BigQueryJob& job,
                                                    const std::stop_token& stop) const {
  for (int poll = 1;; ++poll) {
    ARROW_ASSIGN_OR_RAISE(auto found, client_.FindJob(job, stop));
    if (!found || IsDone(*found)) return found;
    if (!wait_(BackoffDelay(poll + 1, kPolls), stop)) return InterruptedError();
  }
}

arrow::Result<bool> JobRunner::TakeId(const BigQueryJob& job, const std::stop_token& stop) const {
  const Json nothing = {{"query", {{"query", "SELECT 1"}, {"useLegacySql", false}}}};
  const auto inserted = client_.InsertJob(job, nothing, stop);
  if (inserted.ok()) return true;
  if (CodeOf(inserted.status()) != kDuplicateReason) return inserted.status();
  // Our own request may have been sent twice.
  ARROW_ASSIGN_OR_RAISE(const Json found, AwaitKnown(job, stop));
  return TextAt(found, "/configuration/query/query") == "SELECT 1";
}

arrow::Status ErrorOfJob(const Json& job) {
  const Json result = ValueAt(job, "/status/errorResult");
  if (result.is_null()) return arrow::Status::OK();
  const arrow::Status error = BigQueryError("the load job", result);
  std::string text = error.message();
  std::set<std::string> told = {TextAt(result, "/message")};
  for (const Json& each : ValueAt(job, "/status/errors")) {
    const std::string message = TextAt(each, "/message");
    const std::string location = TextAt(each, "/location");
    if (message.empty() || !told.insert(message).second || told.size() > kMostErrors + 1) continue;
    text += "\n  " + message + (location.empty() ? "" : " (" + location + ")");
  }
  return error.WithMessage(text);
}

}  // namespace headrace
