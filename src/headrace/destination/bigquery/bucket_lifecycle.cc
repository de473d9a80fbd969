#include "headrace/destination/bigquery/bucket_lifecycle.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "headrace/destination/bigquery/answer.h"
#include "headrace/destination/bigquery/staging_area.h"
#include "headrace/model/json_object.h"

namespace headrace {
namespace {

using Json = nlohmann::json;

/// Longer than any run.
constexpr int kAdvisedDays = 7;

/// Conditions that hold for some objects of a folder and not for others.
constexpr const char* kPartialConditions[] = {
    "matchesSuffix",        "matchesStorageClass", "numNewerVersions",   "daysSinceNoncurrentTime",
    "noncurrentTimeBefore", "customTimeBefore",    "daysSinceCustomTime"};

/// Whether `rule` deletes objects whose names begin with `folder`, all of them, by their age.
bool DeletesFolder(const Json& rule, std::string_view folder) {
  const Json condition = ValueAt(rule, "/condition");
  if (TextAt(rule, "/action/type") != "Delete" || !condition.contains("age")) return false;
  const bool is_partial = std::ranges::any_of(
      kPartialConditions, [&](const char* key) { return condition.contains(key); });
  if (is_partial) return false;
  const Json prefixes = ValueAt(condition, "/matchesPrefix");
  if (prefixes.empty()) return true;
  return std::ranges::any_of(prefixes, [&](const Json& prefix) {
    return prefix.is_string() && folder.starts_with(prefix.get<std::string>());
  });
}

}  // namespace

std::vector<std::string> LifecycleShortcomings(const Json& bucket, const BucketPrefix& staging) {
  const std::string records = staging.prefix.empty() ? "" : staging.prefix + "/";
  const std::string staged = records + std::string(kStagedFolder);
  const Json rules = ValueAt(bucket, "/lifecycle/rule");
  const auto deletes = [&](std::string_view folder) {
    return std::ranges::any_of(rules,
                               [&](const Json& rule) { return DeletesFolder(rule, folder); });
  };
  if (deletes(records)) {
    return {"a lifecycle rule of gs://" + staging.bucket +
            " deletes old objects of destination.staging, commit records too, by which runs know "
            "what is loaded already: give it the condition \"matchesPrefix\": [\"" +
            staged + "\"]"};
  }
  if (deletes(staged)) return {};
  const Json rule = {{"rule",
                      {{{"action", {{"type", "Delete"}}},
                        {"condition", {{"age", kAdvisedDays}, {"matchesPrefix", {staged}}}}}}}};
  return {"no lifecycle rule of gs://" + staging.bucket +
          " removes staged files that a machine leaves which is gone: `gcloud storage buckets "
          "update gs://" +
          staging.bucket + " --lifecycle-file=FILE` sets one, with " + DumpJson(rule) + " in FILE"};
}

}  // namespace headrace
