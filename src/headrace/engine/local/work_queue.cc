#include "headrace/engine/local/work_queue.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace headrace {
namespace {

int64_t EstimatedBytes(const TableWork& table) {
  return std::accumulate(
      table.units.begin(), table.units.end(), int64_t{0},
      [](int64_t sum, const WorkUnit& unit) { return sum + unit.estimated_bytes; });
}

double EstimatedRows(const WorkUnit& unit) { return static_cast<double>(unit.estimated_rows); }

/// Indexes of the tables, most bytes first; tables of equal size stay in the order of the job.
std::vector<size_t> LargestFirst(std::span<const TableWork> tables) {
  std::vector<int64_t> bytes(tables.size());
  std::ranges::transform(tables, bytes.begin(), EstimatedBytes);
  std::vector<size_t> order(tables.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return bytes[a] > bytes[b]; });
  return order;
}

}  // namespace

WorkQueue::WorkQueue(std::span<const TableWork> tables, int retries)
    : retries_(retries), tables_(tables.size()), order_(LargestFirst(tables)) {
  for (size_t table = 0; table < tables.size(); ++table) {
    TableState& state = tables_[table];
    const std::vector<WorkUnit>& units = tables[table].units;
    state.open = units.size();
    for (const WorkUnit& unit : units) {
      state.waiting.push_back({table, &unit, 1});
      waiting_rows_ += EstimatedRows(unit);
    }
    waiting_ += state.open;
    if (state.open == 0) EndLocked(table, arrow::Status::OK());
  }
}

std::optional<QueuedUnit> WorkQueue::PullLocked() {
  for (const size_t table : order_) {
    TableState& state = tables_[table];
    if (state.ended || state.waiting.empty()) continue;
    const QueuedUnit unit = state.waiting.front();
    state.waiting.pop_front();
    --waiting_;
    waiting_rows_ -= EstimatedRows(*unit.unit);
    return unit;
  }
  return std::nullopt;
}

std::optional<QueuedUnit> WorkQueue::TryPull() {
  const std::scoped_lock lock(mutex_);
  return PullLocked();
}

std::optional<QueuedUnit> WorkQueue::Pull(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  std::optional<QueuedUnit> unit;
  changed_.wait(lock, stop, [&] {
    unit = PullLocked();
    return unit.has_value() || ended_ == tables_.size();
  });
  return unit;
}

void WorkQueue::MarkReceipted(size_t table, size_t units) {
  const std::scoped_lock lock(mutex_);
  TableState& state = tables_[table];
  if (state.ended) return;
  state.open -= std::min(units, state.open);
  if (state.open == 0) EndLocked(table, arrow::Status::OK());
}

void WorkQueue::Retry(QueuedUnit unit, const arrow::Status& status) {
  if (unit.attempt > retries_) {
    FailTable(unit.table, status);
    return;
  }
  ++unit.attempt;
  PutBack(unit);
}

void WorkQueue::PutBack(QueuedUnit unit) {
  const std::scoped_lock lock(mutex_);
  if (tables_[unit.table].ended) return;
  PutFrontLocked(unit);
  changed_.notify_all();
}

void WorkQueue::PutFrontLocked(const QueuedUnit& unit) {
  tables_[unit.table].waiting.push_front(unit);
  ++waiting_;
  waiting_rows_ += EstimatedRows(*unit.unit);
}

void WorkQueue::Divide(const QueuedUnit& unit, std::vector<WorkUnit> parts) {
  const std::scoped_lock lock(mutex_);
  TableState& state = tables_[unit.table];
  if (state.ended) return;
  state.open += parts.size() - 1;
  for (; !parts.empty(); parts.pop_back()) {
    PutFrontLocked({unit.table, &state.parts.emplace_back(std::move(parts.back())), 1});
  }
  changed_.notify_all();
}

void WorkQueue::FailTable(size_t table, const arrow::Status& status) {
  const std::scoped_lock lock(mutex_);
  EndLocked(table, status);
}

void WorkQueue::FailAll(const arrow::Status& status) {
  const std::scoped_lock lock(mutex_);
  for (size_t table = 0; table < tables_.size(); ++table) EndLocked(table, status);
}

bool WorkQueue::HasEnded(size_t table) const {
  const std::scoped_lock lock(mutex_);
  return tables_[table].ended;
}

bool WorkQueue::AllEnded() const {
  const std::scoped_lock lock(mutex_);
  return ended_ == tables_.size();
}

size_t WorkQueue::waiting() const {
  const std::scoped_lock lock(mutex_);
  return waiting_;
}

double WorkQueue::waiting_rows() const {
  const std::scoped_lock lock(mutex_);
  return waiting_rows_;
}

void WorkQueue::EndLocked(size_t table, const arrow::Status& status) {
  TableState& state = tables_[table];
  if (state.ended) return;
  state.ended = true;
  waiting_ -= state.waiting.size();
  for (const QueuedUnit& unit : state.waiting) waiting_rows_ -= EstimatedRows(*unit.unit);
  state.waiting.clear();
  ++ended_;
  ends_.push_back({table, status});
  changed_.notify_all();
}

std::optional<TableEnd> WorkQueue::WaitForTableEnd() {
  std::unique_lock lock(mutex_);
  if (returned_ == tables_.size()) return std::nullopt;
  changed_.wait(lock, [&] { return !ends_.empty(); });
  TableEnd end = std::move(ends_.front());
  ends_.pop_front();
  ++returned_;
  return end;
}

}  // namespace headrace
