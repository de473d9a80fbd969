#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "headrace/destination/destination.h"
#include "headrace/model/commit.h"
#include "headrace/model/error.h"

namespace headrace {

/// A published file that is not what its receipt says.
struct FileProblem {
  std::string file;      ///< Or the table, where nothing tells what came of which file.
  std::string sentence;  ///< Names the file.
};

/// What reading published files again showed.
struct CommitFindings {
  std::vector<FileProblem> problems;
  arrow::Status unread;  ///< Why files could not be compared, which says nothing of them: permanent
                         ///< or transient, because what is published is no longer the job's fault.
                         ///< OK if all were.
};

/// `status`, of looking at what is published, permanent where it was of class user: wrong rights on
/// files that a job has written are no fault of the job any more.
arrow::Status NotTheJobs(const arrow::Status& status);

/// Reads the published files of `record` again and compares each with what its receipt said: rows,
/// and the checksum of all values and the digest of all bytes where `options` ask for them. Error
/// kInterruptedCode once `stop` is stopped.
arrow::Result<CommitFindings> VerifyCommit(const CommitRecord& record,
                                           const ReadBackOptions& options, Destination& destination,
                                           std::stop_token stop);

}  // namespace headrace
