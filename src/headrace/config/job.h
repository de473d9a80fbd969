#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "headrace/config/job_words.h"
#include "headrace/config/option.h"
#include "headrace/model/capabilities.h"
#include "headrace/model/commit.h"
#include "headrace/model/job_parameter.h"
#include "headrace/model/table_pattern.h"
#include "headrace/model/table_plan.h"

namespace headrace {

/// One entry of `columns:`.
struct ColumnRequest {
  std::string name;
  std::optional<std::string> as;
  std::optional<std::string>
      type;  ///< The cast as written, e.g. `decimal(12,2)`; its syntax was checked.
  std::optional<OverflowPolicy> on_overflow;
};

struct PartitionSettings {
  Strategy strategy = Strategy::kAuto;
  std::optional<std::string> column;
  int64_t target_rows = 50'000;
  int64_t target_bytes = 16LL << 20;
  bool strict = false;
  /// Of rows whose `column` is NULL, of the cursor in transactional mode. Only with one of them
  /// another than kInclude; in transactional mode kExclude or kError.
  NullRowsPolicy nulls = NullRowsPolicy::kInclude;
};

enum class LoadMode {
  kCatalog,        ///< Every row, every time.
  kTransactional,  ///< Rows whose cursor is at or above the watermark of the last run.
};

/// What is done where rows may be committed with a cursor below the watermark (`late_rows`).
enum class LateRows { kError, kWarn };

/// Which rows a backfill loads, as written: those with a cursor from `from` on, from the first row
/// where there is none, to before `to`, the watermark where there is none.
struct BackfillRange {
  std::optional<std::string> from;
  std::optional<std::string> to;
};

struct LoadSettings {
  LoadMode mode = LoadMode::kCatalog;
  std::string cursor;                  ///< A column; empty only in catalog mode.
  std::optional<std::string> initial;  ///< Where the first run begins, as written; none: all rows.
  int64_t settle_ms = 30'000;          ///< How long running transactions are waited for, at most.
  LateRows late_rows = LateRows::kError;
  std::string cursor_timezone;            ///< Of a cursor without one; empty: the source's own.
  std::optional<BackfillRange> backfill;  ///< `--from`, `--to`; never of a job file, whose every
                                          ///< run would load the same rows.

  bool is_transactional() const { return mode == LoadMode::kTransactional; }
  /// Each run loads what the one before has not.
  bool moves_watermark() const { return is_transactional() && !backfill; }
};

/// One entry of `tables:`, with everything it inherits from the job resolved.
struct TableJob {
  TableRef table;
  std::string pattern;  ///< The name with wildcards that stands for it, as the job writes it;
                        ///< empty: the job names the table.
  std::vector<ColumnRequest> columns;  ///< Empty: all.
  std::vector<std::string> exclude;
  std::string where;
  WriteMode write = WriteMode::kReplace;
  LoadSettings load;
  PartitionSettings partition;
  OverflowPolicy on_overflow = OverflowPolicy::kError;
  bool lineage = false;
  OptionValues destination;  ///< The destination's options, with those that the table overrides
                             ///< (OptionSpec::per_table).
};

/// One entry of `tables:` whose name has wildcards. Which tables it stands for, the source knows
/// (run/table_list.h).
struct PatternJob {
  TablePattern pattern;
  std::vector<TablePattern> exclude;  ///< Tables that it does not stand for.
  TableJob each;                      ///< Of each of its tables, but for the name.
  size_t position = 0;                ///< So many of Job::tables stand before it in the job.
  std::string path;                   ///< Of its name, for people: `tables[2].name`.
};

/// A plug-in with its options: the section `source:` or `destination:`.
struct PluginSettings {
  std::string type;
  OptionValues values;
};

struct WorkerSettings {
  int initial = 2;           ///< Workers that a run begins with.
  int max = 10;              ///< That it may grow to.
  bool max_written = false;  ///< The job (or `--workers`) says `max`: cores do not cap it.
};

enum class EngineType { kAuto, kLocal, kSequential };
enum class VerifyLevel { kOff, kCounts, kSource, kChecksum };

struct LoggingSettings {
  std::string level = "info";
  std::string format = "text";
};

/// A job file after parsing, defaults, environment and secrets. A value; nothing in it depends on
/// the process any more.
struct Job {
  std::string name;
  std::filesystem::path file;  ///< As given to the parser.
  JobWords words;              ///< How a command that a message proposes names this job.
  std::string text_digest;     ///< JobDigest: has the job changed since the run began?
  JobParameters parameters;    ///< What of it the file leaves to the environment and `--set`.
  PluginSettings source;
  std::vector<TableJob> tables;           ///< Those that it names, and queries, in its order.
  std::vector<PatternJob> patterns;       ///< In its order; none once its tables are listed.
  std::optional<BackfillRange> backfill;  ///< The run is one; its tables have it too, once they are
                                          ///< known (run/backfill.h).
  PluginSettings destination;
  EngineType engine = EngineType::kAuto;
  WorkerSettings workers;
  std::optional<int>
      connections;  ///< Most connections to the source at once, the snapshot's own included
                    ///< (`limits.connections`); `workers` already keeps within it.
  int64_t worker_memory = 64LL << 20;  ///< Byte budget of one worker (`limits.worker_memory`).
  int retries = 5;                     ///< Attempts after the first of one unit (`limits.retries`).
  VerifyLevel verify = VerifyLevel::kCounts;
  std::filesystem::path state;  ///< Absolute.
  LoggingSettings logging;
};

}  // namespace headrace
