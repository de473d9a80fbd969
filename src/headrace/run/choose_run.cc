#include "headrace/run/choose_run.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "headrace/run/backfill.h"
#include "headrace/run/by_directory.h"
#include "headrace/run/choice_text.h"
#include "headrace/run/cursor_window.h"
#include "headrace/run/known_run.h"
#include "headrace/run/run_id.h"
#include "headrace/run/settle.h"
#include "headrace/run/table_list.h"
#include "headrace/run/table_selection.h"

namespace headrace {
namespace {

/// What an unfinished run has come to.
struct RunRemains {
  std::vector<std::string> left;      ///< Labels of its tables that are not published.
  bool left_are_windows = true;       ///< All of them are wanted and in transactional mode.
  bool has_next_windows = false;      ///< So is a table that is published.
  std::vector<std::string> kept;      ///< Directories of all others that are published,
  std::vector<CommitRecord> records;  ///< and the records of those.
};

class RunChooser {
 public:
  RunChooser(const RunParts& parts, const RunRequest& request, std::string started_at, bool preview)
      : parts_(parts), request_(request), started_at_(std::move(started_at)), preview_(preview) {}

  arrow::Result<RunDecision> Choose();

  /// Why nothing was chosen, and what was settled before that: it may have published a table.
  arrow::Status WithSettled(const arrow::Status& status) const;

 private:
  arrow::Result<std::optional<JournalRun>> FindUnfinished();
  arrow::Status Settle(const JournalRun& run);
  arrow::Result<bool> IsBackfillInTheWay(const JournalRun& run);
  void GiveUp(std::optional<JournalRun>& unfinished);
  bool IsOtherBackfill(const JournalRun& run) const;
  arrow::Status CheckSameKind(const JournalRun& run, const std::vector<std::string>& left) const;
  arrow::Status ChooseByRunId(const std::optional<JournalRun>& unfinished);
  arrow::Status ChooseBeside(const JournalRun& unfinished);
  arrow::Result<ChosenRun> Start(const std::string& run);
  arrow::Status ContinueOrSucceed(const JournalRun& run);
  arrow::Result<RunRemains> RemainsOf(const JournalRun& run);
  ChosenRun SuccessorOf(const JournalRun& run, const RunRemains& remains) const;
  arrow::Status TakeOver(const JournalRun& run, const std::vector<std::string>& left,
                         std::vector<std::string> kept);
  arrow::Status VerifyBefore(const JournalRun& run, const std::vector<std::string>& kept);
  arrow::Result<ChosenRun> Continue(const JournalRun& run);
  arrow::Status ChoosePlace(const JournalRun& run, ChosenRun& chosen);
  arrow::Status FindFaults(const std::string& run, ChosenRun& chosen);
  arrow::Status Extend(const JournalRun& run, ChosenRun& chosen);
  arrow::Result<ChosenRun> Repeat(const JournalRun& run);
  arrow::Status DivideTables(ChosenRun& chosen);
  arrow::Status FindCommitted(const TableJob& table, const JournalTableIndex& journalled,
                              ChosenRun& chosen);

  /// A preview settles nothing: most likely an open intent will be a commit.
  bool IsThere(const JournalTable& table) const {
    return table.record.has_value() || (preview_ && table.has_open_intent());
  }

