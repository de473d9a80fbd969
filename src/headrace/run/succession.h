#pragma once

#include <string>
#include <vector>

#include "headrace/config/job.h"
#include "headrace/journal/journal.h"
#include "headrace/run/table_selection.h"

/// What becomes of an unfinished run when its job is run again: it goes on, or another one begins.
/// The one rule for that, pure: whoever lists the tables of a run beforehand (run/listed_job) and
/// who chooses it (run/choose_run) ask the same. docs/architecture.md ("A run") has it as a table.
namespace headrace {

/// Which run `--run-id` means.
enum class AskedRun {
  kAny,          ///< It was not given.
  kSame,         ///< The unfinished one.
  kPredecessor,  ///< One that the unfinished one has taken over.
  kOther,        ///< One that the journal does not know.
};

/// What is asked for.
struct RunWish {
  AskedRun asked = AskedRun::kAny;
  bool resume = false;       ///< `--resume`: nothing new begins.
  bool is_backfill = false;  ///< `--from`, `--to`.
  bool has_loaded = false;   ///< Of kOther: the destination has tables of it, though the journal
                             ///< does not know it.
};

/// One table of the unfinished run.
struct UnfinishedTable {
  std::string directory;
  std::string label;              ///< Its directory where the job does not have it.
  bool is_published = false;      ///< Or decided, where nothing is settled yet.
  bool is_wanted_window = false;  ///< It is asked for, and what a new run loads of it comes after
                                  ///< what is there.
  bool is_wanted = false;         ///< It is asked for.
  bool is_replaced = false;       ///< The job loads it whole, in the place of what is there.
};

/// What is known of the unfinished run.
struct UnfinishedRun {
  std::vector<UnfinishedTable> tables;
  bool has_published = false;  ///< Any table, also one that the job does not have any more.
  bool is_backfill = false;
  bool is_same_text = true;   ///< Its job's text is that of the job now.
  bool is_same_place = true;  ///< So is the place of the source, as far as both are known.
  /// Of another text: no parameter that both jobs have has another value, as far as is known; else
  /// somebody has changed the job itself.
  bool has_same_values = true;
  bool has_same_target = true;  ///< None of the destination.

  /// Labels of what is not published.
  std::vector<std::string> left() const;
  /// Directories of what is published and has no next window.
  std::vector<std::string> kept() const;
};

enum class Succession {
  kContinue,  ///< It goes on, under its id and with its list of tables.
  kTakeOver,  ///< A new run begins and has from then on what is left of it.
  kEnd,       ///< Nothing is left of it: it is verified, and a new run begins.
  kGiveUp,    ///< It is abandoned, and a new run begins.
  // What is asked for contradicts it, and nothing is done:
  kBackfillUnfinished,  ///< It is a backfill, and something else is asked for.
  kOtherUnfinished,     ///< It has tables left that a new run would pass over.
  kOtherJobUnfinished,  ///< The same, and it has published nothing of a job, or place, that was
                        ///< another one.
  kResumeOfOtherJob,    ///< A new run would take it over, and `--resume` begins none.
  kJobChanged,          ///< It has published tables of a job that was another one.
  kSuccessorChanged,    ///< It was the same job as the one that it took over and is meant by, and
                        ///< is not what is asked for.
};

/// The rule.
Succession RuleSuccession(const UnfinishedRun& run, const RunWish& wish);

/// What of an unfinished run is there.
enum class Published {
  kCommitted,  ///< Open intents were settled.
  kDecided,    ///< They were not, and most likely will be commits.
};

bool IsPublished(const JournalTable& table, Published published);

/// What RuleSuccession is to know of `run`, of which the journal has `tables`. `job` has the tables
/// of its patterns, `wanted` are those of it that are asked for and that the source still has. What
/// is gone of the patterns' tables is left for nobody, unless the job or the place has changed.
UnfinishedRun UnfinishedRunOf(const JournalRun& run, const std::vector<JournalTable>& tables,
                              Published published, const Job& job, const TableJobs& wanted,
                              bool is_same_place);

}  // namespace headrace
