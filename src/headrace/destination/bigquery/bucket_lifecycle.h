#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "headrace/destination/bigquery/bigquery_options.h"

namespace headrace {

/// What is amiss with the lifecycle rules of a staging bucket, in a sentence each: that no rule
/// removes what a run may leave that nobody cleans up after, or that one removes commit records
/// too, by which runs know what is loaded. `bucket`: its resource
/// (cloud.google.com/storage/docs/json_api/v1/buckets).
std::vector<std::string> LifecycleShortcomings(const nlohmann::json& bucket,
                                               const BucketPrefix& staging);

}  // namespace headrace
