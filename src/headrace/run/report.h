#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "headrace/destination/destination.h"
#include "headrace/model/checksum.h"
#include "headrace/model/commit.h"
#include "headrace/model/error.h"

namespace headrace {

/// How one table of a run ended.
enum class TableState {
  kCommitted,         ///< Published by this run.
  kAlreadyCommitted,  ///< Published before this process started (a resumed run, or a settled
                      ///< intent).
  kFailed,
  kInterrupted,
};

std::string_view TableStateName(TableState state);

struct TableReport {
  std::string table;      ///< TableRef::label(), for people.
  std::string directory;  ///< TableRef::directory(), the key of the journal's table.
  TableState state = TableState::kFailed;
  arrow::Status error;  ///< OK unless failed or interrupted.
  int64_t rows = 0;
  int64_t bytes = 0;  ///< Of the published files.
  int64_t files = 0;
  int64_t units = 0;
  int epoch = 0;
  int64_t sequence = 0;
  /// Values that `on_overflow: null` made NULL, and rows that `partition.nulls: exclude` left out;
  /// nothing where an earlier process has committed the table and the journal does not know.
  std::optional<int64_t> nulled_values = 0;
  std::optional<int64_t> excluded_rows = 0;
  std::optional<int64_t> source_rows;        ///< What the source counted, for `verify: source`.
  std::optional<std::string> cursor_column;  ///< In transactional mode.
  std::optional<std::string> watermark;      ///< Of the commit; where the next run begins.
  std::optional<LoadedWindow> window;        ///< Of the commit; a backfill has no `cursor_column`.
  Checksum checksum;
  std::string target;                 ///< Where it lies now.
  CommitDetails details;              ///< Of a commit of this run.
  std::optional<bool> verified;       ///< Absent: not verified.
  arrow::Status verify_error;         ///< Why it, or some of its files, could not be verified; OK
                                      ///< otherwise. `verified` is then false or absent.
  std::string replaced_by;            ///< The run that replaced the rows since; empty: none did.
  std::vector<std::string> problems;  ///< What verification found.
};

/// Seconds by phase.
struct PhaseSeconds {
  double init = 0;      ///< Locks, journal, settling, connecting.
  double validate = 0;  ///< Snapshot, description, statistics, planning, preparing the destination.
  double extract = 0;   ///< First unit to last receipt.
  double load = 0;      ///< Intents and commits.
  double verify = 0;
};

/// What a run did: printed by `run`, kept in the journal for `runs` and `show`.
struct RunReport {
  std::string job;
  std::string run;
  bool nothing_to_do = false;  ///< The run was done before, or --resume found nothing.
  bool earlier_verification_failed =
      false;  ///< Exit 3: the run was done before and its verification had failed, or it had in the
              ///< run that this call has ended before.
  bool interrupted = false;
  std::vector<TableReport> tables;
  bool values_compared = false;   ///< By the verification, not rows alone.
  std::vector<std::string> left;  ///< Labels of the run's tables that are not published yet, also
                                  ///< of those that `--only` left out.
  std::vector<std::string>
      undecided;  ///< Labels of those whose commit is begun: whatever comes next finishes it first.
  std::vector<std::string> notes;  ///< New epochs, settled intents: sentences for people.
  PhaseSeconds phases;
  double seconds = 0;
  int workers = 0;
  double utilisation = 0;  ///< 0 to 1.
  int64_t retries = 0;

  /// What this process loaded: without what was committed before it started.
  int64_t rows() const;
  int64_t bytes() const;
  double rows_per_second() const;
  /// What lies at the destination of the run's tables, whichever process loaded it.
  int64_t published_rows() const;
  /// kExitVerificationFailed where damage was found, whatever failed beside it. Else kExitUsage
  /// where no table of the run is published and every failure is of class user, as `check` and
  /// `plan` answer; kExitFailed for all other failures, for tables that could not be verified, and
  /// where nothing was done because other tables of the run are left.
  int exit_code() const;
  /// Some published table could not be verified, or not all of its files: the run is to be
  /// continued, which verifies it.
  bool left_unverified() const;
};

nlohmann::json ToJson(const RunReport& report);

}  // namespace headrace
