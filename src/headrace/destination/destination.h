#pragma once

#include <arrow/type_fwd.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/config/option.h"
#include "headrace/model/commit.h"
#include "headrace/model/error.h"
#include "headrace/model/receipt.h"
#include "headrace/model/table_plan.h"
#include "headrace/model/table_ref.h"
#include "headrace/staging/writer.h"

/// A destination is where rows are published, table by table, all of a run's rows or none.
///
// clang-format off
///   Check ─► LastCommit ─► Prepare ─► OpenWriter (per worker) ─► receipts ─► Intend ─► Commit ─► ReadBack
///                                                                              │         ▲
///                                                           journalled, then ──┘         │
///                                           Settle (after a crash, before all else) ─────┘
// clang-format on
///
/// Intend decides everything and publishes nothing. Commit carries an intent out and may be
/// repeated: a second call of the same intent changes nothing. Settle says what became of an
/// intent, from the commit record that lies with the data. An intent that can never be carried out
/// is void: Commit and Settle say so, the journal notes it, Discard removes what it had staged.
/// Workers call OpenWriter and use its Writer; all other calls are made by the coordinator's
/// thread.
namespace headrace {

/// One table of one run, as the destination sees it.
struct TableTarget {
  std::string job;
  std::string run;
  std::string plan_id;
  TableRef table;
  int epoch = 0;
  WriteMode mode = WriteMode::kReplace;
  std::shared_ptr<arrow::Schema> schema;            ///< OutputSchema(plan).
  int64_t writer_memory = 48LL << 20;               ///< Bytes one writer may hold.
  std::optional<std::string> cursor_column = {};    ///< Of the commit, in transactional mode.
  std::optional<std::string> watermark = {};        ///< Likewise; none: there is no value yet.
  std::optional<std::string> cursor_timezone = {};  ///< Of a cursor without a zone of its own.
  std::optional<std::string> where_digest = {};     ///< With a watermark: CommitIntent has it.
  std::optional<LoadedWindow> window = {};          ///< Of the commit, also of a backfill.
  OptionValues options = {};  ///< The destination's options as this table has them: the job's, with
                              ///< what the table overrides (OptionSpec::per_table). A key that is
                              ///< absent is as the destination was made.
};

/// Code of the error that Commit returns where it has proved that the intent is not committed and
/// never can be. Its class says whether the run that does it anew may succeed (transient), or
/// something has to change first. Every other error of Commit leaves the intent open.
inline constexpr std::string_view kVoidIntentCode = "void_intent";

/// Code of the error of Settle and Commit where nothing that is left tells whether the intent was
/// committed: trying again will not help, somebody has to decide.
inline constexpr std::string_view kUnknownCommitCode = "unknown_commit";

enum class SettleOutcome {
  kCommitted,     ///< The commit record of this intent is with the data.
  kNotCommitted,  ///< It is not: Commit(intent) may be called again.
  kVoid,          ///< It is proved that it is not and never will be.
};

/// What became of an intent.
struct Settlement {
  SettleOutcome outcome = SettleOutcome::kNotCommitted;
  std::string reason;  ///< For kVoid a sentence, which the journal keeps; else empty.
};

/// What reading a published file (or table) again found.
struct ReadBackResult {
  std::string file;  ///< Empty: all of the commit, where nothing tells what came of which file.
  int64_t rows = 0;
  std::optional<Checksum> checksum;  ///< Only where it was asked for.
  std::string problem;               ///< Empty, or what is wrong with the file, without its name.
  arrow::Status
      unread;  ///< Why the file could not be read, which says nothing of it; OK otherwise.
  std::optional<std::string> digest = {};  ///< Of its bytes, as in ReceiptFile; with the checksum.
};

/// What a destination says of a commit that it has made, beyond what every commit has.
struct CommitDetails {
  std::string text;        ///< For people; empty: nothing.
  nlohmann::json figures;  ///< For machines: an object; null: none.
};

/// How published files are read again.
struct ReadBackOptions {
  bool with_checksum = false;
  int threads = 1;                            ///< At most; files are read side by side.
  std::function<void(int64_t rows)> on_rows;  ///< Rows that are read, from any thread; may be null.
};

struct CleanResult {
  int64_t removed_directories = 0;
  int64_t removed_bytes = 0;
  std::vector<std::string> kept;  ///< What was left and why, one sentence each.
};

/// What a destination has to know of the process that it works for.
struct DestinationHost {
  std::string job =
      {};  ///< The job's name, by which destinations keep apart what they keep of jobs.
  std::filesystem::path state = {};  ///< Its state folder: nothing there is the destination's.
  /// Once stopped, no call waits for another process any more: it returns kInterruptedCode, and
  /// what it was to do is not done, or done in part and can be repeated.
  std::stop_token stop = {};
};

class Destination {
 public:
  virtual ~Destination() = default;

  /// Where it is, without secrets.
  virtual std::string endpoint() const = 0;

  /// Can everything that a run needs be done there? Tries it, leaves nothing behind.
  virtual arrow::Status Check() = 0;

  /// What a run can do without, and somebody will miss: a sentence each, with the next step. Only
  /// looks.
  virtual arrow::Result<std::vector<std::string>> Shortcomings() {
    return std::vector<std::string>();
  }

  /// Is the place there that tables are published in? A class permanent error where it is not, as
  /// of a disk that is not mounted, which says nothing of what was published. ReadBack says so too.
  virtual arrow::Status CheckThere() { return arrow::Status::OK(); }

  /// Where what `intent` published is looked for: at `intent.target`, unless the job names another
  /// place by now, or the destination was moved.
  virtual std::string TargetNow(const CommitIntent& intent) const { return intent.target; }

