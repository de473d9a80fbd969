#include "headrace/run/listed_job.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "headrace/model/backoff.h"
#include "headrace/model/wait_for.h"
#include "headrace/run/backfill.h"
#include "headrace/run/by_directory.h"
#include "headrace/run/known_run.h"
#include "headrace/run/succession.h"
#include "headrace/run/table_name.h"
#include "headrace/run/table_selection.h"

namespace headrace {
namespace {

using MatchedTables = std::vector<MatchedTable>;

/// The run that `request` would go on with, or repeat: by its id also the one that has taken it
/// over.
arrow::Result<std::optional<JournalRun>> KnownRun(const RunParts& parts,
                                                  const RunRequest& request) {
  if (request.run_id.has_value()) {
    ARROW_ASSIGN_OR_RAISE(RequestedRun requested, FindRequestedRun(parts.journal, *request.run_id));
    std::optional<JournalRun>& known = requested.run;
    if (known.has_value() && known->job != parts.job.name) return std::nullopt;
    return std::move(known);
  }
  ARROW_ASSIGN_OR_RAISE(std::vector<JournalRun> runs, parts.journal.UnfinishedRuns(parts.job.name));
  if (runs.empty()) return std::nullopt;
  return std::move(runs.front());
}

/// A server that is starting, or has no room, gets as many attempts as for a snapshot.
arrow::Result<TableList> ListPatiently(const RunParts& parts, const std::stop_token& stop) {
  for (int attempt = 1;; ++attempt) {
    auto list = ListTablesNow(parts.job, parts.source, stop);
    if (list.ok() || stop.stop_requested()) return list;
    if (ClassOf(list.status()) != ErrorClass::kTransient || attempt > parts.job.retries) {
      return list;
    }
    parts.observer.Emit(Level::kWarning, "list_retry",
                        "cannot list the tables, trying again: " + list.status().message(),
                        {{"attempt", int64_t{attempt}}});
    if (!WaitFor(BackoffDelay(attempt + 1), stop)) return InterruptedError();
  }
}

arrow::Result<ListedJob> OfNewRun(const RunParts& parts, const RunRequest& request,
                                  const TableList& list) {
  ListedJob listed{.job = WithTables(parts.job, list.matched),
                   .findings = {.notes = list.notes(), .gone = {}}};
  const bool is_concerned = request.only.empty() || !SelectTables(listed.job, request.only).ok();
  if (is_concerned) ARROW_RETURN_NOT_OK(list.fault());
  return listed;
}

arrow::Result<ListedJob> ListForNewRun(const RunParts& parts, const RunRequest& request,
                                       const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const TableList list, ListPatiently(parts, stop));
  return OfNewRun(parts, request, list);
}

/// Those of `now` that are not in `list` and that `--only` names, each by itself.
MatchedTables NamedBesides(const MatchedTables& now, const MatchedTables& list,
                           const std::vector<std::string>& only) {
  MatchedTables named;
  for (const MatchedTable& table : now) {
    const bool is_named = std::ranges::any_of(only, [&](const std::string& name) {
      return !TablePattern::HasWildcards(name) && IsNamed(NameOf(table), name);
    });
    const bool is_new = std::ranges::find(list, table) == list.end();
    if (is_named && is_new) named.push_back(table);
  }
  return named;
}

/// A run that is over keeps its list, and the source is not asked but for what `--only` names
/// besides: the run was not for that.
arrow::Result<ListedJob> ListOfEndedRun(const RunParts& parts, const JournalRun& run,
                                        const RunRequest& request, const std::stop_token& stop) {
  ListedJob listed{.job = WithTables(parts.job, run.matched), .findings = {}};
  if (request.only.empty() || SelectTables(listed.job, request.only).ok()) return listed;
  ARROW_ASSIGN_OR_RAISE(const TableList now, ListTablesNow(parts.job, parts.source, stop));
  MatchedTables tables = run.matched;
  std::ranges::move(NamedBesides(now.matched, tables, request.only), std::back_inserter(tables));
  listed.job = WithTables(parts.job, tables);
  return listed;
}

/// What RuleSuccession says before anything is settled, of `job` with the tables of a list.
Succession RuleBefore(const RunParts& parts, const JournalRun& run, const RunRequest& request,
                      const std::vector<JournalTable>& journalled, const Job& job) {
  const auto wanted = SelectTables(job, request.only);  // Whoever chooses the run says what is not.
  const UnfinishedRun unfinished =
      UnfinishedRunOf(run, journalled, Published::kDecided, job, wanted.ValueOr(TableJobs()),
                      IsAtSamePlace(parts, run));
  return RuleSuccession(unfinished, {.asked = request.run_id ? AskedRun::kSame : AskedRun::kAny,
                                     .resume = request.resume,
                                     .is_backfill = parts.job.backfill.has_value()});
}

/// The list of an unfinished run of the same job, beside what the source has now.
class UnfinishedList {
 public:
  UnfinishedList(const RunParts& parts, const JournalRun& run, const RunRequest& request,
                 const std::vector<JournalTable>& journalled)
      : parts_(parts), run_(run), request_(request), journalled_(journalled) {}

