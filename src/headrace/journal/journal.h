#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/model/commit.h"
#include "headrace/model/error.h"
#include "headrace/model/job_parameter.h"
#include "headrace/model/receipt.h"
#include "headrace/model/work_unit.h"

namespace headrace {

enum class RunState {
  kRunning,
  kDone,
  kFailed,
  kVerifyFailed,
  kAbandoned,
  kSuperseded,  ///< Another run has taken over what was left of it.
};

std::string_view RunStateName(RunState state);

/// A table that a name with wildcards stood for when a run began.
struct MatchedTable {
  std::string schema;   ///< TableRef::schema.
  std::string name;     ///< TableRef::name.
  std::string pattern;  ///< TableJob::pattern.

  bool operator==(const MatchedTable&) const = default;
};

/// One run as the journal knows it.
struct JournalRun {
  std::string run;
  std::string job;
  std::string text_digest;  ///< Job::text_digest when the run began.
  std::string source;       ///< Source::place() then; empty: it is not known.
  RunState state = RunState::kRunning;
  std::string started_at;  ///< ISO 8601, UTC, with microseconds.
  std::string ended_at;    ///< Empty while it runs.
  std::string report;      ///< JSON of its last report; empty before the first.
  std::vector<std::string>
      scope;  ///< Directories of the tables that it is to load: done when all are committed.
  std::vector<MatchedTable> matched;  ///< All that the job's patterns stand for in this run, those
                                      ///< outside of its scope too.
  std::string successor;  ///< Of kSuperseded: the run that took over what was left. Else empty.
  std::optional<JobParameters> parameters =
      {};  ///< Job::parameters when the run began; none: they
           ///< are not known, as of a journal before format 8.

  /// kRunning or kFailed: the next `headrace run` continues it.
  bool unfinished() const { return state == RunState::kRunning || state == RunState::kFailed; }
};

/// One table of a run.
struct JournalTable {
  std::string directory;  ///< TableRef::directory().
  std::string label;
  int epoch = 0;      ///< The latest epoch; receipts of earlier ones are void.
  int64_t units = 0;  ///< Of that epoch, parts of divided ones in their place.
  /// That they were cut by, as the destination names it; empty: none, or it is not there, or not
  /// known.
  std::string split_column = {};
  std::optional<CommitIntent> intent;  ///< Open or committed.
  std::optional<CommitRecord> record;  ///< Committed.

  bool has_open_intent() const { return intent.has_value() && !record.has_value(); }
};

/// What the receipts and the plan of a table's latest epoch say beyond its commit; nothing where
/// they do not say it.
struct EpochFigures {
  std::optional<int64_t> nulled_values;
  std::optional<int64_t> excluded_rows;
};

/// An intent that was journalled and can never be carried out.
struct VoidIntent {
  CommitIntent intent;
  std::string reason;     ///< A sentence for people.
  std::string voided_at;  ///< ISO 8601, UTC.
};

/// Why a table of a run must not be loaded, whatever the source says later: until the run is given
/// up.
struct LastingFault {
  std::string directory;  ///< TableRef::directory().
  std::string reason;     ///< A sentence for people.
  std::string found_at;   ///< ISO 8601, UTC.
};

/// The local, durable log of runs: a SQLite database in WAL mode with synchronous=FULL,
/// docs/format/journal.md. Each call is one transaction, durable when it returns. Holds no secret
/// and no row. Thread-safe.
class Journal {
 public:
  /// Opens or creates `<state>/journal.db`.
  static arrow::Result<std::unique_ptr<Journal>> Open(const std::filesystem::path& state);

  /// Opens an existing `<state>/journal.db` to read it, also where the folder or the file may not
  /// be written; nothing of it may be written then. Errors of class user where it cannot be read
  /// without writing.
  static arrow::Result<std::unique_ptr<Journal>> OpenToRead(const std::filesystem::path& state);

  /// A journal that knows no run and is gone with the object: for a command that must leave nothing
  /// behind.
  static arrow::Result<std::unique_ptr<Journal>> OpenInMemory();

  virtual ~Journal() = default;

