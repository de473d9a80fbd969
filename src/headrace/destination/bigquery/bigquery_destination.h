#pragma once

#include <memory>

#include "headrace/client/google_auth/default_credentials.h"
#include "headrace/config/option.h"
#include "headrace/destination/bigquery/bigquery_options.h"
#include "headrace/destination/destination.h"

namespace headrace {

/// Tables of BigQuery (docs/guide/bigquery.md): files are staged in a bucket, and each commit is
/// one load job. Commit records are objects in the bucket, by job of `host`. Errors of class user
/// for options that contradict each other, and where there are no credentials.
arrow::Result<std::unique_ptr<Destination>> MakeBigQueryDestination(
    const OptionValues& options, const DestinationHost& host = {});

/// The same in an environment of the caller's.
arrow::Result<std::unique_ptr<Destination>> MakeBigQueryDestination(const OptionValues& options,
                                                                    const Environment& environment,
                                                                    const DestinationHost& host);

}  // namespace headrace
