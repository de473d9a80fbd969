#include "headrace/verify/verify.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "headrace/observe/human.h"

namespace headrace {
namespace {

/// What is wrong with one file, if anything.
std::optional<std::string> CompareFile(const CommittedFile& expected,
                                       const std::vector<ReadBackResult>& found) {
  const auto read = std::ranges::find(found, expected.name, &ReadBackResult::file);
  if (read == found.end()) return "file " + expected.name + " is missing";
  if (!read->unread.ok()) return std::nullopt;
  if (!read->problem.empty()) return "file " + expected.name + ": " + read->problem;
  if (read->rows != expected.rows) {
    return "file " + expected.name + " holds " + HumanNumberOf(read->rows, "row") +
           ", its receipt says " + HumanCount(expected.rows);
  }
  if (read->checksum.has_value() && !(*read->checksum == expected.checksum)) {
    return "file " + expected.name + " has checksum " + read->checksum->ToHex() +
           ", its receipt says " + expected.checksum.ToHex();
  }
  // The values are as they were written; what else there is, as the statistics that engines skip
  // row groups by, shows here.
  if (read->digest.has_value() && !expected.digest.empty() && *read->digest != expected.digest) {
    return "file " + expected.name + " has the values that were written, but other bytes: digest " +
           *read->digest + ", its receipt says " + expected.digest;
  }
  return std::nullopt;
}

/// The same of all that the commit has loaded, where nothing tells what came of which file.
std::optional<std::string> CompareWhole(const CommitIntent& intent, const ReadBackResult& found) {
  if (!found.problem.empty()) return "what was loaded into " + intent.target + " " + found.problem;
  if (found.rows != intent.rows) {
    return intent.target + " got " + HumanNumberOf(found.rows, "row") + ", the receipts say " +
           HumanCount(intent.rows);
  }
  if (found.checksum.has_value() && !(*found.checksum == intent.checksum)) {
    return intent.target + " has checksum " + found.checksum->ToHex() + ", the receipts say " +
           intent.checksum.ToHex();
  }
  return std::nullopt;
}

void CompareFiles(const CommitIntent& intent, const std::vector<ReadBackResult>& found,
                  std::vector<FileProblem>& problems) {
  for (const CommittedFile& file : intent.files) {
    if (auto problem = CompareFile(file, found)) {
      problems.push_back({file.name, std::move(*problem)});
    }
  }
  for (const ReadBackResult& other : found) {
    if (HasFile(intent.files, other.file) || other.problem.empty()) continue;
    problems.push_back({other.file, "file " + other.file + ": " + other.problem});
  }
}

}  // namespace

arrow::Status NotTheJobs(const arrow::Status& status) {
  if (ClassOf(status) != ErrorClass::kUser) return status;
  return PermanentError(status.message(), std::string(CodeOf(status)));
}

arrow::Result<CommitFindings> VerifyCommit(const CommitRecord& record,
                                           const ReadBackOptions& options, Destination& destination,
                                           std::stop_token stop) {
  CommitFindings findings;
  const auto read = destination.ReadBack(record, options, std::move(stop));
  if (!read.ok()) {
    if (CodeOf(read.status()) == kInterruptedCode) return read.status();
    findings.unread = NotTheJobs(read.status());
    return findings;
  }
  const std::vector<ReadBackResult>& found = *read;
  const auto whole = std::ranges::find(found, std::string_view(), &ReadBackResult::file);
  if (whole == found.end()) {
    CompareFiles(record.intent, found, findings.problems);
  } else if (auto problem = CompareWhole(record.intent, *whole)) {
    findings.problems.push_back({record.intent.target, std::move(*problem)});
  }
  const auto unread =
      std::ranges::find_if(found, [](const ReadBackResult& file) { return !file.unread.ok(); });
  if (unread != found.end()) findings.unread = NotTheJobs(unread->unread);
  return findings;
}

}  // namespace headrace