  virtual arrow::Status BeginRun(const JournalRun& run) = 0;
  /// `successor` begins and the unfinished run `run` ends as kSuperseded, in one step: there is
  /// never a moment with both or none. Faults that last go over to the successor, and so do the
  /// committed tables of the directories `kept`: they are the successor's too.
  virtual arrow::Status SupersedeRun(const std::string& run, const JournalRun& successor,
                                     const std::vector<std::string>& kept) = 0;
  /// Starts epoch `epoch` of a table: receipts of earlier epochs are void from here on. `plan` is
  /// the plan as JSON. An epoch that is not above the table's last one would make void receipts
  /// count again: an error of class bug.
  virtual arrow::Status BeginEpoch(const std::string& run, const std::string& directory,
                                   const std::string& label, int epoch, int64_t units,
                                   const nlohmann::json& plan) = 0;
  /// A unit of epoch `epoch` is void, its parts count in its place. `parts` are their JSON, with
  /// the `unit_id` of each.
  virtual arrow::Status AddDivision(const std::string& run, const std::string& directory, int epoch,
                                    const std::string& unit_id, const nlohmann::json& parts) = 0;
  virtual arrow::Status AddReceipt(const std::string& run, const std::string& directory, int epoch,
                                   const Receipt& receipt) = 0;
  virtual arrow::Status AddIntent(const CommitIntent& intent) = 0;
  /// With its intent, at once: one that was found in the lake has none in the journal, and an open
  /// intent must not be left of it.
  virtual arrow::Status AddRecord(const CommitRecord& record) = 0;
  /// The open intent of a table becomes void, in one step: the table has no intent any more, and
  /// what was decided is kept with `reason`. Only for an intent that the destination has proved to
  /// be neither committed nor committable.
  virtual arrow::Status MakeIntentVoid(const CommitIntent& intent, const std::string& reason) = 0;
  /// The first one of a table stays.
  virtual arrow::Status AddLastingFault(const std::string& run, const std::string& directory,
                                        const std::string& reason) = 0;
  virtual arrow::Status EndRun(const std::string& run, RunState state,
                               const std::string& report) = 0;
  /// As if the run `run` had never begun. Only for one of which nothing was: without an epoch of a
  /// table, and that has taken no other over; else an error of class bug.
  virtual arrow::Status ForgetRun(const std::string& run) = 0;
  /// The failed or running run `run.run` goes on, with the job text, parameters, place of the
  /// source, scope and tables of patterns of `run`; of that nothing else counts.
  virtual arrow::Status ResumeRun(const JournalRun& run) = 0;

  virtual arrow::Result<std::vector<Receipt>> Receipts(const std::string& run,
                                                       const std::string& directory, int epoch) = 0;
  virtual arrow::Result<std::vector<UnitDivision>> Divisions(const std::string& run,
                                                             const std::string& directory,
                                                             int epoch) = 0;
  /// By directory. Reads every receipt of the run: for who reports of it, not for each look.
  virtual arrow::Result<std::map<std::string, EpochFigures>> Figures(const std::string& run) = 0;
  virtual arrow::Result<std::vector<JournalTable>> Tables(const std::string& run) = 0;
  virtual arrow::Result<std::vector<VoidIntent>> VoidIntents(const std::string& run) = 0;
  virtual arrow::Result<std::vector<LastingFault>> LastingFaults(const std::string& run) = 0;
  /// Runs of `job` (of all jobs if empty), the latest first.
  virtual arrow::Result<std::vector<JournalRun>> Runs(std::string_view job) = 0;
  /// Those of them that are unfinished, without their reports: each run looks for them, and a
  /// journal holds thousands of runs that are done.
  virtual arrow::Result<std::vector<JournalRun>> UnfinishedRuns(std::string_view job) = 0;
  virtual arrow::Result<std::optional<JournalRun>> FindRun(const std::string& run) = 0;
};

/// The kernel's lock on one job name, `<state>/<job>.lock`: held until destroyed or the process
/// dies.
class JobLock {
 public:
  /// Errors of class user if another process holds it: the message names its pid, host and start.
  static arrow::Result<JobLock> Acquire(const std::filesystem::path& state, const std::string& job);

  /// Who holds the lock now: `pid 7 on HOST since TIME`, or nothing. Only looks: it takes nothing,
  /// leaves no file, needs no right to write, and never makes an Acquire fail. Errors of class user
  /// where this user may not look.
  static arrow::Result<std::optional<std::string>> Holder(const std::filesystem::path& state,
                                                          const std::string& job);

  /// The error that Acquire would return because another process holds the lock; takes nothing and
  /// leaves no file.
  static arrow::Status CheckFree(const std::filesystem::path& state, const std::string& job);

  JobLock(JobLock&& other) noexcept;
  JobLock& operator=(JobLock&& other) noexcept;
  JobLock(const JobLock&) = delete;
  JobLock& operator=(const JobLock&) = delete;
  ~JobLock();

 private:
  explicit JobLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace headrace
