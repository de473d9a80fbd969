#include "headrace/run/succession.h"

#include <algorithm>
#include <unordered_set>

#include "headrace/run/backfill.h"
#include "headrace/run/by_directory.h"

namespace headrace {
namespace {

bool HasLeft(const UnfinishedRun& run) {
  return !std::ranges::all_of(run.tables, &UnfinishedTable::is_published);
}

bool HasNextWindow(const UnfinishedRun& run) {
  return std::ranges::any_of(run.tables, [](const UnfinishedTable& table) {
    return table.is_published && table.is_wanted_window;
  });
}

bool IsSameJob(const UnfinishedRun& run) { return run.is_same_text && run.is_same_place; }

/// A new run loads all that the unfinished one is for. Whoever asks again for that means the new
/// one from then on: it must be for no less.
bool IsCovered(const UnfinishedRun& run) {
  if (!run.has_published) return std::ranges::all_of(run.tables, &UnfinishedTable::is_wanted);
  return std::ranges::all_of(run.tables, &UnfinishedTable::is_wanted_window);
}

/// What it was for would be replaced by what the job loads now, wherever its rows come from.
bool IsReplacedAnyway(const UnfinishedRun& run) {
  return run.has_same_target && std::ranges::all_of(run.tables, &UnfinishedTable::is_replaced);
}

/// What it was for may be rows that the job, as it is now, does not load: those of another
/// `${FROM}`, or database. Nobody would, unless what is loaded now takes their place anyway. Where
/// the job itself was changed, whoever did that wants them no more.
bool IsForOtherRows(const UnfinishedRun& run) {
  const bool is_moved = run.is_same_text && !run.is_same_place;
  if (run.has_same_values && !is_moved) return false;
  return !IsReplacedAnyway(run);
}

/// A run of another id loads all that the unfinished one is for or, of another job, what would
/// take the place of that. A file that was changed is not taken for mended here: a scheduler that
/// writes it anew for each id wants the rows of each.
bool IsCoveredByOtherId(const UnfinishedRun& run, const RunWish& wish) {
  if (IsSameJob(run)) return IsCovered(run);
  const bool is_backfill = run.is_backfill || wish.is_backfill;
  return !run.has_published && !is_backfill && IsReplacedAnyway(run) && IsCovered(run);
}

/// It has published nothing, of another job.
Succession WithoutIdOfOtherJob(const UnfinishedRun& run, const RunWish& wish) {
  if (run.is_backfill && !run.is_same_text) return Succession::kBackfillUnfinished;
  if (IsForOtherRows(run)) return Succession::kOtherJobUnfinished;
  return wish.resume ? Succession::kResumeOfOtherJob : Succession::kTakeOver;
}

/// A person has asked for its range once, and nothing came of it: no other run is to wait for that.
bool IsBackfillInTheWay(const UnfinishedRun& run, const RunWish& wish) {
  const bool is_asked_for =
      run.is_same_text || wish.asked == AskedRun::kSame || wish.asked == AskedRun::kPredecessor;
  return run.is_backfill && !is_asked_for && !wish.resume && !run.has_published;
}

/// A backfill goes on as that alone, and nothing else goes on as a backfill: the range, or the
/// windows, would be taken for loaded. One that has published nothing goes on with the job as it is
/// now, if it is asked for by its own id: by that of one that it took over, what its own stands for
/// would be taken for loaded.
Succession Continued(const UnfinishedRun& run, const RunWish& wish) {
  if (!run.is_same_text && run.is_backfill != wish.is_backfill) {
    return run.is_backfill ? Succession::kBackfillUnfinished : Succession::kOtherUnfinished;
  }
  if (!run.is_same_text && run.has_published) return Succession::kJobChanged;
  const bool is_predecessor = wish.asked == AskedRun::kPredecessor;
  if (is_predecessor && !IsSameJob(run)) return Succession::kSuccessorChanged;
  return Succession::kContinue;
}

/// One table that fails again and again must not hold up the new rows of others: where the
/// unfinished run has loaded such, a new one takes up what is left, and loads their next windows.
Succession WithoutId(const UnfinishedRun& run, const RunWish& wish) {
  const bool is_other_backfill = !run.is_same_text && (run.is_backfill || wish.is_backfill);
  if (is_other_backfill && !HasLeft(run) && !wish.resume) return Succession::kEnd;
  if (!wish.resume && IsSameJob(run) && HasLeft(run) && HasNextWindow(run)) {
    return Succession::kTakeOver;
  }
  const bool is_same_kind = run.is_same_text || run.is_backfill == wish.is_backfill;
  if (is_same_kind && !run.has_published && !IsSameJob(run)) return WithoutIdOfOtherJob(run, wish);
  return Continued(run, wish);
}

Succession WithOtherId(const UnfinishedRun& run, const RunWish& wish) {
  if (!HasLeft(run)) return Succession::kEnd;
  // What it has loaded before lies behind what the unfinished one is for.
  const bool is_new = !wish.resume && !wish.has_loaded;
  if (is_new && IsCoveredByOtherId(run, wish)) return Succession::kTakeOver;
  if (run.is_backfill) return Succession::kBackfillUnfinished;
  const bool is_other_job = !run.has_published && !wish.is_backfill && !IsSameJob(run);
  return is_other_job ? Succession::kOtherJobUnfinished : Succession::kOtherUnfinished;
}

/// Fills in whether the values of the parameters are those that the run began with; of a journal
/// that does not say it, they may not be.
void CompareParameters(const JournalRun& run, const Job& job, UnfinishedRun& unfinished) {
  if (unfinished.is_same_text) return;
  const bool is_known = run.parameters.has_value();
  const JobParameters changed =
      is_known ? ChangedParameters(*run.parameters, job.parameters) : JobParameters();
  unfinished.has_same_values = is_known && changed.empty();
  unfinished.has_same_target =
      is_known && std::ranges::none_of(changed, &JobParameter::of_destination);
}

bool IsReplaced(const TableJob& table) {
  return !table.load.is_transactional() && table.write == WriteMode::kReplace;
}

}  // namespace

std::vector<std::string> UnfinishedRun::left() const {
  std::vector<std::string> labels;
  for (const UnfinishedTable& table : tables) {
    if (!table.is_published) labels.push_back(table.label);
  }
  return labels;
}

std::vector<std::string> UnfinishedRun::kept() const {
  std::vector<std::string> directories;
  for (const UnfinishedTable& table : tables) {
    if (table.is_published && !table.is_wanted_window) directories.push_back(table.directory);
  }
  return directories;
}

Succession RuleSuccession(const UnfinishedRun& run, const RunWish& wish) {
  if (IsBackfillInTheWay(run, wish)) return Succession::kGiveUp;
  switch (wish.asked) {
    case AskedRun::kAny:
      return WithoutId(run, wish);
    case AskedRun::kSame:
    case AskedRun::kPredecessor:
      return Continued(run, wish);
    case AskedRun::kOther:
      break;
  }
  return WithOtherId(run, wish);
}

bool IsPublished(const JournalTable& table, Published published) {
  return table.record.has_value() || (published == Published::kDecided && table.has_open_intent());
}

UnfinishedRun UnfinishedRunOf(const JournalRun& run, const std::vector<JournalTable>& tables,
                              Published published, const Job& job, const TableJobs& wanted,
                              bool is_same_place) {
  const auto is_published = [published](const JournalTable& table) {
    return IsPublished(table, published);
  };
  UnfinishedRun unfinished;
  unfinished.has_published = std::ranges::any_of(tables, is_published);
  unfinished.is_backfill = IsBackfill(run);
  unfinished.is_same_text = run.text_digest == job.text_digest;
  unfinished.is_same_place = is_same_place;
  CompareParameters(run, job, unfinished);
  const JournalTableIndex journalled(tables);
  const JobPositions positions = PositionsByDirectory(job);
  const std::unordered_set<const TableJob*> asked_for(wanted.begin(), wanted.end());
  for (const std::string& directory : run.scope) {
    const JournalTable* known = journalled.Find(directory);
    const auto at = positions.find(directory);
    const TableJob* table = at == positions.end() ? nullptr : &job.tables[at->second];
    if (table == nullptr && IsSameJob(unfinished)) continue;
    const bool is_wanted = asked_for.contains(table);
    const bool has_windows = is_wanted && !job.backfill && table->load.moves_watermark();
    unfinished.tables.push_back({.directory = directory,
                                 .label = table == nullptr ? directory : table->table.label(),
                                 .is_published = known != nullptr && is_published(*known),
                                 .is_wanted_window = has_windows,
                                 .is_wanted = is_wanted,
                                 .is_replaced = table != nullptr && IsReplaced(*table)});
  }
  return unfinished;
}

}  // namespace headrace
