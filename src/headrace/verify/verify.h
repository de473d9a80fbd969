#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "headrace/destination/destination.h"
#include "headrace/model/commit.h"
#include "headrace/model/error.h"

namespace headrace {

/// Reads the published files of `record` again and compares each with what its receipt said: rows,
/// and the checksum of all values where `options` ask for it. Returns one sentence per difference,
/// none if all agree. An error means that nothing could be compared, which says nothing of the
/// files: permanent or transient, because what is published is no longer the job's fault;
/// kInterruptedCode once `stop` is stopped.
arrow::Result<std::vector<std::string>> VerifyCommit(const CommitRecord& record,
                                                     const ReadBackOptions& options,
                                                     Destination& destination,
                                                     std::stop_token stop);

}  // namespace headrace
