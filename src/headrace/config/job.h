#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "headrace/config/job_words.h"
#include "headrace/config/option.h"
#include "headrace/model/capabilities.h"
#include "headrace/model/commit.h"
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
  NullRowsPolicy nulls = NullRowsPolicy::kInclude;  ///< Another one only with a column.
};

/// One entry of `tables:`, with everything it inherits from the job resolved.
struct TableJob {
  TableRef table;
  std::vector<ColumnRequest> columns;  ///< Empty: all.
  std::vector<std::string> exclude;
  std::string where;
  WriteMode write = WriteMode::kReplace;
  PartitionSettings partition;
  OverflowPolicy on_overflow = OverflowPolicy::kError;
  bool lineage = false;
  OptionValues destination;  ///< The destination's options, with those that the table overrides
                             ///< (OptionSpec::per_table).
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
  PluginSettings source;
  std::vector<TableJob> tables;
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