  /// Which place is looked at, and which one `intent` was published at, in one sentence; empty
  /// where they are the same.
  virtual std::string NoteOfPlace(const CommitIntent& /*intent*/) const { return {}; }

  /// What readers of the record's table read that no commit put there, for people; nothing where
  /// that cannot be.
  virtual arrow::Result<std::vector<std::string>> ReadBesides(const CommitRecord& /*record*/) {
    return std::vector<std::string>();
  }

  /// The table's last commit record, or none. Errors of class permanent where it cannot be read.
  virtual arrow::Result<std::optional<CommitRecord>> LastCommit(const TableRef& table) = 0;

  /// The last of `job`'s records of the table that has the cursor column `cursor`, or none: its
  /// watermark is where the next run begins. A record without a cursor column says nothing of it.
  /// Error of class user where rows are there whose record is not: where they end is not known.
  virtual arrow::Result<std::optional<CommitRecord>> LastCursorCommit(
      const TableRef& table, const std::string& job, const std::string& cursor) = 0;

  /// All records of the table as it is there, in the order of their sequences: each is read. Errors
  /// as LastCursorCommit's.
  virtual arrow::Result<std::vector<CommitRecord>> Commits(const TableRef& table) = 0;

  /// The record of the run `run` of `job` for `table`, or none.
  virtual arrow::Result<std::optional<CommitRecord>> FindCommit(const std::string& job,
                                                                const std::string& run,
                                                                const TableRef& table) = 0;

  /// Fits the columns of `plan`, which a run would write in `mode`, to those that the table has
  /// there, or gets: their names, their types (of those that PlannedColumn::read_type can be cast
  /// to), which of their values are held, and notes of what is not kept; and says in `into` how the
  /// table is published. `options` as TableTarget has them. Only looks. Error of class user where
  /// the destination has no column for one.
  virtual arrow::Status FitColumns(const OptionValues& /*options*/, WriteMode /*mode*/,
                                   TablePlan& /*plan*/) {
    return arrow::Status::OK();
  }

  /// What would make the commit of `target` fail, as far as it can be known before a row is read:
  /// for append another schema (the message shows the difference) or a run of this id that another
  /// job published, for error_if_exists a table that is there, for replace what headrace did not
  /// write and would remove. Only looks; `plan_id` and `epoch` do not matter, and no `run` is taken
  /// for a new one.
  virtual arrow::Status CheckTarget(const TableTarget& target) = 0;

  /// CheckTarget, then makes the staging of `target`, which begins an epoch: empty, whatever the
  /// run staged for the table before, in this epoch or another, is removed. What a lost journal had
  /// decided and nobody published can then never be published. Open intents of this journal were
  /// settled before.
  virtual arrow::Status Prepare(const TableTarget& target) = 0;

  /// Opens the staging of one worker. Thread-safe. `worker` is part of the file names; `serial`
  /// tells apart the writers that one worker opens one after another.
  virtual arrow::Result<std::unique_ptr<Writer>> OpenWriter(const TableTarget& target, int worker,
                                                            int serial) = 0;

  /// Decides the commit of `receipts`, which cover every unit once. Makes staging durable (an empty
  /// table gets its one empty file here) and publishes nothing.
  virtual arrow::Result<CommitIntent> Intend(const TableTarget& target,
                                             std::span<const Receipt> receipts,
                                             int64_t sequence) = 0;

  /// Publishes. Idempotent. The code is kVoidIntentCode where it is proved that nothing of the
  /// intent is published or can be: another run has committed since the plan was made, what was
  /// staged is gone and not in the table, or it cannot be moved to where the table is now.
  virtual arrow::Result<CommitRecord> Commit(const CommitIntent& intent) = 0;

  /// Of a record that Commit has returned.
  virtual CommitDetails DetailsOf(const CommitRecord& /*record*/) const { return {}; }

  /// An error means that it cannot be known: the intent stays open.
  virtual arrow::Result<Settlement> Settle(const CommitIntent& intent) = 0;

  /// Carries out what the destination itself knows to be decided by this job for the table, and
  /// neither published nor given up: what a journal that is lost knows nothing of. Before the
  /// table's records are asked for. Returns the records that this made.
  virtual arrow::Result<std::vector<CommitRecord>> SettleDecided(const TableRef& /*table*/) {
    return std::vector<CommitRecord>();
  }

  /// The commit that replaced the rows of `record` since, by `write: replace`; none if they are
  /// still the table's, or should be. Looks at TargetNow.
  virtual arrow::Result<std::optional<CommitRecord>> ReplacedBy(const CommitRecord& record) = 0;

  /// Removes what one epoch of a run staged for the table with the directory name `table`: its
  /// intent is void in the journal, or the journal knows of none and the run was given up.
  /// Idempotent.
  virtual arrow::Status Discard(const std::string& run, const std::string& table, int epoch) = 0;

  /// Reads every file of `record`, at TargetNow, again: rows always, checksums on request. Files
  /// that are not of the record, and should not be there or are not as they were, come with a
  /// problem too: a problem is what was found of a file. Where nothing could be found out of one
  /// (rights, descriptors, memory, the device) it is `unread`, and the others are read all the
  /// same. An error says that nothing could be found out of any, also where the place is one that
  /// the commit was not made at and has nothing of it; kInterruptedCode once `stop` is stopped.
  virtual arrow::Result<std::vector<ReadBackResult>> ReadBack(const CommitRecord& record,
                                                              const ReadBackOptions& options,
                                                              std::stop_token stop) = 0;

  /// Removes what ended runs left in staging, and replaced tables that were kept long enough for
  /// readers that still have them open. Never touches runs in `keep`, nor what it did not make.
  virtual arrow::Result<CleanResult> Clean(const std::set<std::string>& keep) = 0;
};

}  // namespace headrace
