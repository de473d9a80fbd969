#pragma once

#include <arrow/type_fwd.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/model/capabilities.h"
#include "headrace/model/description.h"
#include "headrace/model/error.h"
#include "headrace/model/statistics.h"
#include "headrace/model/table_plan.h"
#include "headrace/model/work_unit.h"

/// A source is anything that rows are read from.
///
// clang-format off
///   Source ──OpenSnapshot(tables)──► Snapshot ──Describe, Estimate──► (planner: TablePlan + units)
///                                       │
///                                       ├──TryUnit(plan, unit)
///                                       │
///                                       └──Attach──► Session ──Open(plan, unit)──► UnitReader ──Next──► batch…
///                                                 one per worker                one at a time
// clang-format on
///
/// The coordinator opens one snapshot per epoch and describes every table through it; the engine
/// releases it when the last unit is read, before the last tables are published. Each worker
/// attaches once and reads all its units through that session. All of it is read-only. Nothing in a
/// source retries: errors carry their class, and the engine decides. A session whose Open or Next
/// failed with class transient is thrown away and replaced by a new Attach; with kTableLostCode it
/// is kept, and that table is read under another snapshot.
namespace headrace {

/// What a source is made for.
enum class SourceUse {
  kCopy,  ///< A job.
  kLook,  ///< A person who looks at it, and waits for nothing that takes long.
};

/// Bounds on the batches of a UnitReader.
struct ReadLimits {
  int64_t batch_rows = 65'536;
  int64_t batch_bytes = 8LL << 20;  ///< About; a single row may be larger.
  /// A batch that has rows goes on after about so long, full or not: rows that come slowly are
  /// seen.
  std::chrono::milliseconds batch_patience{1'000};
};

/// Reads the rows of one unit. Not thread-safe; lives no longer than its Session.
class UnitReader {
 public:
  virtual ~UnitReader() = default;

  /// The next batch, with the schema ReadSchema(plan), never empty; null at the end. Batches own
  /// their memory. Returns promptly with kInterruptedCode once the stop token given to Open is
  /// stopped. After an error the reader is finished.
  virtual arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() = 0;

  /// Values turned to NULL so far because of OverflowPolicy::kNull.
  virtual int64_t nulled_values() const = 0;
};

/// One worker's connection. Used by one thread at a time; may be destroyed by another.
class Session {
 public:
  virtual ~Session() = default;

  /// Starts to read `unit` of `plan`. The previous reader of this session must be gone. `plan` must
  /// outlive the reader.
  virtual arrow::Result<std::unique_ptr<UnitReader>> Open(const TablePlan& plan,
                                                          const WorkUnit& unit,
                                                          const ReadLimits& limits,
                                                          std::stop_token stop) = 0;
};

/// What an estimate is made for; the names live elsewhere.
struct EstimateRequest {
  std::span<const std::string> columns;  ///< Source names that will be read.
  /// Columns that the table may be cut by, the best one first; the planner takes the first whose
  /// values are known. Empty: it will not be cut by values, and none of them has to be looked at.
  std::span<const std::string> split_columns;
};

/// The column of a table whose values tell new rows from old ones, and how long is waited for rows
/// that have a value and are not committed yet.
struct CursorRequest {
  std::string column;
  std::string
      timezone;  ///< Of a column without one; empty: the one that the source gives the role.
  std::chrono::milliseconds settle{30'000};  ///< Wait for running transactions, at most.
  bool late_rows_allowed = false;  ///< Rows that may come too late are a warning, not an error.
};

/// How far a cursor column can be read: no row with a value below `upper` that the snapshot does
/// not see can come any more.
struct CursorBound {
  std::optional<int64_t> upper;  ///< As ColumnStatistics has values; none: there is no row yet, or
                                 ///< not_yet_known.
  std::optional<int64_t> now;    ///< The least value of a row that is written now: the clock, or
                                 ///< what the sequence gives next; none: not known.
  std::optional<int64_t> newest = {};  ///< The greatest value of a row that was written before now,
                                       ///< less 15 minutes at most: more than `now` where the clock
                                       ///< of its zone was set back. None: as `now`.
  std::string about;                   ///< One sentence: why there.
  std::vector<std::string> warnings;
  bool not_yet_known = false;  ///< There is no `upper`, and rows may be there all the same: any
                               ///< that is still to come may lie anywhere, as `about` says why.
  std::string timezone = {};   ///< The name of the one in which the values are compared with the
                               ///< clock; empty: they have a zone of their own, or are no times.
};

/// A table whose rows a snapshot will be asked for.
struct SnapshotTable {
  TableRef table;
  std::string where;  ///< The job's condition, which may read other tables; empty: none.
  std::optional<CursorRequest> cursor = {};  ///< Its bound is found before the snapshot is taken.
};

/// What a job reads of a table: what its role needs rights for.
struct WantedRead {
  SnapshotTable table;
  std::vector<std::string> columns;  ///< By their names in the source; empty: all but `exclude`.
  std::vector<std::string> exclude;
  std::string split_column;  ///< That the job wants it to be cut by; empty: it is left open.
};

/// Statements in the source's own language that give the job's role rights that it lacks, no more
/// of them than it takes, each once and in an order in which they can be run.
struct MissingRights {
  std::vector<std::string> needed;   ///< Without them the job cannot read what it wants.
  std::vector<std::string> helpful;  ///< Without them it may have to wait, or warns.
};

/// What all sessions of a run see. Thread-safe.
class Snapshot {
 public:
  virtual ~Snapshot() = default;

