#pragma once

#include <string>
#include <vector>

#include "headrace/config/job.h"
#include "headrace/journal/journal.h"
#include "headrace/model/error.h"
#include "headrace/run/succession.h"
#include "headrace/run/table_selection.h"

namespace headrace {

/// Class user: `job` is another one than `run`, which is unfinished, began with. `left` are the
/// labels of the tables that are left of the run: the commands for those that the job still has.
arrow::Status JobChanged(const Job& job, const JournalRun& run,
                         const std::vector<std::string>& left);

/// Class user: the source is at `place` now, and `run`, of which some tables are published, has
/// read another one.
arrow::Status SourceChanged(const Job& job, const JournalRun& run, const std::string& place,
                            const std::vector<std::string>& left);

/// Class user: `run` was given up, and had not published `left`.
arrow::Status RunAbandoned(const JournalRun& run, const std::vector<std::string>& left);

/// The words of `job` for a command that is to do what `run` was for: its `--set` values are open
/// (`KEY=…`) where this call has others, or none.
JobWords WordsOf(const Job& job, const JournalRun& run);

/// Class user: `wanted`, e.g. `run monday`, cannot begin while `left` of `other` is not loaded.
arrow::Status OtherRunUnfinished(const Job& job, const std::string& wanted, const JournalRun& other,
                                 const std::vector<std::string>& left);

/// What is another one, now that the source is at `place`, than when `run` began: a clause. Names
/// parameters, never their values.
std::string ChangeSince(const Job& job, const JournalRun& run, const std::string& place);

/// The same as OtherRunUnfinished, where `other` has published nothing and was of another job, or
/// of another place than `place`. Names no command that would load for `other` what `wanted` is
/// for.
arrow::Status OtherJobUnfinished(const Job& job, const std::string& wanted, const JournalRun& other,
                                 const std::string& place, const std::vector<std::string>& left);

/// Class user: `--resume` alone means `run`, which has published nothing and was of another job, or
/// place: a new one would load what it was for.
arrow::Status ResumeOfOtherJob(const Job& job, const JournalRun& run, const std::string& place);

/// Class user: `asked` is the id of a run that `successor` took over as the same job, and
/// `successor` is of another job, or place, since.
arrow::Status SuccessorChanged(const Job& job, const std::string& asked,
                               const JournalRun& successor);

/// Behind OtherRunUnfinished, of a run that has published nothing: which one may begin.
std::string TakenOverByOneForAll(const UnfinishedRun& other);

/// What is loaded now sees a later moment than what a continued run published before: `committed`.
std::string OlderSnapshots(const std::vector<CommitRecord>& committed);

/// Class user: `run`, which is unfinished, is a backfill, and what is asked for is not the same
/// one.
arrow::Status BackfillUnfinished(const Job& job, const JournalRun& run,
                                 const std::vector<std::string>& left);

/// A new run takes over `left` (labels) of `run`, which is unfinished.
std::string TakenOver(const JournalRun& run, const std::vector<std::string>& left);

/// The same of a run that has published nothing, by the run `successor`. `change`: ChangeSince,
/// empty where both are of the same job.
std::string TakenOverUnpublished(const JournalRun& run, const std::string& successor,
                                 const std::string& change);

/// Class user: `outside` are wanted, and `--resume` goes on with `run` alone, which is not for
/// them.
arrow::Status NotPartOfRun(const JournalRun& run, const TableJobs& outside);

/// Class user: `outside` are what `--only` names and `run`, which is over, was not for; `inside`
/// are the tables of the job that it was for.
arrow::Status NotPartOfDoneRun(const JournalRun& run, const TableJobs& inside,
                               const TableJobs& outside);

/// A note: tables that the run was not begun for join it.
std::string ExtendedFor(const JournalRun& run, const TableJobs& inside, const TableJobs& outside);

/// A note on a run that is done, of another job, or place, than the job now.
std::string ChangedSinceDone();

/// What NotPartOfDoneRun says, as a note where nothing was named.
std::string DoneRunWasFor(const JournalRun& run, const TableJobs& inside, const TableJobs& outside);

}  // namespace headrace
