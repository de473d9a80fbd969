#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/model/capabilities.h"
#include "headrace/model/description.h"
#include "headrace/model/held_values.h"
#include "headrace/model/statistics.h"
#include "headrace/model/work_unit.h"

namespace headrace {

/// What happens to a value that the destination's column cannot hold (`on_overflow`).
enum class OverflowPolicy {
  kError,   ///< The unit fails, naming table, unit, column and row key.
  kNull,    ///< The value becomes NULL; how many did is counted per receipt.
  kString,  ///< Columns that have such values are read as text straight from the source.
};

std::string_view OverflowPolicyName(OverflowPolicy policy);

/// What is done with rows whose split column is NULL (`partition.nulls`).
enum class NullRowsPolicy {
  kInclude,  ///< They are loaded.
  kExclude,  ///< They are left out, and the plan says how many.
  kError,    ///< The table fails before anything of it is read.
};

std::string_view NullRowsPolicyName(NullRowsPolicy policy);

/// One column on its way: what the source yields and what the destination gets.
struct PlannedColumn {
  std::string source_name;  ///< In the source's table.
  std::string source_type;  ///< The source's spelling of the type.
  std::shared_ptr<arrow::DataType>
      read_type;  ///< What the session's batches carry; utf8 where Column::may_overflow and
                  ///< OverflowPolicy::kString, or the job, ask for text.
  bool read_as_asked = false;  ///< `read_type` is the job's, one of Column::readable_as.
  std::string name;            ///< In the destination.
  std::shared_ptr<arrow::DataType>
      type;  ///< In the destination; differs from read_type where the job casts.
  bool nullable = true;
  OverflowPolicy on_overflow = OverflowPolicy::kError;
  bool may_be_text = true;  ///< on_overflow: string may be written: the job asks for no other type.
  std::string comment;
  std::string note;  ///< Said in plan.

  /// What the destination's column holds of `type`, by default all; any other value follows
  /// `on_overflow`. NULL in the place of the whole value is no way out where NULL is not held.
  HeldValues held = {};
};

/// Columns that headrace adds to each row (`lineage: true`).
struct Lineage {
  bool enabled = false;
  std::string run;  ///< Value of `_headrace_run`.
  int64_t loaded_at_micros =
      0;  ///< Value of `_headrace_loaded_at`: microseconds since 1970, UTC; the start of the run.
};

/// Which rows the run wants, whatever the unit.
struct Filter {
  std::string where;     ///< The job's own SQL condition in the source's dialect; empty: all rows.
  std::string not_null;  ///< A column whose NULL rows are left out; empty: none. A unit of the
                         ///< NullRows of that very column is not touched by it.
  std::optional<Split> window;  ///< The rows of the cursor's window, an IdRange or DateRange, in
                                ///< transactional mode.

  bool operator==(const Filter&) const = default;
};

/// For people: a condition in the way of SQL; empty: all rows.
std::string FilterText(const Filter& filter);

/// How far the runs of a table in transactional mode have come. Watermarks as WatermarkText writes
/// them: all rows whose cursor lies below are loaded, none of the others.
struct CursorPlan {
  std::string column;
  std::optional<std::string> last;  ///< The watermark that the run begins at; none: all rows.
  std::optional<std::string> next;  ///< The one that its commit records; none: the column has no
                                    ///< value yet.
  std::string about;                ///< One sentence: why the window ends where it does.
  std::optional<int64_t> now;       ///< What a row that is written now has; none: not known.
  std::optional<int64_t> newest;    ///< The greatest of a row that was written before, as
                                    ///< CursorBound has it; none: as `now`.
  std::optional<int64_t> waiting;   ///< Rows at or above `next`; none: not counted.
  std::optional<std::string> greatest = {};  ///< Of a time that an index leads to: its greatest
                                             ///< finite value, wherever the window ends; none: not
                                             ///< known.
  std::string timezone = {};  ///< That the values are taken to be in; empty: they have one of
                              ///< their own, or are no times.
  bool is_first = false;      ///< No run with this cursor has left a watermark.
  bool is_backfill = false;   ///< The commit leaves the watermark as it is; `next` is only
                              ///< where the rows end.
};

/// What all units of one table share. Made once per table and epoch, sent once to each worker, then
/// never changed: safe to read from every thread.
struct TablePlan {
  std::string id;  ///< `<run>/<table directory>/<epoch>`; every WorkUnit and Receipt carries it.
  TableRef table;
  int epoch = 0;
  Description description;  ///< As described under the snapshot.
  Statistics statistics;
  std::vector<PlannedColumn>
      columns;  ///< In the order of the destination, lineage columns excluded.
  Filter filter;
  std::optional<CursorPlan> cursor;  ///< In transactional mode.
  Lineage lineage;
  Strategy strategy = Strategy::kNone;
  std::string split_column;  ///< The column that it is cut by; empty for pages and one unit.
  std::string why;           ///< One sentence: why this strategy.
  SnapshotKind snapshot = SnapshotKind::kNone;
  std::string into;  ///< For people: where the destination publishes it, and how; empty:
                     ///< as the run's report says.
  std::vector<std::string> warnings;
  std::optional<int64_t> source_rows;  ///< Counted by the source under the snapshot, for `verify:
                                       ///< source`.
  int64_t excluded_rows = 0;  ///< That `filter.not_null` leaves out, counted when it was planned.
};

/// The columns that headrace adds; none where it adds none.
arrow::FieldVector LineageFields(const Lineage& lineage);

/// The schema of the batches that a session yields for `plan`: names of the source, read types.
std::shared_ptr<arrow::Schema> ReadSchema(const TablePlan& plan);

/// Key of a field's metadata: the comment of its column at the source.
inline constexpr std::string_view kCommentKey = "headrace.comment";

/// The schema that the destination gets: destination names and types, then lineage columns. Field
/// metadata carries `headrace.source_type` and, where there is one, `headrace.comment`.
std::shared_ptr<arrow::Schema> OutputSchema(const TablePlan& plan);

}  // namespace headrace