  const RunParts& parts_;
  const RunRequest& request_;
  const std::string started_at_;
  const bool preview_;
  TableJobs wanted_;
  RunDecision decision_;
  std::string settled_;  // Sentences.
};

arrow::Result<RunDecision> RunChooser::Choose() {
  if (request_.run_id.has_value()) ARROW_RETURN_NOT_OK(CheckRunId(*request_.run_id));
  ARROW_ASSIGN_OR_RAISE(wanted_, SelectTables(parts_.job, request_.only));
  ARROW_ASSIGN_OR_RAISE(auto unfinished, FindUnfinished());
  if (unfinished.has_value()) ARROW_RETURN_NOT_OK(Settle(*unfinished));
  if (unfinished.has_value()) {
    ARROW_ASSIGN_OR_RAISE(const bool in_the_way, IsBackfillInTheWay(*unfinished));
    if (in_the_way) GiveUp(unfinished);
  }
  if (request_.run_id.has_value()) {
    ARROW_RETURN_NOT_OK(ChooseByRunId(unfinished));
  } else if (unfinished.has_value()) {
    ARROW_RETURN_NOT_OK(ContinueOrSucceed(*unfinished));
  } else if (request_.resume) {
    decision_.notes.emplace_back("no run of this job is unfinished; nothing to resume");
  } else {
    ARROW_ASSIGN_OR_RAISE(decision_.chosen, Start(MakeRunId()));
  }
  return std::move(decision_);
}

arrow::Status RunChooser::WithSettled(const arrow::Status& status) const {
  if (status.ok() || settled_.empty()) return status;
  return status.WithMessage(status.message() + "; before that was finished what was begun" +
                            settled_);
}

/// The latest unfinished run of the job. There is at most one: a new run starts only when none is
/// left.
arrow::Result<std::optional<JournalRun>> RunChooser::FindUnfinished() {
  ARROW_ASSIGN_OR_RAISE(std::vector<JournalRun> runs,
                        parts_.journal.UnfinishedRuns(parts_.job.name));
  if (runs.empty()) return std::nullopt;
  JournalRun& run = runs.front();
  if (run.text_digest == parts_.job.text_digest) {
    // What is gone of the tables of its patterns is left for nobody.
    run.scope = DirectoriesOf(TablesIn(parts_.job, run.scope));
  }
  return std::move(run);
}

/// A person has asked for its range once, and nothing came of it: no other run is to wait for that.
arrow::Result<bool> RunChooser::IsBackfillInTheWay(const JournalRun& run) {
  const bool is_asked_for = run.text_digest == parts_.job.text_digest || request_.run_id == run.run;
  if (!IsBackfill(run) || is_asked_for || request_.resume) return false;
  ARROW_ASSIGN_OR_RAISE(const std::vector<JournalTable> tables, parts_.journal.Tables(run.run));
  return std::ranges::none_of(tables, [this](const auto& table) { return IsThere(table); });
}

void RunChooser::GiveUp(std::optional<JournalRun>& unfinished) {
  decision_.notes.push_back("run " + unfinished->run +
                            ", a backfill that has loaded nothing, is given up");
  decision_.given_up = unfinished->run;
  unfinished.reset();
}

/// `run` or what is asked for is a backfill, and they are not the same one.
bool RunChooser::IsOtherBackfill(const JournalRun& run) const {
  return run.text_digest != parts_.job.text_digest &&
         (IsBackfill(run) || parts_.job.backfill.has_value());
}

/// A backfill goes on as that alone, and nothing else goes on as a backfill: the range, or the
/// windows, would be taken for loaded.
arrow::Status RunChooser::CheckSameKind(const JournalRun& run,
                                        const std::vector<std::string>& left) const {
  if (IsBackfill(run) == parts_.job.backfill.has_value()) return arrow::Status::OK();
  if (IsBackfill(run)) return BackfillUnfinished(parts_.job, run, left);
  return OtherRunUnfinished(parts_.job, "this backfill", run, left);
}

arrow::Status RunChooser::Settle(const JournalRun& run) {
  if (!preview_) {
    ARROW_ASSIGN_OR_RAISE(decision_.notes, SettleOpenIntents(parts_, run.run));
    for (const std::string& note : decision_.notes) settled_ += "; " + note;
    return arrow::Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(const std::vector<JournalTable> tables, parts_.journal.Tables(run.run));
  for (const JournalTable& table : tables) {
    if (!table.has_open_intent()) continue;
    decision_.notes.push_back("table " + table.label + ": a commit of run " + run.run +
                              " is open; a run finishes it first");
  }
  return arrow::Status::OK();
}

arrow::Status RunChooser::ChooseByRunId(const std::optional<JournalRun>& unfinished) {
  const std::string& wanted = *request_.run_id;
  ARROW_ASSIGN_OR_RAISE(const RequestedRun requested, FindRequestedRun(parts_.journal, wanted));
  const std::optional<JournalRun>& known = requested.run;
  std::ranges::copy(requested.notes, std::back_inserter(decision_.notes));
  if (unfinished.has_value() && known.has_value() && unfinished->run == known->run) {
    ARROW_ASSIGN_OR_RAISE(decision_.chosen, Continue(*unfinished));
    return arrow::Status::OK();
  }
  if (known.has_value() && known->job != parts_.job.name) {
    return UserError("run " + known->run + " belongs to job \"" + known->job +
                     "\"; choose another --run-id");
  }
  if (known.has_value()) {
    ARROW_ASSIGN_OR_RAISE(decision_.chosen, Repeat(*known));
    return arrow::Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(decision_.chosen, Start(wanted));
  if (unfinished.has_value()) ARROW_RETURN_NOT_OK(ChooseBeside(*unfinished));
  if (request_.resume && decision_.chosen->committed.empty()) {
    decision_.chosen.reset();
    decision_.notes.push_back("run " + wanted + " was never begun; nothing to resume");
  }
  return arrow::Status::OK();
}

/// A run of an id of its own has been chosen. What is unfinished ends before it where it is
/// complete, or where the new run loads all that is left of it.
arrow::Status RunChooser::ChooseBeside(const JournalRun& unfinished) {
  ARROW_ASSIGN_OR_RAISE(const RunRemains remains, RemainsOf(unfinished));
  if (remains.left.empty()) return VerifyBefore(unfinished, {});
  // Whoever asks for the unfinished run means the new one from then on: it must be for no less.
  const bool is_covered = remains.left_are_windows && remains.kept.empty();
  if (is_covered && IsOfSameJob(parts_, unfinished) && !request_.resume) {
    return TakeOver(unfinished, remains.left, /*kept=*/{});
  }
  if (IsBackfill(unfinished)) return BackfillUnfinished(parts_.job, unfinished, remains.left);
  return OtherRunUnfinished(parts_.job, "run " + decision_.chosen->run, unfinished, remains.left);
}

/// One table that fails again and again must not hold up the new rows of others: where the
/// unfinished run has loaded such, a new one takes up what is left, and loads their next windows.
arrow::Status RunChooser::ContinueOrSucceed(const JournalRun& run) {
  ARROW_ASSIGN_OR_RAISE(RunRemains remains, RemainsOf(run));
  if (IsOtherBackfill(run) && remains.left.empty() && !request_.resume) {
    ARROW_ASSIGN_OR_RAISE(decision_.chosen, Start(MakeRunId()));
    return VerifyBefore(run, {});
  }
  if (request_.resume || !IsOfSameJob(parts_, run) || remains.left.empty() ||
      !remains.has_next_windows) {
    ARROW_ASSIGN_OR_RAISE(decision_.chosen, Continue(run));
    return arrow::Status::OK();
  }
  decision_.chosen = SuccessorOf(run, remains);
  return TakeOver(run, remains.left, std::move(remains.kept));
}

arrow::Result<RunRemains> RunChooser::RemainsOf(const JournalRun& run) {
  ARROW_ASSIGN_OR_RAISE(const auto tables, parts_.journal.Tables(run.run));
  const JournalTableIndex journalled(tables);
  const JobPositions positions = PositionsByDirectory(parts_.job);
  const std::unordered_set<const TableJob*> wanted(wanted_.begin(), wanted_.end());
  RunRemains remains;
  for (const std::string& directory : run.scope) {
    const JournalTable* known = journalled.Find(directory);
    const auto at = positions.find(directory);
    const TableJob* table = at == positions.end() ? nullptr : &parts_.job.tables[at->second];
    const bool is_window = wanted.contains(table) && table->load.moves_watermark();
    if (known == nullptr || !IsThere(*known)) {
      remains.left.push_back(table == nullptr ? directory : table->table.label());
      remains.left_are_windows &= is_window;
    } else if (is_window) {
      remains.has_next_windows = true;
    } else {
      remains.kept.push_back(directory);
      if (known->record.has_value()) remains.records.push_back(*known->record);
    }
  }
  return remains;
}

/// A new run for what is left of `run`, for the next windows of what it has loaded, and for wanted
/// tables that it was not for.
ChosenRun RunChooser::SuccessorOf(const JournalRun& run, const RunRemains& remains) const {
  ChosenRun chosen;
  chosen.run = MakeRunId();
  chosen.started_at = started_at_;
  chosen.source = parts_.source.place();
  chosen.scope = run.scope;
  for (const TableJob* table : TablesOutside(wanted_, run.scope)) {
    chosen.scope.push_back(table->table.directory());
  }
  chosen.tables = TablesOutside(wanted_, remains.kept);
  chosen.committed = remains.records;
  chosen.has_published = !remains.kept.empty();
  return chosen;
}

/// The chosen run takes `run` over, of which `left` (labels) is left, and keeps the published
/// tables `kept` as its own.
arrow::Status RunChooser::TakeOver(const JournalRun& run, const std::vector<std::string>& left,
                                   std::vector<std::string> kept) {
  ARROW_RETURN_NOT_OK(FindFaults(run.run, *decision_.chosen));
  decision_.notes.push_back(TakenOver(run, left));
  ARROW_RETURN_NOT_OK(VerifyBefore(run, kept));
  decision_.chosen->supersedes = {.run = run.run, .kept = std::move(kept)};
  return arrow::Status::OK();
}

/// Who ends a run verifies what it has published, but for `kept`, which is verified with another.
arrow::Status RunChooser::VerifyBefore(const JournalRun& run,
                                       const std::vector<std::string>& kept) {
  ARROW_ASSIGN_OR_RAISE(ChosenRun earlier, Repeat(run));
  earlier.start = RunStart::kContinued;
  earlier.text_digest = run.text_digest;
  earlier.matched = run.matched;
  const std::unordered_set<std::string_view> others(kept.begin(), kept.end());
  std::erase_if(earlier.committed,
                [&](const CommitRecord& record) { return others.contains(record.intent.table); });
  decision_.earlier = std::move(earlier);
  return arrow::Status::OK();
}

arrow::Result<ChosenRun> RunChooser::Start(const std::string& run) {
  ChosenRun chosen;
  chosen.run = run;
  chosen.started_at = started_at_;
  chosen.source = parts_.source.place();
  chosen.scope = DirectoriesOf(wanted_);
  ARROW_RETURN_NOT_OK(DivideTables(chosen));
  return chosen;
}

arrow::Result<ChosenRun> RunChooser::Continue(const JournalRun& run) {
  ChosenRun chosen;
  chosen.start = RunStart::kContinued;
  chosen.run = run.run;
  chosen.started_at = run.started_at;
  chosen.scope = run.scope;
  if (run.text_digest != parts_.job.text_digest) {
    ARROW_ASSIGN_OR_RAISE(const std::vector<JournalTable> tables, parts_.journal.Tables(run.run));
    ARROW_RETURN_NOT_OK(CheckSameKind(run, TablesLeft(parts_.job, run.scope, tables)));
    if (std::ranges::any_of(tables, [this](const auto& table) { return IsThere(table); })) {
      return JobChanged(parts_.job, run, TablesLeft(parts_.job, run.scope, tables));
    }
    chosen.scope = DirectoriesOf(TablesIn(parts_.job, run.scope));
  }
  ARROW_RETURN_NOT_OK(Extend(run, chosen));
  ARROW_RETURN_NOT_OK(DivideTables(chosen));
  ARROW_RETURN_NOT_OK(ChoosePlace(run, chosen));
  ARROW_RETURN_NOT_OK(FindFaults(run.run, chosen));
  if (!chosen.nothing_to_do()) {
    decision_.notes.push_back("continuing run " + run.run + ", begun at " + run.started_at);
    if (!chosen.committed.empty()) decision_.notes.push_back(OlderSnapshots(chosen.committed));
  } else if (!request_.only.empty() && chosen.committed.size() < chosen.scope.size()) {
    decision_.notes.push_back("run " + run.run + ", begun at " + run.started_at +
                              ", has these tables already and others not yet: nothing is read "
                              "again before it is finished, by a run without --only, or given up "
                              "by `headrace abandon " +
                              run.run + parts_.job.words.AsOption() + "`");
  }
  return chosen;
}

/// What is published was read from the place that the journal knows, unless it is of an earlier
/// version.
arrow::Status RunChooser::ChoosePlace(const JournalRun& run, ChosenRun& chosen) {
  chosen.source = run.source;
  if (chosen.has_published && chosen.nothing_to_do()) return arrow::Status::OK();
  const std::string place = parts_.source.place();
  if (!chosen.has_published || run.source.empty()) chosen.source = place;
  if (place.empty() || place == chosen.source) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(const std::vector<JournalTable> tables, parts_.journal.Tables(run.run));
  return SourceChanged(parts_.job, run, place, TablesLeft(parts_.job, run.scope, tables));
}

/// What `run` has found: `chosen`, or the one that it supersedes. A job that allows late rows now,
/// or loads the whole table, has answered it.
arrow::Status RunChooser::FindFaults(const std::string& run, ChosenRun& chosen) {
  ARROW_ASSIGN_OR_RAISE(const auto faults, parts_.journal.LastingFaults(run));
  for (const LastingFault& fault : faults) {
    const auto table = std::ranges::find(chosen.tables, fault.directory,
                                         [](const TableJob* t) { return t->table.directory(); });
    if (table == chosen.tables.end()) continue;
    const LoadSettings& load = (*table)->load;
    if (!load.is_transactional() || load.late_rows == LateRows::kWarn) continue;
    chosen.faults.emplace(fault.directory,
                          UserError("found at " + fault.found_at + ": " + fault.reason +
                                        ". The run is given up by `headrace abandon " + chosen.run +
                                        parts_.job.words.AsOption() + "`",
                                    std::string(kBehindWatermarkCode)));
  }
  return arrow::Status::OK();
}

/// Tables that the run was not begun for join it: nothing of them is committed. `--resume` leaves
/// the run as it is.
arrow::Status RunChooser::Extend(const JournalRun& run, ChosenRun& chosen) {
  const TableJobs known = TablesIn(parts_.job, chosen.scope);
  const TableJobs outside = TablesOutside(wanted_, chosen.scope);
  if (outside.empty()) return arrow::Status::OK();
  if (request_.resume && !known.empty()) {
    if (!request_.only.empty()) return NotPartOfRun(run, outside);
    wanted_ = known;
    return arrow::Status::OK();
  }
  for (const TableJob* table : outside) chosen.scope.push_back(table->table.directory());
  decision_.notes.push_back(ExtendedFor(run, known, outside));
  return arrow::Status::OK();
}

/// A run that is over: done, failed in verification, or given up.
arrow::Result<ChosenRun> RunChooser::Repeat(const JournalRun& run) {
  if (run.state == RunState::kAbandoned) {
    return UserError("run " + run.run + " was abandoned; choose another --run-id");
  }
  ChosenRun chosen;
  chosen.start = RunStart::kEnded;
  chosen.run = run.run;
  chosen.source = run.source;
  chosen.started_at = run.started_at;
  chosen.scope = run.scope;
  chosen.verification_failed = run.state == RunState::kVerifyFailed;
  ARROW_ASSIGN_OR_RAISE(const std::vector<JournalTable> tables, parts_.journal.Tables(run.run));
  for (const JournalTable& table : tables) {
    if (table.record.has_value()) chosen.committed.push_back(*table.record);
  }
  if (run.unfinished()) return chosen;
  if (IsOtherBackfill(run)) {
    return UserError("run " + run.run + " is done and was " +
                     (IsBackfill(run) ? "a backfill, of another range or job" : "no backfill") +
                     "; choose another --run-id");
  }
  const TableJobs outside = TablesOutside(wanted_, run.scope);
  const TableJobs inside = TablesIn(parts_.job, run.scope);
  // A scheduler would take a table that it asked for by its name for loaded.
  if (!request_.only.empty() && !outside.empty()) return NotPartOfDoneRun(run, inside, outside);
  decision_.notes.push_back("run " + run.run + " was done at " + run.ended_at + "; nothing to do");
  if (run.text_digest != parts_.job.text_digest) {
    decision_.notes.emplace_back(
        "the job has changed since (its file, --set, or what a ${…} in it stands for): what is new "
        "in it is loaded under another --run-id");
  }
  if (outside.empty()) return chosen;
  decision_.notes.push_back(DoneRunWasFor(run, inside, outside));
  return chosen;
}

/// Fills in what is there of the run's scope, and what is left of the tables that this process
/// wants.
arrow::Status RunChooser::DivideTables(ChosenRun& chosen) {
  ARROW_ASSIGN_OR_RAISE(const std::vector<JournalTable> journalled,
                        parts_.journal.Tables(chosen.run));
  const JournalTableIndex index(journalled);
  for (const TableJob* table : TablesIn(parts_.job, chosen.scope)) {
    ARROW_RETURN_NOT_OK(FindCommitted(*table, index, chosen));
  }
  chosen.has_published =
      !chosen.committed.empty() ||
      std::ranges::any_of(journalled, [this](const auto& table) { return IsThere(table); });
  std::unordered_set<std::string_view> committed;
  for (const CommitRecord& record : chosen.committed) committed.insert(record.intent.table);
  for (const TableJob* table : wanted_) {
    const std::string directory = table->table.directory();
    const JournalTable* known = index.Find(directory);
    const bool there = committed.contains(directory) || (known != nullptr && IsThere(*known));
    if (!there) chosen.tables.push_back(table);
  }
  return arrow::Status::OK();
}

/// The table's commit record, from the journal and, where that lacks it, from the destination: a
/// journal that was lost must not make a run load a table twice.
arrow::Status RunChooser::FindCommitted(const TableJob& table, const JournalTableIndex& journalled,
                                        ChosenRun& chosen) {
  const JournalTable* known = journalled.Find(table.table.directory());
  if (known != nullptr && known->record.has_value()) {
    chosen.committed.push_back(*known->record);
    return arrow::Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(auto found,
                        parts_.destination.FindCommit(parts_.job.name, chosen.run, table.table));
  if (!found.has_value()) return arrow::Status::OK();
  decision_.notes.push_back("table " + found->intent.label + " was already loaded by run " +
                            chosen.run + ", as its commit record at the destination says");
  chosen.rediscovered.push_back(*found);
  chosen.committed.push_back(std::move(*found));
  return arrow::Status::OK();
}

}  // namespace

std::vector<std::string> TablesLeft(const Job& job, const std::vector<std::string>& scope,
                                    const std::vector<JournalTable>& journalled) {
  std::vector<std::string> left;
  const JournalTableIndex index(journalled);
  const JobPositions positions = PositionsByDirectory(job);
  for (const std::string& directory : scope) {
    const JournalTable* known = index.Find(directory);
    if (known != nullptr && known->record.has_value()) continue;
    const auto at = positions.find(directory);
    left.push_back(at == positions.end() ? directory : job.tables[at->second].table.label());
  }
  return left;
}

arrow::Result<RunDecision> ChooseRun(const RunParts& parts, const RunRequest& request,
                                     const std::string& started_at) {
  RunChooser chooser(parts, request, started_at, /*preview=*/false);
  auto decision = chooser.Choose();
  return decision.ok() ? std::move(decision) : chooser.WithSettled(decision.status());
}

arrow::Result<RunDecision> PreviewRun(const RunParts& parts, const RunRequest& request) {
  return RunChooser(parts, request, /*started_at=*/{}, /*preview=*/true).Choose();
}

arrow::Status JournalChoice(const Job& job, const ChosenRun& chosen, Journal& journal) {
  if (chosen.start == RunStart::kNew) {
    const JournalRun run{.run = chosen.run,
                         .job = job.name,
                         .text_digest = job.text_digest,
                         .source = chosen.source,
                         .state = RunState::kRunning,
                         .started_at = chosen.started_at,
                         .ended_at = {},
                         .report = {},
                         .scope = chosen.scope,
                         .matched = MatchedTablesOf(job),
                         .successor = {}};
    ARROW_RETURN_NOT_OK(
        chosen.supersedes.run.empty()
            ? journal.BeginRun(run)
            : journal.SupersedeRun(chosen.supersedes.run, run, chosen.supersedes.kept));
  } else if (chosen.start == RunStart::kContinued) {
    const bool is_of_job = chosen.text_digest.empty();
    ARROW_RETURN_NOT_OK(journal.ResumeRun(
        chosen.run, is_of_job ? job.text_digest : chosen.text_digest, chosen.source, chosen.scope,
        is_of_job ? MatchedTablesOf(job) : chosen.matched));
  }
  for (const CommitRecord& record : chosen.rediscovered) {
    ARROW_RETURN_NOT_OK(journal.AddRecord(record));
  }
  return arrow::Status::OK();
}

}  // namespace headrace
