#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "headrace/run/coordinator.h"

namespace headrace {

/// Where this process takes a run up.
enum class RunStart {
  kNew,
  kContinued,  ///< It is unfinished.
  kEnded,      ///< It is done: nothing of it may change.
};

/// What a new run has of an unfinished one.
struct Takeover {
  std::string run;                ///< The one that it takes over; empty: none.
  std::vector<std::string> kept;  ///< Directories of the tables of that one which are published,
                                  ///< and count as the new run's.
};

/// What this process shall do: the run, which of its tables are there already and which are left.
struct ChosenRun {
  std::string run;
  std::string started_at;  ///< When the run began, as the journal has it (UtcTime).
  std::string source;      ///< Source::place() that it reads, as far as it is known.
  RunStart start = RunStart::kNew;
  bool verification_failed = false;        ///< Done before, and its verification had failed.
  std::vector<const TableJob*> tables;     ///< Left to load now; pointers into the Job.
  std::vector<std::string> scope;          ///< Directories of all tables of the run.
  Takeover supersedes;                     ///< Of a new run.
  std::vector<CommitRecord> committed;     ///< Of the run's tables that are there already.
  std::vector<CommitRecord> rediscovered;  ///< Of those, the ones that the journal does not know.

  std::map<std::string, arrow::Status>
      faults;  ///< By directory: what an earlier process of the
               ///< run has found (LastingFault). Those tables fail.
  /// A run that is only verified before another begins, of which the journal keeps what job it is
  /// of. None: it is of the job as it is now.
  std::optional<JournalRun> as_begun;

  bool has_published =
      false;  ///< A table of it is there already; in a preview an open intent, too.

  bool nothing_to_do() const { return tables.empty(); }
};

struct RunDecision {
  std::optional<ChosenRun> chosen;      ///< None: nothing is to be resumed.
  std::optional<ChosenRun> earlier;     ///< Another run that is to be verified first: settling has
                                        ///< completed it, or `chosen` supersedes it.
  std::optional<std::string> given_up;  ///< A backfill that has published nothing, and is in the
                                        ///< way of another run.
  std::vector<std::string> notes;       ///< Sentences: what was settled, what is continued.
};

/// Settles every open intent of the job, then decides by docs/architecture.md ("A run") what is to
/// be done. Errors of class user where the request contradicts what is unfinished. `started_at` is
/// that of a new run. `gone` are directories of tables that the job has and the source has no more
/// (ListedJob::gone).
arrow::Result<RunDecision> ChooseRun(const RunParts& parts, const RunRequest& request,
                                     const std::vector<std::string>& gone,
                                     const std::string& started_at);

/// What ChooseRun would decide, taking open intents for commits; changes nothing anywhere.
arrow::Result<RunDecision> PreviewRun(const RunParts& parts, const RunRequest& request,
                                      const std::vector<std::string>& gone);

/// Writes what was decided of `chosen` to the journal, before anything of it is done.
arrow::Status JournalChoice(const Job& job, const ChosenRun& chosen, Journal& journal);

/// Labels of the tables in `scope` that have no commit record in `journalled`.
std::vector<std::string> TablesLeft(const Job& job, const std::vector<std::string>& scope,
                                    const std::vector<JournalTable>& journalled);

}  // namespace headrace
