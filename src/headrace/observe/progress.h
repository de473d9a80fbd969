#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace headrace {

/// One reading of a run's progress; what progress bars and pages show.
struct ProgressReading {
  std::string run;    ///< Empty: of no run, as while a job is planned.
  std::string phase;  ///< "plan", "extract", "commit", "verify"
  std::string
      table;  ///< Of the units that are being read, that of the latest; else the last one's.
  int64_t rows = 0;
  int64_t estimated_rows = 0;  ///< 0: unknown.
  int64_t bytes = 0;           ///< Read, by BatchBytes.
  int64_t units_done = 0;
  int64_t units_total = 0;
  int64_t workers_busy = 0;
  int64_t workers = 0;
  int64_t retries = 0;
  double seconds = 0;  ///< Since the extract phase started.
  /// Of a phase that goes table by table, without units; else 0.
  int64_t tables_begun = 0;
  int64_t tables_total = 0;
  int64_t phase_rows = 0;
  int64_t phase_rows_total = 0;  ///< 0: rows are not counted in it.
};

/// What a phase that goes table by table has to do.
struct PhaseWork {
  int64_t tables = 0;
  int64_t rows = 0;  ///< 0: unknown.
};

/// Counters that workers add to and anything may read; all calls are thread-safe and cheap enough
/// for once per batch.
class Progress {
 public:
  /// Whose progress it is from now on.
  void SetRun(std::string run);
  /// No table is worked on in it yet. Without `work` it is a phase of units.
  void StartPhase(std::string phase, PhaseWork work = {});
  /// The next table that is worked on in a phase without units.
  void NextTable(std::string table);
  void AddPhaseRows(int64_t rows) { phase_rows_ += rows; }
  void SetWorkers(int64_t workers) { workers_ = workers; }
  /// `estimated_rows` < 0: unknown.
  void AddPlanned(int64_t units, int64_t estimated_rows);
  /// A table that was planned starts over, or is given up: what AddPlanned was given for it.
  void TakeBackPlanned(int64_t units, int64_t estimated_rows);
  void AddRows(int64_t rows, int64_t bytes);
  /// Rows of a unit that failed: they will be read again.
  void TakeBackRows(int64_t rows, int64_t bytes);
  /// Units that were done and must be done again, with their rows.
  void TakeBackUnits(int64_t units, int64_t rows, int64_t bytes);
  void UnitStarted(std::string table);
  /// Of the same table as its start.
  void UnitEnded(const std::string& table, bool done);
  void Retried() { ++retries_; }

  int64_t rows() const { return rows_; }
  ProgressReading Read() const;

 private:
  std::atomic<int64_t> rows_{0};
  std::atomic<int64_t> estimated_rows_{0};
  std::atomic<int64_t> bytes_{0};
  std::atomic<int64_t> units_done_{0};
  std::atomic<int64_t> units_total_{0};
  std::atomic<int64_t> workers_busy_{0};
  std::atomic<int64_t> workers_{0};
  std::atomic<int64_t> retries_{0};
  std::atomic<int64_t> phase_rows_{0};
  mutable std::mutex mutex_;
  std::string run_;                                // protected by mutex_
  std::string phase_;                              // protected by mutex_
  PhaseWork phase_work_;                           // protected by mutex_
  int64_t tables_begun_ = 0;                       // protected by mutex_
  std::string table_;                              // protected by mutex_: while no unit is read
  std::vector<std::string> units_read_;            // protected by mutex_: tables of those, by start
  std::chrono::steady_clock::time_point start_{};  // protected by mutex_
};

}  // namespace headrace