  virtual SnapshotKind kind() const = 0;

  /// One line for plan and report, e.g. "PostgreSQL 15.18, REPEATABLE READ, exported snapshot".
  virtual std::string about() const = 0;

  /// What others have to bear for as long as it lives, as a sentence without its end; empty:
  /// nothing.
  virtual std::string HeldUp() const { return {}; }

  /// What has become of it since this was asked before, in sentences for people; most often
  /// nothing.
  virtual std::vector<std::string> TakeNews() { return {}; }

  /// Things that a person should know before the run (said in plan), e.g. why there is no snapshot.
  virtual std::vector<std::string> warnings() const = 0;

  /// Describes a table, most often one that OpenSnapshot was given, as the snapshot sees it.
  /// Errors: user if there is no such table or it may not be read; the other tables are not
  /// affected. kSnapshotLostCode, here and in the next three, where the connection that plans was
  /// lost, also where there is no snapshot. kInterruptedCode soon after `stop`.
  virtual arrow::Result<Description> Describe(const TableRef& table, std::stop_token stop) = 0;

  /// Estimates what the planner needs. Cheap: catalogue look-ups and probing that is bounded, in
  /// time as well where it reads rows; what cannot be known so is left unknown. kInterruptedCode
  /// soon after `stop`.
  virtual arrow::Result<Statistics> Estimate(const Description& description,
                                             const EstimateRequest& request,
                                             std::stop_token stop) = 0;

  /// How far the cursor of `table`, as OpenSnapshot was given it and described as `description`,
  /// can be read. Errors: user where the column is none that can be a cursor, or where rows may
  /// come too late and the request does not allow it. kInterruptedCode soon after `stop`.
  virtual arrow::Result<CursorBound> FindCursorBound(const SnapshotTable& table,
                                                     const Description& description,
                                                     std::stop_token stop) = 0;

  /// Has the source look at what a session would ask of it for `unit` of `plan`: that the job's own
  /// SQL is right, and that the role may read what it names. Reads no row of the table, but a
  /// source may call functions of the job's condition that it takes for constant (PostgreSQL:
  /// IMMUTABLE and STABLE ones). Leaves nothing behind but locks that keep the units of `plan`
  /// readable, which go with the snapshot. Errors: those of Session::Open, user for a condition
  /// that the source does not understand, with its words; other tables are not affected.
  /// kInterruptedCode soon after `stop`.
  virtual arrow::Status TryUnit(const TablePlan& plan, const WorkUnit& unit,
                                std::stop_token stop) = 0;

  /// How many rows of `unit` the filter of `plan` selects, as the snapshot sees them. Reads them:
  /// takes as long as the source needs to find them. Errors: those of Session::Open.
  /// kInterruptedCode soon after `stop`.
  virtual arrow::Result<int64_t> CountRows(const TablePlan& plan, const WorkUnit& unit,
                                           std::stop_token stop) = 0;

