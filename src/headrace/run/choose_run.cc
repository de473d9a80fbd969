#include "headrace/run/choose_run.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <span>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "headrace/observe/human.h"
#include "headrace/run/backfill.h"
#include "headrace/run/by_directory.h"
#include "headrace/run/choice_text.h"
#include "headrace/run/cursor_window.h"
#include "headrace/run/known_run.h"
#include "headrace/run/run_id.h"
#include "headrace/run/settle.h"
#include "headrace/run/succession.h"
#include "headrace/run/table_list.h"
#include "headrace/run/table_selection.h"

namespace headrace {
namespace {

/// Which run the id of `requested` means; kOther also of one that is over, beside which nothing is
/// ruled.
AskedRun AskedRunOf(const RequestedRun& requested, const std::optional<JournalRun>& unfinished) {
  const bool is_unfinished = unfinished && requested.run && unfinished->run == requested.run->run;
  if (!is_unfinished) return AskedRun::kOther;
  return requested.predecessor ? AskedRun::kPredecessor : AskedRun::kSame;
}

std::string AlreadyLoaded(const CommitRecord& record) {
  return "table " + record.intent.label + " was already loaded by run " + record.intent.run +
         ", as its commit record at the destination says";
}

std::string FoundDecided(const CommitRecord& record) {
  return "table " + record.intent.label + ": the commit that run " + record.intent.run +
         " had decided, which this journal does not know, was finished (" +
         HumanNumberOf(record.intent.rows, "row") + ")";
}

class RunChooser {
 public:
  RunChooser(const RunParts& parts, const RunRequest& request, std::vector<std::string> gone,
             std::string started_at, bool preview)
      : parts_(parts),
        request_(request),
        gone_(std::move(gone)),
        started_at_(std::move(started_at)),
        preview_(preview) {}

  arrow::Result<RunDecision> Choose();

  /// Why nothing was chosen, and what was settled before that: it may have published a table.
  arrow::Status WithSettled(const arrow::Status& status) const;

 private:
  arrow::Result<std::optional<JournalRun>> FindUnfinished();
  arrow::Status Settle(const JournalRun& run);
  arrow::Status SettleDecided();
  void AddUndecided();
  arrow::Result<Succession> Rule(const JournalRun& run, const RunWish& wish);
  UnfinishedRun MakeUnfinished(const JournalRun& run) const;
  arrow::Status FindLostCommits(const JournalRun& run);
  void GiveUp(std::optional<JournalRun>& unfinished);
  bool IsOtherBackfill(const JournalRun& run) const;
  arrow::Status ChooseKnown(const RequestedRun& requested);
  arrow::Status ChooseBeside(const JournalRun& unfinished, Succession succession,
                             const RunWish& wish);
  arrow::Status ChooseNew(const RunWish& wish);
  arrow::Result<ChosenRun> Start(const std::string& run);
  arrow::Status Refuse(const JournalRun& run, Succession succession, const RunWish& wish) const;
  arrow::Status TakeOver(const JournalRun& run, AskedRun asked);
  ChosenRun SuccessorOf(const JournalRun& run) const;
  arrow::Status VerifyBefore(const JournalRun& run, const std::vector<std::string>& kept);
  arrow::Result<ChosenRun> Continue(const JournalRun& run);
  arrow::Status ChoosePlace(const JournalRun& run, ChosenRun& chosen) const;
  arrow::Status FindFaults(const std::string& run, ChosenRun& chosen);
  arrow::Status Extend(const JournalRun& run, ChosenRun& chosen);
  arrow::Result<ChosenRun> Repeat(const JournalRun& run);
  arrow::Status DivideTables(ChosenRun& chosen);
  arrow::Status FindCommitted(const TableJob& table, const JournalTableIndex& journalled,
                              ChosenRun& chosen);

  /// A preview settles nothing: most likely an open intent will be a commit.
  bool IsThere(const JournalTable& table) const { return IsPublished(table, published()); }
  Published published() const { return preview_ ? Published::kDecided : Published::kCommitted; }

