#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "headrace/config/job.h"
#include "headrace/model/error.h"
#include "headrace/run/coordinator.h"
#include "headrace/run/table_list.h"
#include "headrace/source/source.h"

namespace headrace {

/// What was found beside the tables of patterns.
struct ListFindings {
  std::vector<std::string> notes;  ///< Sentences.
  std::vector<std::string> gone;   ///< Directories of the job's tables that the run has published
                                   ///< and that the source has no more: nothing reads them again.
};

/// A job whose tables are known.
struct ListedJob {
  Job job;  ///< Without patterns.
  ListFindings findings;
};

/// What the patterns of `job` stand for now; without patterns the source is not asked.
arrow::Result<TableList> ListTablesNow(const Job& job, Source& source, std::stop_token stop);

/// The tables that a run, or its preview, is about: those of the run that `request` goes on with,
/// as it was begun, else those that are there now; one that takes another over is new. Of a run
/// that goes on, tables that are gone from the source and are not published are left out. Errors of
/// class user where a new run must not begin (TableList::fault), unless `--only` names tables that
/// are right.
arrow::Result<ListedJob> ListTablesOfRun(const RunParts& parts, const RunRequest& request,
                                         const std::stop_token& stop);

}  // namespace headrace