  /// Looks into a unit that is being read and is far larger than it should be: the places where it
  /// can be cut, as DivideUnit takes them. Cheap: probing that is bounded, in time as well. Nothing
  /// where it cannot look just now, and may be asked later; a sample without places where it cannot
  /// tell. What it cannot see for another reason is no error either: the reading itself meets it.
  virtual std::optional<UnitSample> SampleUnit(const TablePlan& /*plan*/, const WorkUnit& /*unit*/,
                                               std::stop_token /*stop*/) {
    return UnitSample();
  }

  /// What the role lacks to read `tables`, as far as it can be told: what is not there, or fails
  /// for another reason, needs no right. A source that knows no rights has none to give. Reads no
  /// rows.
  virtual arrow::Result<MissingRights> FindMissingRights(std::span<const WantedRead> /*tables*/,
                                                         std::stop_token /*stop*/) {
    return MissingRights();
  }

  /// Why no session can be had beside the snapshot, whoever else is there, where the source has a
  /// bound for that: errors of class user say what to change. What it cannot tell is no error.
  virtual arrow::Status CheckSessions(std::stop_token /*stop*/) { return arrow::Status::OK(); }

  /// Connects one more session that sees the snapshot. Errors: kSnapshotLostCode, kPushBackCode,
  /// kSnapshotWaitsCode, or others of class transient.
  virtual arrow::Result<std::unique_ptr<Session>> Attach(std::stop_token stop) = 0;

  /// Lets go of what the snapshot holds at the source: transactions, locks, connections. The engine
  /// calls it once its sessions are closed and no unit is left to read; a session that still lives
  /// keeps what is its own until it ends. Describe, Estimate and Attach fail with kSnapshotLostCode
  /// from then on. May be called again, and is what destruction does otherwise. Waits for a source
  /// that does not answer for a second at most, and not for others of the run once `stop` is
  /// stopped. Never throws; there is no error: what cannot be released in good order is cut off.
  virtual void Release(std::stop_token stop) = 0;
};

/// A line of `headrace inspect`.
struct ListedTable {
  TableRef table;
  RelationKind kind = RelationKind::kTable;
  double rows = -1;    ///< Estimate; -1: unknown.
  int64_t bytes = -1;  ///< -1: unknown.
};

/// A table or view by its name, for names with wildcards.
struct NamedRelation {
  TableRef table;  ///< With its schema, also where the source has but one.
  RelationKind kind = RelationKind::kTable;  ///< kForeign: its rows lie elsewhere.
  bool found_without_schema = false;         ///< Its name alone, without the schema, means it.
  std::vector<TableRef> parents;  ///< That it inherits from directly: their rows include its own.
};

/// A connected, or connectable, source. Thread-safe.
class Source {
 public:
  virtual ~Source() = default;

  /// Where it is, without secrets: `postgresql://etl@127.0.0.1:5432/shop`.
  virtual std::string endpoint() const = 0;

  /// Where the rows come from, as far as more than the job's text decides it: server and database
  /// by the environment, say. Without secrets; asks nobody. Empty: the job's text says it all, or
  /// it cannot be told. One run reads one place only.
  virtual std::string place() const { return {}; }

  /// Connects on first use.
  virtual arrow::Result<Capabilities> GetCapabilities(std::stop_token stop) = 0;

  /// All tables and views that a user made, in the order of their names.
  virtual arrow::Result<std::vector<ListedTable>> List(std::stop_token stop) = 0;

  /// The names of the same tables and views, in the same order, as they are at one moment. Cheap:
  /// looks at none of them. Partitions of a table are part of it, and not listed.
  virtual arrow::Result<std::vector<NamedRelation>> ListNames(std::stop_token stop) = 0;

  /// Opens the snapshot and whatever keeps `tables`, and what is read with them, readable until it
  /// ends. Fails where the source cannot be reached, or cannot give the snapshot that its options
  /// require; a table that is missing, or a condition that is wrong, shows only later. Other tables
  /// can be described as well; nothing keeps them readable.
  virtual arrow::Result<std::unique_ptr<Snapshot>> OpenSnapshot(
      std::span<const SnapshotTable> tables, std::stop_token stop) = 0;
};

}  // namespace headrace
