#include "headrace/destination/bigquery/table_commit.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "headrace/client/bigquery/error.h"
#include "headrace/destination/bigquery/answer.h"
#include "headrace/destination/bigquery/load_job.h"
#include "headrace/model/utc_time.h"

namespace headrace {
namespace {

using Json = nlohmann::json;

/// Of one commit: a job that the service has lost is begun anew that often.
constexpr int kMostAttempts = 5;

/// How often a number is tried for that another intent held, which was void.
constexpr int kMostClaims = 3;

/// Answers to an insertion that say the request itself is wrong, whoever sends it and whenever: the
/// commit can never be made. Rights and quotas may be mended, and it is made then.
constexpr std::array<std::string_view, 4> kNeverReasons = {"invalid", "badRequest", "required",
                                                           "parseError"};

int64_t LastSequence(const std::vector<CommitSlot>& slots) {
  int64_t last = 0;
  for (const CommitSlot& slot : slots) {
    if (slot.run) last = std::max(last, slot.sequence);
  }
  return last;
}

const CommitSlot* FindSlot(const std::vector<CommitSlot>& slots, int64_t sequence) {
  const auto found = std::ranges::find(slots, sequence, &CommitSlot::sequence);
  return found == slots.end() ? nullptr : &*found;
}

std::string UtcOfMillis(int64_t millis) {
  return UtcSeconds(std::chrono::system_clock::time_point(std::chrono::milliseconds(millis)));
}

}  // namespace

arrow::Result<TableCommit> TableCommit::Make(const CommitParts& parts, const CommitIntent& intent) {
  ARROW_ASSIGN_OR_RAISE(Publication publication, PublicationOf(intent));
  return TableCommit(parts, intent, std::move(publication));
}

arrow::Result<CommitRecord> TableCommit::Commit() {
  ARROW_ASSIGN_OR_RAISE(const auto slots, LookAtLog());
  ARROW_ASSIGN_OR_RAISE(auto record, FindRecord(slots));
  if (!record) {
    const bool claim_is_new = !IsClaimed(slots);
    ARROW_RETURN_NOT_OK(Claim());
    ARROW_ASSIGN_OR_RAISE(record, Publish(claim_is_new));
  }
  (void)parts_.staging.RemoveFolder(intent_.staging);  // Or by Clean.
  return std::move(*record);
}

arrow::Result<CommitRecord> TableCommit::CommitHeld() {
  ARROW_ASSIGN_OR_RAISE(const auto slots, parts_.log.List(intent_.target));
  ARROW_ASSIGN_OR_RAISE(auto record, FindRecord(slots));
  if (!record) {
    ARROW_ASSIGN_OR_RAISE(const auto holder,
                          parts_.log.FindIntent(intent_.target, intent_.sequence));
    if (!holder || !IsSameIntent(*holder, intent_)) return Void("has lost its number");
    ARROW_RETURN_NOT_OK(Adopt(*holder));
    ARROW_ASSIGN_OR_RAISE(record, Publish(false));
  }
  (void)parts_.staging.RemoveFolder(intent_.staging);  // Or by Clean.
  return std::move(*record);
}

/// Of an intent that has its number.
arrow::Result<CommitRecord> TableCommit::Publish(bool claim_is_new) {
  ARROW_RETURN_NOT_OK(Load(claim_is_new));
  ARROW_RETURN_NOT_OK(FinishTable());
  CommitRecord made{.intent = intent_, .committed_at = committed_at_};
  made.intent.publication = TextOf(publication_);
  return parts_.log.AddRecord(made);
}

arrow::Result<Settlement> TableCommit::Settle() {
  const auto slots = LookAtLog();
  arrow::Status status = slots.status();
  if (status.ok()) {
    const auto record = FindRecord(*slots);
    if (record.ok() && record->has_value()) return Settlement{SettleOutcome::kCommitted, ""};
    status = record.status();
  }
  if (status.ok() && IsClaimed(*slots)) {
    ARROW_ASSIGN_OR_RAISE(const auto holder,
                          parts_.log.FindIntent(intent_.target, intent_.sequence));
    if (holder && !IsSameIntent(*holder, intent_)) status = Overtaken();
    if (holder && status.ok()) ARROW_RETURN_NOT_OK(Adopt(*holder));
  }
  if (CodeOf(status) == kVoidIntentCode) return Settlement{SettleOutcome::kVoid, status.message()};
  ARROW_RETURN_NOT_OK(status);
  ARROW_ASSIGN_OR_RAISE(const bool loaded, WasLoaded());
  return Settlement{loaded ? SettleOutcome::kCommitted : SettleOutcome::kNotCommitted, ""};
}

/// What the log has, where the number of this intent is taken there or may still be. That it may
/// not be is only known of what is looked at afterwards: who carries out the same intent beside may
/// have published it meanwhile, and removed its files.
arrow::Result<std::vector<CommitSlot>> TableCommit::LookAtLog() const {
  ARROW_ASSIGN_OR_RAISE(auto slots, parts_.log.List(intent_.target));
  if (FindSlot(slots, intent_.sequence) != nullptr) return slots;
  const arrow::Status free = CheckFree(slots);
  if (free.ok()) return slots;
  if (CodeOf(free) != kVoidIntentCode) return free;
  ARROW_ASSIGN_OR_RAISE(slots, parts_.log.List(intent_.target));
  if (FindSlot(slots, intent_.sequence) != nullptr) return slots;
  return free;
}

/// Error of kVoidIntentCode where the number has another intent's record.
arrow::Result<std::optional<CommitRecord>> TableCommit::FindRecord(
    const std::vector<CommitSlot>& slots) {
  const CommitSlot* slot = FindSlot(slots, intent_.sequence);
  if (slot == nullptr || !slot->run) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(CommitRecord record, parts_.log.ReadRecord(intent_.target, *slot));
  if (!IsSameIntent(record.intent, intent_)) return Overtaken();
  return std::optional(std::move(record));
}

bool TableCommit::IsClaimed(const std::vector<CommitSlot>& slots) const {
  const CommitSlot* slot = FindSlot(slots, intent_.sequence);
  return slot != nullptr && slot->is_claimed;
}

/// Whether an intent that has no number may still get one. Where its job has loaded rows all the
/// same, the log has lost what it knew of it, and it is committed, whatever else is there.
arrow::Status TableCommit::CheckFree(const std::vector<CommitSlot>& slots) const {
  const int64_t last = LastSequence(slots);
  arrow::Status status;
  if (last >= intent_.sequence) {
    status = Overtaken();
  } else if (last < intent_.sequence - 1) {
    status = Void("has lost its commit number " + std::to_string(intent_.sequence - 1) +
                  " since this run was planned: its commit records were removed");
  } else {
    status = CheckStaged();
  }
  if (CodeOf(status) != kVoidIntentCode) return status;
  ARROW_ASSIGN_OR_RAISE(const bool loaded, WasLoaded());
  return loaded ? arrow::Status::OK() : status;
}

arrow::Status TableCommit::CheckStaged() const {
  ARROW_ASSIGN_OR_RAISE(const auto objects, parts_.staging.List(intent_.staging));
  for (const CommittedFile& file : intent_.files) {
    const auto found = std::ranges::find_if(objects, [&](const GcsListedObject& object) {
      return object.name.ends_with("/" + file.name);
    });
    if (found == objects.end() || found->bytes != file.bytes) {
      return Void("is not loaded, and its file " + file.name + " in " + intent_.staging +
                  " is gone, or not as it was staged");
    }
  }
  return arrow::Status::OK();
}

/// A job that still runs may load rows yet: its end is waited for.
arrow::Result<bool> TableCommit::WasLoaded() const {
  if (publication_.configuration.is_null()) return false;
  ARROW_ASSIGN_OR_RAISE(const auto job, parts_.jobs.Await(JobNow(), parts_.stop));
  return job && ErrorOfJob(*job).ok() && IsOurs(*job);
}

/// Whoever has the number of an intent publishes first.
arrow::Status TableCommit::Claim() {
  for (int claim = 1; claim <= kMostClaims; ++claim) {
    ARROW_ASSIGN_OR_RAISE(const CommitIntent holder, parts_.log.Claim(intent_));
    if (IsSameIntent(holder, intent_)) return Adopt(holder);
    arrow::Status settled = SettleHolder(holder);
    if (settled.ok()) return Overtaken();
    if (CodeOf(settled) != kVoidIntentCode) return settled;
  }
  return Overtaken();
}

arrow::Status TableCommit::SettleHolder(const CommitIntent& holder) const {
  ARROW_ASSIGN_OR_RAISE(TableCommit other, Make(parts_, holder));
  return other.CommitHeld().status();
}

/// What the log has of this intent is newer than what a journal has.
arrow::Status TableCommit::Adopt(const CommitIntent& holder) {
  intent_ = holder;
  ARROW_ASSIGN_OR_RAISE(publication_, PublicationOf(holder));
  return arrow::Status::OK();
}

/// Until the rows are loaded, or it is proved that they never will be.
arrow::Status TableCommit::Load(bool claim_is_new) {
  if (publication_.configuration.is_null()) {
    committed_at_ = UtcSeconds(std::chrono::system_clock::now());
    return arrow::Status::OK();
  }
  if (publication_.makes_dataset) ARROW_RETURN_NOT_OK(MakeDataset());
  Step step = Step::kAgain;
  while (step == Step::kAgain) {
    ARROW_ASSIGN_OR_RAISE(step, TryAttempt(claim_is_new));
  }
  return arrow::Status::OK();
}

arrow::Result<TableCommit::Step> TableCommit::TryAttempt(bool claim_is_new) {
  const auto ended = parts_.jobs.Run(JobNow(), publication_.configuration, parts_.stop);
  return ended.ok() ? Judge(*ended, claim_is_new) : Refused(ended.status(), claim_is_new);
}

arrow::Result<TableCommit::Step> TableCommit::Judge(const EndedJob& ended, bool claim_is_new) {
  if (!IsOurs(ended.job)) return Foreign(ended.job, claim_is_new);
  const arrow::Status error = ErrorOfJob(ended.job);
  if (error.ok()) {
    TakeStatistics(ended.job);
    return Step::kDone;
  }
  // An intent that has its number since a moment ago has begun nothing yet: an earlier life of the
  // run, whose journal is lost, has failed under this id.
  const bool is_burnt = claim_is_new && ended.was_there;
  const bool may_pass =
      ClassOf(error) == ErrorClass::kTransient && publication_.attempt < kMostAttempts;
  if (is_burnt || may_pass) return NextAttempt();
  return GiveUp("is not loaded: job " + JobNow().id + ": " + error.message(), ClassOf(error));
}

/// A job of our id that is another one: what takes an id (JobRunner::TakeId), or the load of an
/// earlier life of the run, with other files.
arrow::Result<TableCommit::Step> TableCommit::Foreign(const Json& job, bool claim_is_new) {
  const bool is_load = !ValueAt(job, "/configuration/load").is_null();
  if (is_load && ErrorOfJob(job).ok()) {
    return PermanentError("table " + intent_.label + ": job " + JobNow().id + " of run " +
                              intent_.run +
                              " has loaded other files than those of this commit, which nothing "
                              "else tells of: it cannot be known which rows are in " +
                              intent_.target,
                          std::string(kUnknownCommitCode));
  }
  if (claim_is_new) return NextAttempt();
  return GiveUp("is not loaded: the id of its job is taken", ErrorClass::kTransient);
}

arrow::Result<TableCommit::Step> TableCommit::Refused(const arrow::Status& refusal,
                                                      bool claim_is_new) {
  if (std::ranges::find(kNeverReasons, CodeOf(refusal)) == kNeverReasons.end()) {
    return MayBeMended(refusal);
  }
  ARROW_ASSIGN_OR_RAISE(const bool taken, parts_.jobs.TakeId(JobNow(), parts_.stop));
  if (taken) return GiveUp("cannot be loaded: " + refusal.message(), ClassOf(refusal));
  // It was begun all the same. To ask for it again might be refused again, for ever.
  ARROW_ASSIGN_OR_RAISE(auto job, parts_.jobs.Await(JobNow(), parts_.stop));
  if (!job) return refusal;
  return Judge({.job = *std::move(job), .was_there = true}, claim_is_new);
}

/// The next id, which counts from the moment on that the log has it.
arrow::Result<TableCommit::Step> TableCommit::NextAttempt() {
  CommitIntent next = intent_;
  Publication publication = publication_;
  ++publication.attempt;
  next.publication = TextOf(publication);
  ARROW_ASSIGN_OR_RAISE(const auto holder, parts_.log.Update(intent_, next));
  return GoOnWith(holder, "has lost its number", ErrorClass::kTransient);
}

arrow::Result<TableCommit::Step> TableCommit::GiveUp(const std::string& why,
                                                     ErrorClass error_class) {
  ARROW_ASSIGN_OR_RAISE(const auto holder, parts_.log.Release(intent_));
  return GoOnWith(holder, why, error_class);
}

/// With another attempt, where somebody who settles the same intent is ahead.
arrow::Result<TableCommit::Step> TableCommit::GoOnWith(const std::optional<CommitIntent>& holder,
                                                       const std::string& why,
                                                       ErrorClass error_class) {
  if (!holder || !IsSameIntent(*holder, intent_)) return Void(why, error_class);
  ARROW_RETURN_NOT_OK(Adopt(*holder));
  return Step::kAgain;
}

BigQueryJob TableCommit::JobNow() const {
  return {.project = publication_.project,
          .location = publication_.location,
          .id = LoadJobId({.job = intent_.job,
                           .run = intent_.run,
                           .target = intent_.target,
                           .epoch = intent_.epoch,
                           .attempt = publication_.attempt})};
}

bool TableCommit::IsOurs(const Json& job) const {
  constexpr const char* kUris = "/configuration/load/sourceUris";
  const Json wanted = {{"configuration", publication_.configuration}};
  return ValueAt(job, kUris) == ValueAt(wanted, kUris);
}

arrow::Status TableCommit::MakeDataset() const {
  const BigQueryDataset dataset{.project = publication_.project, .dataset = publication_.dataset};
  Json resource = Json::object();
  if (!publication_.location.empty()) resource["location"] = publication_.location;
  const arrow::Status made =
      parts_.client.InsertDataset(dataset, std::move(resource), parts_.stop).status();
  return CodeOf(made) == kDuplicateReason ? arrow::Status::OK() : made;
}

void TableCommit::TakeStatistics(const Json& job) {
  committed_at_ = UtcOfMillis(IntegerAt(job, "/statistics/endTime"));
  publication_.loaded = {.job_id = JobNow().id,
                         .rows = IntegerAt(job, "/statistics/load/outputRows"),
                         .bytes = IntegerAt(job, "/statistics/load/outputBytes"),
                         .slot_ms = IntegerAt(job, "/statistics/totalSlotMs")};
}

/// What no load job sets of a table that it makes, and by what the table is known again.
arrow::Status TableCommit::FinishTable() {
  const BigQueryTable table{.project = publication_.project,
                            .dataset = publication_.dataset,
                            .table = publication_.table};
  if (!publication_.patch.is_null() && !publication_.configuration.is_null()) {
    ARROW_RETURN_NOT_OK(parts_.client.PatchTable(table, publication_.patch, parts_.stop));
  }
  if (publication_.table_created) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(const auto found, parts_.client.FindTable(table, parts_.stop));
  if (found) publication_.table_created = TextAt(*found, "/creationTime");
  return arrow::Status::OK();
}

/// What lies behind a commit that is decided is no fault of the command line any more: rights, say,
/// or a dataset that was removed. The intent stays open.
arrow::Status TableCommit::MayBeMended(const arrow::Status& refusal) {
  if (ClassOf(refusal) != ErrorClass::kUser) return refusal;
  return PermanentError(refusal.message() +
                            ". The commit is decided and its files are staged: mend that, and run "
                            "again, which makes it",
                        std::string(CodeOf(refusal)));
}

/// What may pass is transient, all else will not by itself.
arrow::Status TableCommit::Void(const std::string& why, ErrorClass error_class) const {
  const bool may_pass = error_class == ErrorClass::kTransient;
  return MakeError(may_pass ? ErrorClass::kTransient : ErrorClass::kPermanent,
                   "table " + intent_.label + " " + why + ". Nothing of this commit was published" +
                       (may_pass ? "; run again: the table is loaded anew"
                                 : ": the next run loads the table anew"),
                   std::string(kVoidIntentCode));
}

arrow::Status TableCommit::Overtaken() const {
  return Void("has changed since this run was planned: commit number " +
              std::to_string(intent_.sequence) + " of " + intent_.target +
              " is that of another run of the job");
}

}  // namespace headrace
