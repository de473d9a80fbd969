#pragma once

#include <string>
#include <vector>

#include "headrace/run/coordinator.h"

namespace headrace {

/// What this process shall do: the run, which of its tables are there already and which are left.
struct ChosenRun {
  std::string run;
  bool is_new = false;
  bool nothing_to_do = false;           ///< Nothing to extract; the tables below say what is there.
  bool verification_failed = false;     ///< Done before, and its verification had failed.
  std::vector<const TableJob*> tables;  ///< Left to load; pointers into the Job.
  std::vector<std::string> scope;       ///< Directories of all tables of the run.
  std::vector<CommitRecord> committed;  ///< Of the run's tables that are there already.
  std::vector<std::string> notes;       ///< Sentences: what was settled, what is continued.
};

/// Settles every open intent of the job, then decides by docs/architecture.md ("Running again")
/// what is to be done, and journals the decision. Errors of class user where the request
/// contradicts what is unfinished.
arrow::Result<ChosenRun> ChooseRun(const RunParts& parts, const RunRequest& request,
                                   const std::string& started_at);

/// A new run id, `20260131T235958-4f2a9c`: sorts by time (UTC); the random part tells apart runs of
/// one second.
std::string MakeRunId();

/// The tables that `only` names (label or directory), all if it is empty. Errors of class user for
/// a name that is not in the job.
arrow::Result<std::vector<const TableJob*>> SelectTables(const Job& job,
                                                         const std::vector<std::string>& only);

}  // namespace headrace
