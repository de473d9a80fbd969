#include "headrace/engine/local/worker_pool.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <numeric>
#include <system_error>
#include <utility>

namespace headrace {
namespace {

size_t CountUnits(std::span<const TableWork> tables) {
  return std::accumulate(
      tables.begin(), tables.end(), size_t{0},
      [](size_t sum, const TableWork& table) { return sum + table.units.size(); });
}

/// All tables are of one run.
std::string RunOf(std::span<const TableWork> tables) {
  return tables.empty() ? std::string() : tables.front().target.run;
}

double SecondsBetween(EngineClock::TimePoint start, EngineClock::TimePoint end) {
  return std::chrono::duration<double>(end - start).count();
}

}  // namespace

WorkerPool::WorkerPool(std::span<const TableWork> tables, const ExecuteOptions& options,
                       const ExecuteContext& context, const ExecuteCallbacks& callbacks,
                       WorkQueue& queue, const EngineClock& clock, std::stop_token stop)
    : options_(options),
      context_(context),
      queue_(queue),
      clock_(clock),
      stop_(std::move(stop)),
      start_(clock.Now()),
      tallies_(tables.size()),
      units_(CountUnits(tables)),
      shared_{tables, options, context, callbacks, queue, *this, clock, tallies_},
      rows_before_(context.progress.rows()),
      scaler_(options.initial_workers, options.max_workers) {}

WorkerPool::~WorkerPool() {
  queue_.FailAll(BugError("the engine was left before its tables had ended"));
  WaitForRelease();
}

void WorkerPool::Start() {
  const auto wanted = static_cast<size_t>(std::max(1, options_.initial_workers));
  const size_t first = std::clamp<size_t>(units_, 1, wanted);
  const std::scoped_lock lock(mutex_);
  unneeded_ = static_cast<int>(wanted - first);
  for (size_t i = 0; i < first; ++i) {
    if (StartLocked() || i > 0) continue;
    queue_.FailAll(TransientError("no thread could be started"));
  }
}

/// False: the system has no room for another thread.
bool WorkerPool::StartLocked() {
  Worker& worker = workers_.emplace_back(static_cast<int>(workers_.size()), shared_, stop_);
  try {
    threads_.emplace_back([this, &worker] { RunWorker(worker); });
  } catch (const std::system_error&) {
    workers_.pop_back();
    return false;
  }
  standings_.push_back(Standing::kConnecting);
  ++working_;
  ++running_;
  context_.progress.SetWorkers(working_);
  return true;
}

void WorkerPool::RunWorker(Worker& worker) {
  worker.Run();
  EndWorker(worker.had_session());
}

/// Nobody starts a worker any more once none is left: only workers do.
void WorkerPool::EndWorker(bool had_session) {
  {
    const std::scoped_lock lock(mutex_);
    if (had_session) --with_session_;
    if (--running_ > 0) return;
  }
  ReleaseSnapshot();
  const std::scoped_lock lock(mutex_);
  released_ = true;
  changed_.notify_all();
}

void WorkerPool::ReleaseSnapshot() {
  if (options_.keep_snapshot) return;
  try {
    context_.snapshot.Release(stop_);
  } catch (const std::exception& exception) {
    context_.observer.Emit(
        Level::kWarning, "release_failed",
        std::string("the snapshot is held until the run ends: ") + exception.what(),
        {{"run", RunOf(shared_.tables)}});
  }
}

void WorkerPool::WaitForRelease() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return released_ || workers_.empty(); });
  std::vector<std::thread> ended = std::move(threads_);
  threads_.clear();
  lock.unlock();
  for (std::thread& thread : ended) thread.join();
}

/// Nobody is sent for who would find nothing to do.
bool WorkerPool::KeepAfterUnit(int number, size_t table) {
  if (queue_.waiting() == 0) return true;
  const std::scoped_lock lock(mutex_);
  begun_.insert(table);
  const auto advice = scaler_.Judge(clock_.Now(), {.rows = context_.progress.rows() - rows_before_,
                                                   .tables = static_cast<int>(begun_.size()),
                                                   .workers = working_ - surplus_});
  if (advice == WorkerScaler::Advice::kGrow) GrowLocked();
  if (advice == WorkerScaler::Advice::kRetire && working_ - surplus_ > 1) ++surplus_;
  if (surplus_ == 0 || LeastNeededLocked() != number) return true;
  RetireLocked(number);
  Tell(Level::kInfo, "worker_retired", "one worker less: rows were not seen to come faster with it",
       number);
  return false;
}