  arrow::Result<ListedJob> Make(std::span<const NamedRelation> names) {
    const TableList now = ListTables(parts_.job, names);
    MatchedTables tables = StillThere(names, now.matched);
    MatchedTables of_successor = now.matched;
    std::ranges::copy(lost_, std::back_inserter(of_successor));
    const Job successor = WithTables(parts_.job, of_successor);
    const Succession succession = RuleBefore(parts_, run_, request_, journalled_, successor);
    if (succession == Succession::kTakeOver) return ForSuccessor(now, successor);
    std::ranges::move(NamedBesides(now.matched, run_.matched, request_.only),
                      std::back_inserter(tables));
    NoteNew(now.matched, tables);
    return ListedJob{.job = WithTables(parts_.job, tables), .findings = std::move(findings_)};
  }

 private:
  /// A new run has what is there now, and is refused as any where a pattern stands for nothing; but
  /// where that is by what became of its tables since, they fail, and hold no other up.
  arrow::Result<ListedJob> ForSuccessor(const TableList& now, const Job& successor) {
    ListedJob listed;
    if (lost_.empty()) {
      ARROW_ASSIGN_OR_RAISE(listed, OfNewRun(parts_, request_, now));
    } else {
      listed = {.job = successor, .findings = {.notes = now.notes(), .gone = {}}};
      if (!now.fault().ok()) listed.findings.notes.push_back(now.fault().message());
    }
    std::ranges::move(findings_.notes, std::back_inserter(listed.findings.notes));
    return listed;
  }

  bool IsDecided(const std::string& directory, const JournalTableIndex& known) const {
    const JournalTable* begun = known.Find(directory);
    return begun != nullptr && IsPublished(*begun, Published::kDecided);
  }

  /// A table that was dropped is no failure of the run: the pattern does not stand for it any more.
  /// Where all its tables are gone, though, something is wrong with the source, and they fail.
  MatchedTables StillThere(std::span<const NamedRelation> names, const MatchedTables& now) {
    const JournalTableIndex known(journalled_);
    std::unordered_set<std::string_view> patterns;  // That stand for something.
    for (const MatchedTable& table : now) patterns.insert(table.pattern);
    std::unordered_set<std::string> there;
    for (const NamedRelation& relation : names) {
      there.insert(relation.table.directory());
      if (relation.found_without_schema) {
        there.insert(
            NameOf({.schema = {}, .name = relation.table.name, .pattern = {}}).directory());
      }
    }
    MatchedTables tables;
    std::vector<std::string> gone;
    for (const MatchedTable& table : run_.matched) {
      const std::string directory = NameOf(table).directory();
      const bool is_there = there.contains(directory);
      const bool is_published = IsDecided(directory, known);
      if (!is_there && !is_published && patterns.contains(table.pattern)) {
        gone.push_back(NameOf(table).label());
        continue;
      }
      tables.push_back(table);
      if (is_there) continue;
      if (is_published) {
        findings_.gone.push_back(directory);
      } else {
        lost_.push_back(table);
      }
    }
    Note("gone since run " + run_.run + " was begun, and no part of it any more: ", gone);
    return tables;
  }

