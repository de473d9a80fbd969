#pragma once

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "headrace/client/http/http.h"
#include "headrace/destination/bigquery/answer.h"
#include "headrace/destination/bigquery/memory_bucket.h"

namespace headrace {

/// BigQuery in memory, as far as TableCommit and JobRunner ask for it: an id runs one job, a load
/// job loads all of its files or none. Thread-safe.
class MemoryBigQuery final : public HttpTransport {
 public:
  static constexpr const char* kRoot = "http://bigquery.test";

  using Json = nlohmann::json;

  /// What becomes of the load job that is the `count`th one of its service (1, 2, …): null, or its
  /// `errorResult`.
  using Outcome = std::function<Json(int count, const Json& job)>;
  /// An answer that an insertion gets instead; none: as the service would.
  using Refusal = std::function<std::optional<HttpResponse>(const Json& resource)>;

  explicit MemoryBigQuery(const MemoryBucket& bucket) : bucket_(bucket) {}

  /// Set before the first request.
  Outcome outcome;
  Refusal refusal;
  int polls = 0;  ///< That say RUNNING.

  arrow::Result<HttpResponse> Send(const HttpRequest& request, const std::stop_token&) override {
    const std::scoped_lock lock(mutex_);
    const TestUrl url(request.url);
    const std::string last = PercentDecode(url.path.substr(url.path.rfind('/') + 1));
    const Json body = Json::parse(request.body, nullptr, false);
    if (url.path.find("/jobs") != std::string::npos) {
      return request.method == "POST" ? InsertJob(body) : GetJob(last);
    }
    if (request.method == "POST" && last == "datasets") return InsertDataset(body);
    if (request.method == "PATCH") {
      patches_.push_back(body);
      return HttpResponse{.status = 200, .body = "{}"};
    }
    if (!rows_made_) return TestApiError(404, "notFound");
    return HttpResponse{.status = 200, .body = R"({"creationTime":"77"})"};
  }

  /// How often each file is in the table.
  std::map<std::string, int> loaded() const {
    const std::scoped_lock lock(mutex_);
    return loaded_;
  }

  std::vector<std::string> job_ids() const {
    const std::scoped_lock lock(mutex_);
    std::vector<std::string> ids;
    for (const auto& [id, job] : jobs_) ids.push_back(id);
    return ids;
  }

  std::vector<Json> patches() const {
    const std::scoped_lock lock(mutex_);
    return patches_;
  }

  /// Around the API.
  void AddJob(const std::string& id, Json job) {
    const std::scoped_lock lock(mutex_);
    jobs_[id] = std::move(job);
  }

 private:
  HttpResponse InsertJob(const Json& resource) {
    if (refusal) {
      if (auto refused = refusal(resource)) return *std::move(refused);
    }
    const std::string id = TextAt(resource, "/jobReference/jobId");
    if (jobs_.contains(id)) return TestApiError(409, "duplicate", "Already Exists: Job " + id);
    Json job = resource;
    job["statistics"] = {{"endTime", "1767323045000"}, {"totalSlotMs", "4"}};
    job["status"] = {{"state", "DONE"}};
    if (!ValueAt(resource, "/configuration/load").is_null()) RunLoad(job);
    polls_left_[id] = polls;
    jobs_[id] = job;
    return {.status = 200, .body = Shown(id).dump()};
  }

  /// All or nothing, at once.
  void RunLoad(Json& job) {
    const Json load = job["configuration"]["load"];
    Json error = outcome ? outcome(++count_, job) : Json();
    for (const Json& uri : load["sourceUris"]) {
      const std::string text = uri;
      const size_t name = text.find('/', std::string_view("gs://").size()) + 1;
      if (error.is_null() && !bucket_.Has(text.substr(name))) {
        error = {{"reason", "notFound"}, {"message", "Not found: URI " + text}};
      }
    }
    if (!error.is_null()) {
      job["status"]["errorResult"] = error;
      job["status"]["errors"] = {error};
      return;
    }
    if (load["writeDisposition"] != "WRITE_APPEND") loaded_.clear();
    for (const Json& uri : load["sourceUris"]) ++loaded_[uri];
    job["statistics"]["load"] = {{"outputRows", "10"}, {"outputBytes", "100"}};
    rows_made_ = true;
  }

  HttpResponse GetJob(const std::string& id) {
    if (!jobs_.contains(id)) return TestApiError(404, "notFound", "Not found: Job " + id);
    const Json job = Shown(id);
    if (polls_left_[id] > 0) --polls_left_[id];
    return {.status = 200, .body = job.dump()};
  }

  Json Shown(const std::string& id) {
    Json job = jobs_[id];
    if (polls_left_[id] > 0) job["status"] = {{"state", "RUNNING"}};
    return job;
  }

  HttpResponse InsertDataset(const Json& resource) {
    const std::string id = TextAt(resource, "/datasetReference/datasetId");
    if (!datasets_.insert(id).second) return TestApiError(409, "duplicate");
    return {.status = 200, .body = resource.dump()};
  }

  const MemoryBucket& bucket_;
  mutable std::mutex mutex_;
  std::map<std::string, Json> jobs_;  // From here on guarded by mutex_.
  std::map<std::string, int> polls_left_;
  std::map<std::string, int> loaded_;
  std::set<std::string> datasets_;
  std::vector<Json> patches_;
  bool rows_made_ = false;
  int count_ = 0;
};

}  // namespace headrace