void WorkerPool::WarnOfAge() {
  const int64_t age = std::chrono::duration_cast<std::chrono::hours>(clock_.Now() - start_).count();
  int64_t warned_at = next_warning_;
  if (age < warned_at || !next_warning_.compare_exchange_strong(warned_at, 2 * age)) return;
  const std::string held_up = context_.snapshot.HeldUp();
  if (held_up.empty()) return;
  context_.observer.Emit(Level::kWarning, "snapshot_old",
                         "the snapshot has been held for " + std::to_string(age) +
                             (age == 1 ? " hour: " : " hours: ") + held_up,
                         {{"run", RunOf(shared_.tables)}, {"hours", age}});
}

void WorkerPool::TellNews() {
  for (std::string& news : context_.snapshot.TakeNews()) {
    context_.observer.Emit(Level::kWarning, "snapshot_handed_on", std::move(news),
                           {{"run", RunOf(shared_.tables)}});
  }
}

/// One that was to go, and has not yet, stays instead.
void WorkerPool::GrowLocked() {
  if (surplus_ > 0) {
    --surplus_;
  } else if (running_ < options_.max_workers && StartLocked()) {
    unneeded_ = std::max(0, unneeded_ - 1);
    Tell(Level::kInfo, "worker_added", "one more worker, to see whether rows come faster",
         static_cast<int>(workers_.size()) - 1);
  }
}

/// Whoever asked may be the only one that reads, with locks that another one might not get.
int WorkerPool::LeastNeededLocked() const {
  for (const Standing standing : {Standing::kConnecting, Standing::kHasSession}) {
    for (size_t number = standings_.size(); number-- > 0;) {
      if (standings_[number] == standing) return static_cast<int>(number);
    }
  }
  return -1;
}

/// Said aloud once for each reason: the scaler sends for another one again and again.
bool WorkerPool::RetireUnconnected(int number, const arrow::Status& status, bool can_try_again) {
  const std::scoped_lock lock(mutex_);
  if (working_ <= 1 || (can_try_again && surplus_ == 0)) return false;
  RetireLocked(number);
  if (CodeOf(status) == kPushBackCode) unneeded_ = 0;  // Others would not get in either.
  const bool is_new = told_.insert(status.message()).second;
  const std::string why = CodeOf(status) == kPushBackCode
                              ? "the server has no room for another session"
                              : "one worker cannot connect";
  Tell(is_new ? Level::kWarning : Level::kInfo, "worker_retired",
       why + ", going on with fewer workers: " + status.message(), number);
  return true;
}

void WorkerPool::RetireLocked(int number) {
  standings_[static_cast<size_t>(number)] = Standing::kRetired;
  --working_;
  surplus_ = std::max(0, surplus_ - 1);
  context_.progress.SetWorkers(working_);
}

void WorkerPool::Tell(Level level, std::string_view event, std::string message, int number) const {
  context_.observer.Emit(level, event, std::move(message),
                         {{"run", RunOf(shared_.tables)},
                          {"worker", int64_t{number}},
                          {"workers", int64_t{working_}}});
}

void WorkerPool::HasSession(int number, bool first) {
  const std::scoped_lock lock(mutex_);
  standings_[static_cast<size_t>(number)] = Standing::kHasSession;
  if (first) most_with_session_ = std::max(most_with_session_, ++with_session_);
}

void WorkerPool::LostSession(int number) {
  const std::scoped_lock lock(mutex_);
  standings_[static_cast<size_t>(number)] = Standing::kConnecting;
}

int WorkerPool::readers() const {
  const std::scoped_lock lock(mutex_);
  return working_ - surplus_ + unneeded_;
}

void WorkerPool::SendForRest() {
  const std::scoped_lock lock(mutex_);
  for (size_t units = queue_.waiting(); units > 0 && unneeded_ > 0; --units) {
    if (running_ >= options_.max_workers || !StartLocked()) return;
    --unneeded_;
  }
}

ExecuteSummary WorkerPool::Summarise() const {
  const std::scoped_lock lock(mutex_);
  EngineClock::TimePoint end = start_;
  for (const Worker& worker : workers_) end = std::max(end, worker.ended_at());
  ExecuteSummary summary;
  summary.workers = most_with_session_;
  summary.wall_seconds = SecondsBetween(start_, end);
  for (const Worker& worker : workers_) {
    summary.retries += worker.retries();
    if (!worker.had_session()) continue;
    summary.unit_seconds += worker.unit_seconds();
    // Who found nothing more to do was there to the end, idle.
    summary.worker_seconds +=
        SecondsBetween(worker.started_at(), worker.retired() ? worker.ended_at() : end);
  }
  return summary;
}

}  // namespace headrace
