#include "headrace/engine/local/worker.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "headrace/engine/local/round_trip.h"
#include "headrace/engine/local/unit_watch.h"
#include "headrace/engine/local/worker_pool.h"
#include "headrace/model/backoff.h"
#include "headrace/model/split_text.h"

namespace headrace {
namespace {

/// A batch is at most this share of a worker's memory; the rest is the writer's and the
/// connection's.
constexpr int64_t kBatchShare = 8;
constexpr int64_t kMinBatchBytes = 1LL << 20;

ReadLimits LimitsFor(const ExecuteOptions& options) {
  ReadLimits limits;
  limits.batch_bytes =
      std::clamp(options.worker_memory / kBatchShare, kMinBatchBytes, limits.batch_bytes);
  return limits;
}

/// Adds the seconds of its life to `total`, or takes them off.
class SecondsAdder {
 public:
  SecondsAdder(const EngineClock& clock, double& total, int sign = 1)
      : clock_(clock), total_(total), sign_(sign), start_(clock.Now()) {}
  SecondsAdder(const SecondsAdder&) = delete;
  SecondsAdder& operator=(const SecondsAdder&) = delete;
  ~SecondsAdder() {
    total_ += sign_ * std::chrono::duration<double>(clock_.Now() - start_).count();
  }

 private:
  const EngineClock& clock_;
  double& total_;
  const int sign_;
  const EngineClock::TimePoint start_;
};

}  // namespace

Worker::Worker(int number, const WorkerShared& shared, std::stop_token stop)
    : number_(number),
      shared_(shared),
      stop_(std::move(stop)),
      limits_(LimitsFor(shared.options)),
      started_at_(shared.clock.Now()) {}

void Worker::Run() {
  try {
    Work();
  } catch (const std::exception& exception) {
    Fail(exception.what());
  } catch (...) {
    Fail("unknown");
  }
  session_.reset();
  ended_at_ = shared_.clock.Now();
}

/// An exception that got out of a source, a destination or a library must not take the process with
/// it, and nobody knows what it left undone.
void Worker::Fail(std::string_view exception) {
  shared_.queue.FailAll(BugError("an exception ended worker " + std::to_string(number_) + ": " +
                                 std::string(exception)));
  if (current_.has_value()) TakeBackClosed(*current_);
  current_.reset();
}

void Worker::Work() {
  while (!stop_.stop_requested()) {
    const std::optional<QueuedUnit> unit = NextUnit();
    if (!unit.has_value()) break;
    if (EnsureSession(*unit)) {
      const SecondsAdder timer(shared_.clock, unit_seconds_);
      if (EnsureWriter(*unit)) RunUnit(*unit);
      shared_.pool.TellNews();
      if (!shared_.pool.KeepAfterUnit(number_, unit->table)) retired_ = true;
    }
    if (retired_) break;
  }
  LeaveTable();
}

/// A worker that has to wait, or changes tables, first makes what it holds durable: nobody can
/// finish its table for it.
std::optional<QueuedUnit> Worker::NextUnit() {
  std::optional<QueuedUnit> unit = shared_.queue.TryPull();
  if (!unit.has_value()) {
    LeaveTable();
    unit = shared_.queue.Pull(stop_);
  }
  if (unit.has_value() && current_.has_value() && current_->table != unit->table) LeaveTable();
  return unit;
}

bool Worker::EnsureSession(const QueuedUnit& unit) {
  if (session_ != nullptr) return true;
  auto session = shared_.context.snapshot.Attach(stop_);
  if (!session.ok()) {
    AfterFailedAttach(unit, session.status());
    return false;
  }
  session_ = std::move(*session);
  failed_attaches_ = 0;
  waits_ = 0;
  shared_.pool.HasSession(number_, !std::exchange(had_session_, true));
  return true;
}

void Worker::DropSession() {
  session_.reset();
  shared_.pool.LostSession(number_);
}

/// What one worker meets on its way to the source says nothing of the sessions that others have:
/// where there are others it goes, and the last one alone ends the run. A snapshot that is lost is
/// lost for all.
void Worker::AfterFailedAttach(const QueuedUnit& unit, const arrow::Status& status) {
  shared_.queue.PutBack(unit);
  if (stop_.stop_requested()) return;
  if (CodeOf(status) == kSnapshotLostCode) {
    shared_.queue.FailAll(status);
    return;
  }
  if (CodeOf(status) == kSnapshotWaitsCode) {
    WaitForSnapshot(unit, status);
    return;
  }
  ++failed_attaches_;
  const bool has_no_room = CodeOf(status) == kPushBackCode;
  const bool may_pass =
      ClassOf(status) == ErrorClass::kTransient && failed_attaches_ <= shared_.options.retries;
  if (shared_.pool.RetireUnconnected(number_, status, may_pass && !has_no_room)) {
    retired_ = true;
  } else if (may_pass) {
    WaitToAttach(unit, status);
  } else if (ClassOf(status) != ErrorClass::kTransient || has_no_room) {
    shared_.queue.FailAll(status);
  } else {
    // Nobody has a session, so that nobody can tell whether the snapshot lives; the coordinator,
    // which opens the next one, waits longer than a worker may.
    shared_.queue.FailAll(TransientError(status.message(), std::string(kSnapshotLostCode)));
  }
}

/// For as long as those that can hand it on read their units: no attempt is used up, and it is said
/// once.
void Worker::WaitForSnapshot(const QueuedUnit& unit, const arrow::Status& status) {
  if (shared_.pool.RetireUnconnected(number_, status, true)) {
    retired_ = true;
    return;
  }
  if (++waits_ == 1) TellOfRetry(unit, status);
  shared_.clock.WaitFor(BackoffDelay(waits_ + 1), stop_);
}

void Worker::WaitToAttach(const QueuedUnit& unit, const arrow::Status& status) {
  ++retries_;
  shared_.context.progress.Retried();
  TellOfRetry(unit, status);
  shared_.clock.WaitFor(BackoffDelay(failed_attaches_ + 1), stop_);
}

void Worker::TellOfRetry(const QueuedUnit& unit, const arrow::Status& status) const {
  shared_.context.observer.Emit(Level::kWarning, "attach_retry",
                                "cannot connect, trying again: " + status.message(),
                                {{"run", work(unit).target.run},
                                 {"worker", int64_t{number_}},
                                 {"attempt", int64_t{failed_attaches_ + waits_}}});
}

bool Worker::EnsureWriter(const QueuedUnit& unit) {
  if (current_.has_value()) return true;
  const TableWork& table = work(unit);
  auto transform = Transform::Make(table.plan);
  if (!transform.ok()) {
    shared_.queue.FailTable(unit.table, Explain(unit, transform.status()));
    return false;
  }
  auto writer = shared_.context.destination.OpenWriter(table.target, number_, writers_opened_++);
  if (!writer.ok()) {
    RetryOrFail({&unit, 1}, writer.status());
    return false;
  }
  current_.emplace(CurrentTable{unit.table, std::move(*writer), std::move(*transform), {}});
  return true;
}

void Worker::RunUnit(const QueuedUnit& unit) {
  const TableWork& table = work(unit);
  Progress& progress = shared_.context.progress;
  const std::string label = table.plan.table.label();
  progress.UnitStarted(label);
  UnitWatch watch(table, *unit.unit, shared_, stop_);
  UnitOutcome outcome =
      ExecuteUnit(table.plan, *unit.unit, unit.attempt, *session_, *current_->transform,
                  *current_->writer, limits_, progress, stop_, [&](int64_t rows, int64_t bytes) {
                    shared_.pool.WarnOfAge();
                    return watch.IsToBeDivided(rows, bytes);
                  });
  progress.UnitEnded(label, outcome.status.ok());
  if (outcome.fault == UnitFault::kGivenUp) {
    Divide(unit, watch.TakeParts());
  } else {
    AfterUnit(unit, std::move(outcome));
  }
}

void Worker::Divide(const QueuedUnit& unit, std::vector<WorkUnit> parts) {
  if (const arrow::Status noted = NoteDivision(unit, parts); !noted.ok()) {
    RetryOrFail({&unit, 1}, noted);
    return;
  }
  const auto count = static_cast<int64_t>(parts.size());
  Fields fields = FieldsOf(unit);
  fields.emplace_back("parts", count);
  shared_.context.observer.Emit(Level::kInfo, "unit_divided",
                                "unit " + unit.unit->id + " (" + SplitText(unit.unit->split) +
                                    ") has far more rows than expected: others read it in " +
                                    std::to_string(count) + " parts",
                                std::move(fields));
  shared_.context.progress.AddPlanned(count - 1, 0);
  shared_.queue.Divide(unit, std::move(parts));
  shared_.pool.SendForRest();
}

arrow::Status Worker::NoteDivision(const QueuedUnit& unit, std::vector<WorkUnit>& parts) {
  for (WorkUnit& part : parts) {
    ARROW_ASSIGN_OR_RAISE(part, RoundTrip(part, work(unit).plan));
  }
  return shared_.callbacks.on_divided(unit.table, *unit.unit, parts);
}

void Worker::AfterUnit(const QueuedUnit& unit, UnitOutcome outcome) {
  if (outcome.fault == UnitFault::kSource) {
    AfterSourceFault(unit, outcome.status);
    return;
  }
  if (outcome.fault == UnitFault::kWriter) {
    LoseWriter(outcome.status, {unit});
    return;
  }
  CloseUnit(unit, outcome);
  Fields fields = FieldsOf(unit);
  fields.emplace_back("rows", outcome.rows);
  shared_.context.observer.Emit(Level::kDebug, "unit_done", "unit done", std::move(fields));
  if (const arrow::Status delivered = Deliver(outcome.receipts); !delivered.ok()) {
    LoseWriter(delivered, {});
  }
}

void Worker::CloseUnit(const QueuedUnit& unit, const UnitOutcome& outcome) {
  current_->closed.push_back({unit, outcome.rows, outcome.bytes});
  TableTally& tally = shared_.tallies[unit.table];
  ++tally.units;
  tally.rows += outcome.rows;
  tally.bytes += outcome.bytes;
}

/// What a session still holds of other tables is worth keeping: nobody else may hold it.
void Worker::AfterSourceFault(const QueuedUnit& unit, const arrow::Status& status) {
  if (CodeOf(status) == kTableLostCode) {
    shared_.queue.FailTable(unit.table, Explain(unit, status));
    return;
  }
  DropSession();
  if (stop_.stop_requested()) return;
  if (CodeOf(status) == kSnapshotLostCode) {
    shared_.queue.FailAll(Explain(unit, status));
    return;
  }
  RetryOrFail({&unit, 1}, status);
}

/// What the writer held is gone; its units, and `units`, run again where that may help.
void Worker::LoseWriter(const arrow::Status& status, std::vector<QueuedUnit> units) {
  const CurrentTable lost = std::move(*current_);
  current_.reset();
  (void)lost.writer->Abort();
  TakeBackClosed(lost);
  for (const ClosedUnit& closed : lost.closed) units.push_back(closed.unit);
  RetryOrFail(units, status);
}

/// They are not done after all: their rows went with the writer.
void Worker::TakeBackClosed(const CurrentTable& table) {
  TableTally& tally = shared_.tallies[table.table];
  for (const ClosedUnit& closed : table.closed) {
    --tally.units;
    tally.rows -= closed.rows;
    tally.bytes -= closed.bytes;
    shared_.context.progress.TakeBackUnits(1, closed.rows, closed.bytes);
  }
}

/// Waits before the units go back, so that a fault that lasts a moment does not use up the attempts
/// in a moment.
void Worker::RetryOrFail(std::span<const QueuedUnit> units, const arrow::Status& status) {
  if (stop_.stop_requested() || units.empty()) return;
  const QueuedUnit& first = units.front();
  const auto spent = std::ranges::find_if(
      units, [this](const QueuedUnit& unit) { return unit.attempt > shared_.options.retries; });
  if (ClassOf(status) != ErrorClass::kTransient || spent != units.end()) {
    const QueuedUnit& told = spent == units.end() ? first : *spent;
    shared_.queue.FailTable(told.table, Explain(told, status));
    return;
  }
  ++retries_;
  shared_.context.progress.Retried();
  shared_.context.observer.Emit(Level::kWarning, "unit_retry", Explain(first, status).message(),
                                FieldsOf(first));
  {
    const SecondsAdder waiting(shared_.clock, unit_seconds_, -1);
    shared_.clock.WaitFor(BackoffDelay(first.attempt + 1), stop_);
  }
  for (const QueuedUnit& unit : units) shared_.queue.Retry(unit, Explain(unit, status));
}

arrow::Status Worker::Deliver(std::span<const Receipt> receipts) {
  for (const Receipt& receipt : receipts) {
    ARROW_RETURN_NOT_OK(shared_.callbacks.on_receipt(current_->table, receipt));
    std::unordered_set<std::string_view> durable;  // a file may hold thousands of units
    for (const UnitReceipt& unit : receipt.units) durable.insert(unit.unit_id);
    std::erase_if(current_->closed,
                  [&](const ClosedUnit& closed) { return durable.contains(closed.unit.unit->id); });
    shared_.queue.MarkReceipted(current_->table, receipt.units.size());
  }
  return arrow::Status::OK();
}

/// Seals the writer and delivers its receipts; where the table has ended, or the run is stopped,
/// drops it.
void Worker::LeaveTable() {
  if (!current_.has_value()) return;
  const SecondsAdder timer(shared_.clock, unit_seconds_);
  if (stop_.stop_requested() || shared_.queue.HasEnded(current_->table)) {
    (void)current_->writer->Abort();
    TakeBackClosed(*current_);
    current_.reset();
    return;
  }
  auto receipts = current_->writer->Seal();
  const arrow::Status status = receipts.ok() ? Deliver(*receipts) : receipts.status();
  if (!status.ok()) {
    LoseWriter(status, {});
    return;
  }
  current_.reset();
}

arrow::Status Worker::Explain(const QueuedUnit& unit, const arrow::Status& status) const {
  return WithContext(status, "table " + work(unit).plan.table.label() + ", unit " + unit.unit->id +
                                 " (" + SplitText(unit.unit->split) + "), attempt " +
                                 std::to_string(unit.attempt));
}

Fields Worker::FieldsOf(const QueuedUnit& unit) const {
  const TableWork& table = work(unit);
  return {{"run", table.target.run},
          {"table", table.plan.table.label()},
          {"unit", unit.unit->id},
          {"worker", int64_t{number_}},
          {"attempt", int64_t{unit.attempt}}};
}

}  // namespace headrace