  void NoteNew(const MatchedTables& now, const MatchedTables& tables) {
    std::unordered_set<std::string> known;
    for (const MatchedTable& table : tables) known.insert(NameOf(table).directory());
    std::vector<std::string> added;
    for (const MatchedTable& table : now) {
      const TableRef name = NameOf(table);
      if (!known.contains(name.directory())) added.push_back(name.label());
    }
    Note("new since run " + run_.run + " was begun, and for the next run to load: ", added);
  }

  void Note(const std::string& what, const std::vector<std::string>& tables) {
    if (!tables.empty()) findings_.notes.push_back(what + SomeNames(tables));
  }

  const RunParts& parts_;
  const JournalRun& run_;
  const RunRequest& request_;
  const std::vector<JournalTable>& journalled_;
  MatchedTables lost_;  // Left, of patterns that stand for nothing any more.
  ListFindings findings_;
};

/// What the source says is worth knowing, and no condition: a run that has only a commit to finish
/// needs no source, and who opens the snapshot says what is wrong with it.
arrow::Result<ListedJob> ListOfUnfinishedRun(const RunParts& parts, const JournalRun& run,
                                             const RunRequest& request,
                                             const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const std::vector<JournalTable> journalled, parts.journal.Tables(run.run));
  ListedJob as_begun{.job = WithTables(parts.job, run.matched), .findings = {}};
  const bool is_other = !IsOfJobNow(parts, run);
  const bool has_published = std::ranges::any_of(journalled, [](const JournalTable& table) {
    return IsPublished(table, Published::kDecided);
  });
  const bool is_ended =
      is_other && RuleBefore(parts, run, request, journalled, as_begun.job) == Succession::kEnd;
  if (is_other && (!has_published || is_ended)) return ListForNewRun(parts, request, stop);
  if (is_other) return as_begun;
  const auto names = parts.source.ListNames(stop);
  if (!names.ok()) {
    if (CodeOf(names.status()) == kInterruptedCode) return names.status();
    return as_begun;
  }
  return UnfinishedList(parts, run, request, journalled).Make(*names);
}

arrow::Result<ListedJob> ListOfRun(const RunParts& parts, const RunRequest& request,
                                   const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const std::optional<JournalRun> run, KnownRun(parts, request));
  const bool nothing_to_resume = !run && request.resume && !request.run_id && request.only.empty();
  if (nothing_to_resume) return ListedJob{.job = WithTables(parts.job, {}), .findings = {}};
  if (!run.has_value()) return ListForNewRun(parts, request, stop);
  if (run->unfinished()) return ListOfUnfinishedRun(parts, *run, request, stop);
  return ListOfEndedRun(parts, *run, request, stop);
}

}  // namespace

arrow::Result<TableList> ListTablesNow(const Job& job, Source& source, std::stop_token stop) {
  if (job.patterns.empty()) return TableList{};
  ARROW_ASSIGN_OR_RAISE(const std::vector<NamedRelation> names, source.ListNames(std::move(stop)));
  return ListTables(job, names);
}

arrow::Result<ListedJob> ListTablesOfRun(const RunParts& parts, const RunRequest& request,
                                         const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(ListedJob listed, ListOfRun(parts, request, stop));
  ARROW_RETURN_NOT_OK(GiveBackfill(request.only, listed.job));
  return listed;
}

}  // namespace headrace
