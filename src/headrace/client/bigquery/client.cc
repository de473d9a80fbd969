#include "headrace/client/bigquery/client.h"

#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "headrace/client/bigquery/error.h"
#include "headrace/client/http/url.h"
#include "headrace/model/json_object.h"
#include "headrace/model/percent_coding.h"

namespace headrace {
namespace {

using nlohmann::json;

/// How long an answer may wait for a query; it comes without rows then.
constexpr int64_t kQueryWaitMillis = 30'000;

std::string LabelOf(const BigQueryDataset& dataset) {
  return "dataset " + dataset.project + "." + dataset.dataset;
}

std::string LabelOf(const BigQueryTable& table) { return "table " + table.label(); }
std::string LabelOf(const BigQueryJob& job) { return "job " + job.project + ":" + job.id; }

json ReferenceOf(const BigQueryJob& job) {
  json reference = {{"projectId", job.project}};
  if (!job.id.empty()) reference["jobId"] = job.id;  // Else the service makes one.
  if (!job.location.empty()) reference["location"] = job.location;
  return reference;
}

json ResourceOf(const BigQueryJob& job, const json& configuration) {
  return {{"jobReference", ReferenceOf(job)}, {"configuration", configuration}};
}

/// The job of a query that has not ended; empty: it has.
arrow::Result<std::string> UnfinishedQuery(const json& answer) {
  bool is_complete = true;
  std::string id;
  JsonObject object(answer, "query", ErrorClass::kPermanent);
  object.Read("jobComplete", is_complete);
  if (object.status().ok() && !is_complete) {
    JsonObject reference(object.ReadObject("jobReference"), "query", ErrorClass::kPermanent);
    reference.Read("jobId", id);
    ARROW_RETURN_NOT_OK(reference.status());
  }
  ARROW_RETURN_NOT_OK(object.status());
  return id;
}

}  // namespace

BigQueryClient::BigQueryClient(std::shared_ptr<HttpTransport> transport, std::string root)
    : rest_(std::move(transport), BigQueryError), root_(std::move(root)) {}

std::string BigQueryClient::Path(std::string_view project) const {
  return root_ + "/bigquery/v2/projects/" + PercentEncode(project);
}

std::string BigQueryClient::DatasetPath(const BigQueryDataset& dataset) const {
  return Path(dataset.project) + "/datasets/" + PercentEncode(dataset.dataset);
}

std::string BigQueryClient::TablePath(const BigQueryTable& table) const {
  return DatasetPath({.project = table.project, .dataset = table.dataset}) + "/tables/" +
         PercentEncode(table.table);
}

arrow::Result<std::optional<json>> BigQueryClient::Find(std::string_view what, std::string url,
                                                        const std::stop_token& stop) const {
  arrow::Result<json> found = rest_.Ask(what, "GET", std::move(url), nullptr, stop);
  if (found.ok()) return std::optional(std::move(*found));
  if (CodeOf(found.status()) == kNotFoundReason) return std::optional<json>();
  return found.status();
}

arrow::Result<std::optional<json>> BigQueryClient::FindDataset(const BigQueryDataset& dataset,
                                                               const std::stop_token& stop) const {
  return Find(LabelOf(dataset), DatasetPath(dataset), stop);
}

arrow::Result<std::optional<json>> BigQueryClient::FindTable(const BigQueryTable& table,
                                                             const std::stop_token& stop) const {
  return Find(LabelOf(table), TablePath(table), stop);
}

arrow::Result<std::optional<json>> BigQueryClient::FindJob(const BigQueryJob& job,
                                                           const std::stop_token& stop) const {
  const std::string query = EncodeForm({{"location", job.location}});
  return Find(
      LabelOf(job),
      Path(job.project) + "/jobs/" + PercentEncode(job.id) + (query.empty() ? "" : "?" + query),
      stop);
}

arrow::Result<json> BigQueryClient::InsertDataset(const BigQueryDataset& dataset, json resource,
                                                  const std::stop_token& stop) const {
  resource["datasetReference"] = {{"projectId", dataset.project}, {"datasetId", dataset.dataset}};
  return rest_.Ask(LabelOf(dataset), "POST", Path(dataset.project) + "/datasets", &resource, stop);
}

arrow::Result<json> BigQueryClient::InsertTable(const BigQueryTable& table, json resource,
                                                const std::stop_token& stop) const {
  resource["tableReference"] = {
      {"projectId", table.project}, {"datasetId", table.dataset}, {"tableId", table.table}};
  const BigQueryDataset dataset{.project = table.project, .dataset = table.dataset};
  return rest_.Ask(LabelOf(table), "POST", DatasetPath(dataset) + "/tables", &resource, stop);
}

arrow::Result<json> BigQueryClient::PatchTable(const BigQueryTable& table, const json& change,
                                               const std::stop_token& stop) const {
  return rest_.Ask(LabelOf(table), "PATCH", TablePath(table), &change, stop);
}

arrow::Status BigQueryClient::DeleteTable(const BigQueryTable& table,
                                          const std::stop_token& stop) const {
  const arrow::Status deleted =
      rest_.Ask(LabelOf(table), "DELETE", TablePath(table), nullptr, stop).status();
  return CodeOf(deleted) == kNotFoundReason ? arrow::Status::OK() : deleted;
}

arrow::Result<json> BigQueryClient::InsertJob(const BigQueryJob& job, const json& configuration,
                                              const std::stop_token& stop) const {
  const json resource = ResourceOf(job, configuration);
  return rest_.Ask(LabelOf(job), "POST", Path(job.project) + "/jobs", &resource, stop);
}

arrow::Result<json> BigQueryClient::UploadJob(const BigQueryJob& job, const json& configuration,
                                              const UploadContent& content,
                                              const std::stop_token& stop,
                                              const UploadOptions& options) const {
  const std::string resource = DumpJson(ResourceOf(job, configuration));
  const HttpRequest initiation{.method = "POST",
                               .url = root_ + "/upload/bigquery/v2/projects/" +
                                      PercentEncode(job.project) + "/jobs?uploadType=resumable",
                               .headers = {{.name = "Content-Type", .value = "application/json"}},
                               .body = resource};
  ARROW_ASSIGN_OR_RAISE(const HttpResponse answer,
                        UploadResumably(rest_.transport(), initiation, content, stop, options));
  return rest_.ObjectOf(LabelOf(job), answer);
}

arrow::Result<json> BigQueryClient::Query(const BigQueryJob& job, const std::string& text,
                                          const std::stop_token& stop) const {
  json request = {{"query", text}, {"useLegacySql", false}, {"timeoutMs", kQueryWaitMillis}};
  if (!job.location.empty()) request["location"] = job.location;
  const std::string url = Path(job.project) + "/queries";
  ARROW_ASSIGN_OR_RAISE(json answer, rest_.Ask("query", "POST", url, &request, stop));
  const std::string wait = std::to_string(kQueryWaitMillis);
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const std::string id, UnfinishedQuery(answer));
    if (id.empty()) return answer;
    if (stop.stop_requested()) return InterruptedError();
    std::string page = url;
    page += "/" + PercentEncode(id) + "?" +
            EncodeForm({{"location", job.location}, {"timeoutMs", wait}});
    ARROW_ASSIGN_OR_RAISE(answer, rest_.Ask("query", "GET", std::move(page), nullptr, stop));
  }
}

arrow::Status BigQueryClient::ListRows(const BigQueryTable& table, int64_t rows_per_page,
                                       const std::function<arrow::Status(const json& page)>& take,
                                       const std::stop_token& stop) const {
  std::string token;
  std::set<std::string> tokens;
  do {
    const std::string query = EncodeForm({{"maxResults", std::to_string(rows_per_page)},
                                          {"formatOptions.useInt64Timestamp", "true"},
                                          {"pageToken", token}});
    ARROW_ASSIGN_OR_RAISE(
        const json page,
        rest_.Ask(LabelOf(table), "GET", TablePath(table) + "/data?" + query, nullptr, stop));
    ARROW_RETURN_NOT_OK(take(page));
    std::optional<std::string> next;
    JsonObject object(page, LabelOf(table), ErrorClass::kPermanent);
    object.Read("pageToken", next);
    ARROW_RETURN_NOT_OK(object.status());
    token = next.value_or("");
    if (!tokens.insert(token).second) {
      return PermanentError(LabelOf(table) +
                            ": the service answers with the same page of rows again "
                            "and again");
    }
  } while (!token.empty());
  return arrow::Status::OK();
}

}  // namespace headrace
