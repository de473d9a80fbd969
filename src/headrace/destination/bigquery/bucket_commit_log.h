#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "headrace/client/gcs/client.h"
#include "headrace/destination/bigquery/bigquery_options.h"
#include "headrace/destination/bigquery/commit_log.h"

namespace headrace {

/// A CommitLog of objects in a bucket (docs/format/bigquery_commit.md):
///
///   <staging>/<job>/<project.dataset.table>/<sequence>               the intent, written if absent
///   <staging>/<job>/<project.dataset.table>/<sequence>.commit.<run>  the record, likewise
///
/// Sequences have ten digits, so that a listing has them in their order; `job` and `run` are
/// percent-encoded. `gcs` must outlive it.
std::unique_ptr<CommitLog> MakeBucketCommitLog(const GcsClient& gcs, BucketPrefix staging,
                                               const std::string& job, std::stop_token stop);

}  // namespace headrace
