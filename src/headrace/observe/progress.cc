#include "headrace/observe/progress.h"

#include <algorithm>
#include <utility>

namespace headrace {

void Progress::SetRun(std::string run) {
  const std::scoped_lock lock(mutex_);
  run_ = std::move(run);
}

void Progress::StartPhase(std::string phase, PhaseWork work) {
  const std::scoped_lock lock(mutex_);
  phase_work_ = work;
  phase_rows_ = tables_begun_ = 0;
  if (phase == "extract") start_ = std::chrono::steady_clock::now();
  phase_ = std::move(phase);
  table_.clear();
}

void Progress::NextTable(std::string table) {
  const std::scoped_lock lock(mutex_);
  table_ = std::move(table);
  ++tables_begun_;
}

void Progress::AddPlanned(int64_t units, int64_t estimated_rows) {
  units_total_ += units;
  estimated_rows_ += std::max<int64_t>(0, estimated_rows);
}

void Progress::TakeBackPlanned(int64_t units, int64_t estimated_rows) {
  AddPlanned(-units, 0);
  estimated_rows_ -= std::max<int64_t>(0, estimated_rows);
}

void Progress::AddRows(int64_t rows, int64_t bytes) {
  rows_ += rows;
  bytes_ += bytes;
}

void Progress::TakeBackRows(int64_t rows, int64_t bytes) {
  rows_ -= rows;
  bytes_ -= bytes;
}

void Progress::TakeBackUnits(int64_t units, int64_t rows, int64_t bytes) {
  units_done_ -= units;
  TakeBackRows(rows, bytes);
}

void Progress::UnitStarted(std::string table) {
  ++workers_busy_;
  const std::scoped_lock lock(mutex_);
  units_read_.push_back(std::move(table));
}

void Progress::UnitEnded(const std::string& table, bool done) {
  {
    const std::scoped_lock lock(mutex_);
    const auto unit = std::ranges::find(units_read_, table);
    if (unit != units_read_.end()) units_read_.erase(unit);
    table_ = table;
  }
  --workers_busy_;
  if (done) ++units_done_;
}

ProgressReading Progress::Read() const {
  ProgressReading reading{.run = {},
                          .phase = {},
                          .table = {},
                          .rows = rows_,
                          .estimated_rows = estimated_rows_,
                          .bytes = bytes_,
                          .units_done = units_done_,
                          .units_total = units_total_,
                          .workers_busy = workers_busy_,
                          .workers = workers_,
                          .retries = retries_,
                          .phase_rows = phase_rows_};
  const std::scoped_lock lock(mutex_);
  reading.run = run_;
  reading.phase = phase_;
  reading.tables_begun = tables_begun_;
  reading.tables_total = phase_work_.tables;
  reading.phase_rows_total = phase_work_.rows;
  reading.table = units_read_.empty() ? table_ : units_read_.back();
  if (start_ != std::chrono::steady_clock::time_point{}) {
    reading.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  return reading;
}

}  // namespace headrace