  const RunParts& parts_;
  const RunRequest& request_;
  const std::vector<std::string> gone_;
  const std::string started_at_;
  const bool preview_;
  TableJobs wanted_;
  UnfinishedRun unfinished_;              // Of the unfinished run, once it is settled,
  std::vector<JournalTable> journalled_;  // its tables,
  std::vector<CommitRecord> lost_;        // and those of their commits that only the lake knows.
  std::map<std::string, arrow::Status> undecided_;  // By directory: why it could not be settled.
  RunDecision decision_;
  size_t settled_ = 0;  // Of decision_.notes, the first ones: what was settled.
};

arrow::Result<RunDecision> RunChooser::Choose() {
  if (request_.run_id.has_value()) ARROW_RETURN_NOT_OK(CheckRunId(*request_.run_id));
  ARROW_ASSIGN_OR_RAISE(wanted_, SelectTables(parts_.job, request_.only));
  ARROW_ASSIGN_OR_RAISE(auto unfinished, FindUnfinished());
  if (unfinished.has_value()) ARROW_RETURN_NOT_OK(Settle(*unfinished));
  if (!preview_) ARROW_RETURN_NOT_OK(SettleDecided());
  settled_ = decision_.notes.size();
  RunWish wish{.resume = request_.resume, .is_backfill = parts_.job.backfill.has_value()};
  RequestedRun requested;
  if (request_.run_id.has_value()) {
    ARROW_ASSIGN_OR_RAISE(requested, FindRequestedRun(parts_.journal, *request_.run_id));
    wish.asked = AskedRunOf(requested, unfinished);
    if (!requested.run) {
      ARROW_ASSIGN_OR_RAISE(decision_.chosen, Start(*request_.run_id));
      wish.has_loaded = !decision_.chosen->committed.empty();
    }
  }
  const bool is_over = requested.run.has_value() && wish.asked == AskedRun::kOther;
  Succession succession = Succession::kContinue;
  if (unfinished.has_value() && !is_over) {
    ARROW_ASSIGN_OR_RAISE(succession, Rule(*unfinished, wish));
    if (succession == Succession::kGiveUp) GiveUp(unfinished);
  }
  std::ranges::copy(requested.notes, std::back_inserter(decision_.notes));
  if (is_over) {
    ARROW_RETURN_NOT_OK(ChooseKnown(requested));
  } else if (unfinished.has_value()) {
    ARROW_RETURN_NOT_OK(ChooseBeside(*unfinished, succession, wish));
  } else {
    ARROW_RETURN_NOT_OK(ChooseNew(wish));
  }
  AddUndecided();
  return std::move(decision_);
}

arrow::Status RunChooser::WithSettled(const arrow::Status& status) const {
  if (status.ok() || settled_ == 0) return status;
  std::string text = status.message() + "; before that was finished what was begun";
  for (const std::string& note : std::span(decision_.notes).first(settled_)) text += "; " + note;
  return status.WithMessage(text);
}

/// The latest unfinished run of the job. There is at most one: a new run starts only when none is
/// left.
arrow::Result<std::optional<JournalRun>> RunChooser::FindUnfinished() {
  ARROW_ASSIGN_OR_RAISE(std::vector<JournalRun> runs,
                        parts_.journal.UnfinishedRuns(parts_.job.name));
  if (runs.empty()) return std::nullopt;
  JournalRun& run = runs.front();
  if (IsOfJobNow(parts_, run)) {
    // What is gone of the tables of its patterns is left for nobody.
    run.scope = DirectoriesOf(TablesIn(parts_.job, run.scope));
  }
  return std::move(run);
}

/// Before a run is passed over, or goes on with another text of its job or from another place, the
/// destination is asked too what it has published.
arrow::Result<Succession> RunChooser::Rule(const JournalRun& run, const RunWish& wish) {
  ARROW_ASSIGN_OR_RAISE(journalled_, parts_.journal.Tables(run.run));
  unfinished_ = MakeUnfinished(run);
  const Succession succession = RuleSuccession(unfinished_, wish);
  const bool is_of_another = !unfinished_.is_same_text || !IsAtSamePlace(parts_, run);
  const bool is_passed_over =
      succession == Succession::kTakeOver || succession == Succession::kGiveUp;
  if (!is_of_another && !is_passed_over) return succession;
  ARROW_RETURN_NOT_OK(FindLostCommits(run));
  unfinished_ = MakeUnfinished(run);
  return RuleSuccession(unfinished_, wish);
}

UnfinishedRun RunChooser::MakeUnfinished(const JournalRun& run) const {
  return UnfinishedRunOf(run, journalled_, published(), parts_.job, TablesOutside(wanted_, gone_),
                         IsAtSamePlace(parts_, run));
}

/// A journal that was restored from a backup does not know what was published since.
arrow::Status RunChooser::FindLostCommits(const JournalRun& run) {
  const JournalTableIndex index(journalled_);
  for (const TableJob* table : TablesIn(parts_.job, run.scope)) {
    const JournalTable* known = index.Find(table->table.directory());
    if (known != nullptr && known->intent.has_value()) continue;
    ARROW_ASSIGN_OR_RAISE(auto found,
                          parts_.destination.FindCommit(parts_.job.name, run.run, table->table));
    if (found.has_value()) lost_.push_back(std::move(*found));
  }
  for (const CommitRecord& record : lost_) {
    std::erase_if(journalled_, [&](const JournalTable& table) {
      return table.directory == record.intent.table;
    });
    journalled_.push_back({.directory = record.intent.table,
                           .label = record.intent.label,
                           .epoch = record.intent.epoch,
                           .intent = record.intent,
                           .record = record});
  }
  return arrow::Status::OK();
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

arrow::Status RunChooser::Settle(const JournalRun& run) {
  if (!preview_) {
    ARROW_ASSIGN_OR_RAISE(decision_.notes, SettleOpenIntents(parts_, run.run));
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

/// What a process has decided whose journal is not ours: on a machine that is gone, or beside us.
arrow::Status RunChooser::SettleDecided() {
  for (const TableJob* table : wanted_) {
    const auto made = parts_.destination.SettleDecided(table->table);
    if (CodeOf(made.status()) == kInterruptedCode) return made.status();
    if (!made.ok()) undecided_.emplace(table->table.directory(), made.status());
    if (!made.ok()) continue;
    for (const CommitRecord& record : *made) decision_.notes.push_back(FoundDecided(record));
  }
  return arrow::Status::OK();
}

/// What cannot be settled of a table is its own fault: the others are loaded.
void RunChooser::AddUndecided() {
  if (!decision_.chosen) return;
  for (const TableJob* table : decision_.chosen->tables) {
    const auto found = undecided_.find(table->table.directory());
    if (found == undecided_.end()) continue;
    decision_.chosen->faults.insert_or_assign(found->first, found->second);
  }
}

/// `--run-id` means a run that is over. One that took the run of the id over as the same job may be
/// another since: what is asked for is done by it only if it is what that is now.
arrow::Status RunChooser::ChooseKnown(const RequestedRun& requested) {
  const JournalRun& known = *requested.run;
  if (known.job != parts_.job.name) {
    return UserError("run " + known.run + " belongs to job \"" + known.job +
                     "\"; choose another --run-id");
  }
  const bool is_done_for_it = !requested.predecessor || IsOfJobNow(parts_, known) ||
                              IsOfSameJob(*requested.predecessor, known);
  if (!is_done_for_it) return SuccessorChanged(parts_.job, *request_.run_id, known);
  ARROW_ASSIGN_OR_RAISE(decision_.chosen, Repeat(known));
  return arrow::Status::OK();
}

/// No run of the job is unfinished. `--resume` goes on with what the lake remembers of a run, and
/// begins none.
arrow::Status RunChooser::ChooseNew(const RunWish& wish) {
  if (!request_.run_id.has_value() && wish.resume) {
    decision_.notes.emplace_back("no run of this job is unfinished; nothing to resume");
    return arrow::Status::OK();
  }
  if (!decision_.chosen) {
    ARROW_ASSIGN_OR_RAISE(decision_.chosen, Start(MakeRunId()));
  }
  if (!wish.resume || wish.has_loaded) return arrow::Status::OK();
  decision_.notes.push_back("run " + decision_.chosen->run + " was never begun; nothing to resume");
  decision_.chosen.reset();
  return arrow::Status::OK();
}

arrow::Status RunChooser::ChooseBeside(const JournalRun& unfinished, Succession succession,
                                       const RunWish& wish) {
  switch (succession) {
    case Succession::kTakeOver:
      return TakeOver(unfinished, wish.asked);
    case Succession::kEnd:
      ARROW_RETURN_NOT_OK(VerifyBefore(unfinished, {}));
      return ChooseNew(wish);
    case Succession::kContinue:
    case Succession::kGiveUp:  // It is unfinished no more.
      break;
    default:
      return Refuse(unfinished, succession, wish);
  }
  ARROW_ASSIGN_OR_RAISE(decision_.chosen, Continue(unfinished));
  return arrow::Status::OK();
}

arrow::Status RunChooser::Refuse(const JournalRun& run, Succession succession,
                                 const RunWish& wish) const {
  const std::vector<std::string> left = unfinished_.left();
  if (succession == Succession::kJobChanged) return JobChanged(parts_.job, run, left);
  if (succession == Succession::kBackfillUnfinished) {
    return BackfillUnfinished(parts_.job, run, left);
  }
  if (succession == Succession::kSuccessorChanged) {
    return SuccessorChanged(parts_.job, *request_.run_id, run);
  }
  if (succession == Succession::kResumeOfOtherJob) {
    return ResumeOfOtherJob(parts_.job, run, parts_.source.place());
  }
  if (succession == Succession::kOtherJobUnfinished) {
    const std::string wanted = request_.run_id ? "run " + *request_.run_id : "a new run";
    return OtherJobUnfinished(parts_.job, wanted, run, parts_.source.place(), left);
  }
  if (wish.asked != AskedRun::kOther) {
    return OtherRunUnfinished(parts_.job, "this backfill", run, left);
  }
  arrow::Status refused = OtherRunUnfinished(parts_.job, "run " + *request_.run_id, run, left);
  if (unfinished_.has_published || wish.is_backfill || wish.has_loaded) return refused;
  return refused.WithMessage(refused.message() + TakenOverByOneForAll(unfinished_));
}

/// A new run for what is left of `run`, for the next windows of what it has loaded, and for wanted
/// tables that it was not for.
ChosenRun RunChooser::SuccessorOf(const JournalRun& run) const {
  const std::vector<std::string> kept = unfinished_.kept();
  ChosenRun chosen;
  chosen.run = MakeRunId();
  chosen.started_at = started_at_;
  chosen.source = parts_.source.place();
  chosen.scope = DirectoriesOf(TablesIn(parts_.job, run.scope));
  for (const TableJob* table : TablesOutside(wanted_, run.scope)) {
    chosen.scope.push_back(table->table.directory());
  }
  chosen.tables = TablesOutside(wanted_, kept);
  const JournalTableIndex journalled(journalled_);
  for (const std::string& directory : kept) {
    const JournalTable* known = journalled.Find(directory);
    if (known->record.has_value()) chosen.committed.push_back(*known->record);
  }
  chosen.has_published = !kept.empty();
  return chosen;
}

/// A new run takes `run` over. One of an id of its own keeps none of its tables: it would not be
/// done for what it has not loaded.
arrow::Status RunChooser::TakeOver(const JournalRun& run, AskedRun asked) {
  std::vector<std::string> kept;
  if (asked != AskedRun::kOther) {
    decision_.chosen = SuccessorOf(run);
    kept = unfinished_.kept();
  }
  ARROW_RETURN_NOT_OK(FindFaults(run.run, *decision_.chosen));
  const std::string change =
      IsOfJobNow(parts_, run) ? "" : ChangeSince(parts_.job, run, parts_.source.place());
  decision_.notes.push_back(unfinished_.has_published
                                ? TakenOver(run, unfinished_.left())
                                : TakenOverUnpublished(run, decision_.chosen->run, change));
  ARROW_RETURN_NOT_OK(VerifyBefore(run, kept));
  decision_.chosen->supersedes = {.run = run.run, .kept = std::move(kept)};
  return arrow::Status::OK();
}

/// Who ends a run verifies what it has published, but for `kept`, which is verified with another.
arrow::Status RunChooser::VerifyBefore(const JournalRun& run,
                                       const std::vector<std::string>& kept) {
  ARROW_ASSIGN_OR_RAISE(ChosenRun earlier, Repeat(run));
  earlier.start = RunStart::kContinued;
  earlier.as_begun = run;
  for (const CommitRecord& record : lost_) {
    decision_.notes.push_back(AlreadyLoaded(record));
    earlier.committed.push_back(record);
  }
  earlier.rediscovered = lost_;
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
  const bool is_same_job = unfinished_.is_same_text && unfinished_.is_same_place;
  if (!is_same_job) chosen.scope = DirectoriesOf(TablesIn(parts_.job, run.scope));
  ARROW_RETURN_NOT_OK(Extend(run, chosen));
  ARROW_RETURN_NOT_OK(DivideTables(chosen));
  ARROW_RETURN_NOT_OK(ChoosePlace(run, chosen));
  ARROW_RETURN_NOT_OK(FindFaults(run.run, chosen));
  if (!chosen.nothing_to_do()) {
    decision_.notes.push_back("continuing run " + run.run + ", begun at " + run.started_at +
                              (is_same_job
                                   ? ""
                                   : ", with the job as it is now: " +
                                         ChangeSince(parts_.job, run, parts_.source.place())));
    if (!chosen.committed.empty()) decision_.notes.push_back(OlderSnapshots(chosen.committed));
  } else if (!request_.only.empty() && chosen.committed.size() < chosen.scope.size()) {
    decision_.notes.push_back(
        "run " + run.run + ", begun at " + run.started_at +
        ", has these tables already and others not yet: nothing is read "
        "again before it is finished, by --resume without --only, or given up "
        "by `" +
        parts_.job.words.AbandonCommand(run.run) + "`");
  }
  return chosen;
}

/// What is published was read from the place that the journal knows, unless it is of an earlier
/// version.
arrow::Status RunChooser::ChoosePlace(const JournalRun& run, ChosenRun& chosen) const {
  chosen.source = run.source;
  if (chosen.has_published && chosen.nothing_to_do()) return arrow::Status::OK();
  const std::string place = parts_.source.place();
  if (!chosen.has_published || run.source.empty()) chosen.source = place;
  if (place.empty() || place == chosen.source) return arrow::Status::OK();
  return SourceChanged(parts_.job, run, place, unfinished_.left());
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
                                        ". The run is given up by `" +
                                        parts_.job.words.AbandonCommand(chosen.run) + "`",
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
  ARROW_ASSIGN_OR_RAISE(const std::vector<JournalTable> tables, parts_.journal.Tables(run.run));
  if (run.state == RunState::kAbandoned) {
    return RunAbandoned(run, TablesLeft(parts_.job, run.scope, tables));
  }
  ChosenRun chosen;
  chosen.start = RunStart::kEnded;
  chosen.run = run.run;
  chosen.source = run.source;
  chosen.started_at = run.started_at;
  chosen.scope = run.scope;
  chosen.verification_failed = run.state == RunState::kVerifyFailed;
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
  if (run.text_digest != parts_.job.text_digest || !IsAtSamePlace(parts_, run)) {
    decision_.notes.push_back(ChangedSinceDone());
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
  decision_.notes.push_back(AlreadyLoaded(*found));
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
                                     const std::vector<std::string>& gone,
                                     const std::string& started_at) {
  RunChooser chooser(parts, request, gone, started_at, /*preview=*/false);
  auto decision = chooser.Choose();
  return decision.ok() ? std::move(decision) : chooser.WithSettled(decision.status());
}

arrow::Result<RunDecision> PreviewRun(const RunParts& parts, const RunRequest& request,
                                      const std::vector<std::string>& gone) {
  return RunChooser(parts, request, gone, /*started_at=*/{}, /*preview=*/true).Choose();
}

arrow::Status JournalChoice(const Job& job, const ChosenRun& chosen, Journal& journal) {
  JournalRun run{.run = chosen.run,
                 .job = job.name,
                 .text_digest = job.text_digest,
                 .source = chosen.source,
                 .state = RunState::kRunning,
                 .started_at = chosen.started_at,
                 .ended_at = {},
                 .report = {},
                 .scope = chosen.scope,
                 .matched = MatchedTablesOf(job),
                 .successor = {},
                 .parameters = job.parameters};
  if (chosen.start == RunStart::kNew) {
    const Takeover& takeover = chosen.supersedes;
    ARROW_RETURN_NOT_OK(takeover.run.empty()
                            ? journal.BeginRun(run)
                            : journal.SupersedeRun(takeover.run, run, takeover.kept));
  } else if (chosen.start == RunStart::kContinued) {
    ARROW_RETURN_NOT_OK(journal.ResumeRun(chosen.as_begun.value_or(std::move(run))));
  }
  for (const CommitRecord& record : chosen.rediscovered) {
    ARROW_RETURN_NOT_OK(journal.AddRecord(record));
  }
  return arrow::Status::OK();
}

}  // namespace headrace
