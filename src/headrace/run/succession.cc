#include "headrace/run/succession.h"

#include <algorithm>
#include <unordered_set>

#include "headrace/run/backfill.h"
#include "headrace/run/by_directory.h"

namespace headrace {
namespace {

SuccessionRuling Ruled(Succession succession) { return {succession, Refusal::kNone}; }

SuccessionRuling Refused(Refusal refusal) { return {Succession::kRefuse, refusal}; }

bool HasLeft(const UnfinishedRun& run) {
  return !std::ranges::all_of(run.tables, &UnfinishedTable::is_published);
}

bool HasNextWindow(const UnfinishedRun& run) {
  return std::ranges::any_of(run.tables, [](const UnfinishedTable& table) {
    return table.is_published && table.is_wanted_window;
  });
}

/// A new run loads all of it that the job still has, and whoever asks again for the unfinished run
/// means the new one from then on: it must be for no less.
bool IsCovered(const UnfinishedRun& run) {
  return std::ranges::none_of(
      run.tables, [](const UnfinishedTable& table) { return table.is_in_job && !table.is_wanted; });
}

/// A person has asked for its range once, and nothing came of it: no other run is to wait for that.
bool IsBackfillInTheWay(const UnfinishedRun& run, const RunWish& wish) {
  const bool is_asked_for = run.is_same_text || wish.asked == AskedRun::kSame;
  return run.is_backfill && !is_asked_for && !wish.resume && !run.has_published;
}

/// A backfill goes on as that alone, and nothing else goes on as a backfill: the range, or the
/// windows, would be taken for loaded.
SuccessionRuling Continued(const UnfinishedRun& run, const RunWish& wish) {
  if (run.is_same_text) return Ruled(Succession::kContinue);
  if (run.is_backfill != wish.is_backfill) {
    return Refused(run.is_backfill ? Refusal::kBackfillUnfinished : Refusal::kOtherUnfinished);
  }
  return run.has_published ? Refused(Refusal::kJobChanged) : Ruled(Succession::kContinue);
}

/// One table that fails again and again must not hold up the new rows of others: where the
/// unfinished run has loaded such, a new one takes up what is left, and loads their next windows.
SuccessionRuling WithoutId(const UnfinishedRun& run, const RunWish& wish) {
  const bool is_other_backfill = !run.is_same_text && (run.is_backfill || wish.is_backfill);
  if (is_other_backfill && !HasLeft(run) && !wish.resume) return Ruled(Succession::kEnd);
  const bool is_same_job = run.is_same_text && run.is_same_place;
  if (!wish.resume && is_same_job && HasLeft(run) && HasNextWindow(run)) {
    return Ruled(Succession::kTakeOver);
  }
  return Continued(run, wish);
}

SuccessionRuling WithOtherId(const UnfinishedRun& run, const RunWish& wish) {
  if (!HasLeft(run)) return Ruled(Succession::kEnd);
  const bool is_same_job = run.is_same_text && run.is_same_place;
  const bool are_windows = std::ranges::all_of(run.tables, &UnfinishedTable::is_wanted_window);
  // Of one that has published nothing there is nothing that a changed job could contradict.
  const bool is_unpublished = !run.has_published && run.is_backfill == wish.is_backfill;
  const bool is_covered = (is_same_job && are_windows) || (is_unpublished && IsCovered(run));
  // What it has loaded before lies behind what the unfinished one is for.
  const bool is_new = !wish.resume && !wish.has_loaded;
  if (is_new && is_covered) return Ruled(Succession::kTakeOver);
  return Refused(run.is_backfill ? Refusal::kBackfillUnfinished : Refusal::kOtherUnfinished);
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

SuccessionRuling RuleSuccession(const UnfinishedRun& run, const RunWish& wish) {
  if (IsBackfillInTheWay(run, wish)) return Ruled(Succession::kGiveUp);
  switch (wish.asked) {
    case AskedRun::kAny:
      return WithoutId(run, wish);
    case AskedRun::kSame:
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
  const JournalTableIndex journalled(tables);
  const JobPositions positions = PositionsByDirectory(job);
  const std::unordered_set<const TableJob*> asked_for(wanted.begin(), wanted.end());
  for (const std::string& directory : run.scope) {
    const JournalTable* known = journalled.Find(directory);
    const auto at = positions.find(directory);
    const TableJob* table = at == positions.end() ? nullptr : &job.tables[at->second];
    if (table == nullptr && unfinished.is_same_text) continue;
    const bool is_wanted = asked_for.contains(table);
    const bool has_windows = is_wanted && !job.backfill && table->load.moves_watermark();
    unfinished.tables.push_back({.directory = directory,
                                 .label = table == nullptr ? directory : table->table.label(),
                                 .is_in_job = table != nullptr,
                                 .is_published = known != nullptr && is_published(*known),
                                 .is_wanted_window = has_windows,
                                 .is_wanted = is_wanted});
  }
  return unfinished;
}

}  // namespace headrace
