#pragma once

#include <string>
#include <vector>

#include "headrace/config/job.h"
#include "headrace/model/error.h"

namespace headrace {

/// Some tables of a job, in its order; pointers into the Job.
using TableJobs = std::vector<const TableJob*>;

/// The tables that `only` names (IsNamed), all if it is empty. NoSuchTable, of `--only`, for a name
/// that is not in the job.
arrow::Result<TableJobs> SelectTables(const Job& job, const std::vector<std::string>& only);

/// The error of class user that says that the job has no table `name`, and which it has.
arrow::Status NoSuchTable(const std::string& name, const Job& job);

std::vector<std::string> DirectoriesOf(const TableJobs& tables);

/// The tables of the job whose directories are among `directories`.
TableJobs TablesIn(const Job& job, const std::vector<std::string>& directories);

/// Those of `tables` whose directories are not.
TableJobs TablesOutside(const TableJobs& tables, const std::vector<std::string>& directories);

/// `a, b`.
std::string LabelsOf(const TableJobs& tables);

/// `table a`, `tables a, b`.
std::string NamedTables(const TableJobs& tables);

}  // namespace headrace
