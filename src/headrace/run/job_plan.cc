#include "headrace/run/job_plan.h"

#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "headrace/model/ascii.h"
#include "headrace/model/civil_time.h"
#include "headrace/model/type_name.h"
#include "headrace/model/utf8.h"
#include "headrace/model/watermark.h"
#include "headrace/observe/human.h"
#include "headrace/plan/planner.h"
#include "headrace/plan/window.h"
#include "headrace/run/bare_semicolon.h"
#include "headrace/run/exit_code.h"
#include "headrace/run/moving_where.h"
#include "headrace/transform/cast_rule.h"

namespace headrace {
namespace {

/// Whether a session reads `column` as text straight from the source, which holds what its type
/// does not: as the policy asks, or because text is what the job wants anyway.
bool ReadsText(const Column& column, OverflowPolicy policy, const arrow::DataType* wanted) {
  if (!column.may_overflow) return false;
  const bool wants_text = wanted != nullptr && wanted->id() == arrow::Type::STRING;
  return policy == OverflowPolicy::kString ||
         (wants_text && !arrow::is_nested(column.type->id()));  // Lists become JSON.
}

/// Whether a session reads the type that the job asks for straight from what is stored. There are
/// no more of these than there are casts.
bool ReadsAsAsked(const Column& column, const arrow::DataType* wanted) {
  return wanted != nullptr &&
         std::ranges::find(column.readable_as, wanted->id()) != column.readable_as.end() &&
         (wanted->Equals(*column.type) || FindCast(*column.type, *wanted) != nullptr);
}

/// A value that does not fit a type of the job cannot become text in a column of that type.
arrow::Status CheckPolicyFits(const Column& column, OverflowPolicy policy,
                              const arrow::DataType& wanted) {
  const bool always_fits = wanted.Equals(*column.type) && !column.may_overflow;
  if (policy != OverflowPolicy::kString || wanted.id() == arrow::Type::STRING || always_fits) {
    return arrow::Status::OK();
  }
  return UserError("column \"" + column.name + "\": a value that does not fit type " +
                   wanted.ToString() + " cannot be kept as text, so `type` and on_overflow: " +
                   "string contradict each other. Give the column on_overflow: error or " +
                   "\"null\", or type: string");
}

/// Said where values of type `from` may lose digits of them in `to`.
std::string RoundingNote(const arrow::DataType& from, const arrow::DataType& to) {
  const int bits = RoundsToBits(from, to);
  return bits == 0 ? "" : ", rounds to " + std::to_string(bits) + " bits";
}

/// Said of a column that is read as the job's type; nothing where that is its own and takes no
/// other values for it. What is stored may be any number, or the text of one, whatever the type.
std::string AskedNote(const Column& column, const arrow::DataType& wanted) {
  const std::string rounding = RoundingNote(*arrow::utf8(), wanted);
  const bool is_own = wanted.Equals(*column.type);
  if (is_own && rounding.empty()) return {};
  return "read as " + wanted.ToString() +
         (is_own ? std::string() : ", not as " + column.type->ToString()) + rounding;
}

/// Said of a column that the job casts.
arrow::Result<std::string> CastNote(const PlannedColumn& column) {
  if (FindCast(*column.read_type, *column.type) == nullptr) {
    return UserError("column \"" + column.source_name + "\": there is no cast from " +
                     column.read_type->ToString() + " to " + column.type->ToString() +
                     "; its `type` can be " + CastTargets(*column.read_type));
  }
  return "cast from " + column.read_type->ToString() +
         RoundingNote(*column.read_type, *column.type);
}

bool IsUntyped(const Column& column, const ColumnRequest& request, const TableJob& job) {
  const OverflowPolicy policy = request.on_overflow.value_or(job.on_overflow);
  return column.type_unknown && !request.type.has_value() && policy != OverflowPolicy::kString;
}

/// A type that is only guessed would be another one tomorrow.
arrow::Status CheckTyped(const Description& description, const std::vector<std::string>& untyped) {
  if (untyped.empty()) return arrow::Status::OK();
  std::string names;
  for (const std::string& name : untyped) names += (names.empty() ? "\"" : ", \"") + name + "\"";
  return UserError("table " + description.table.label() +
                   ": nothing declares the type of its columns " + names +
                   ", and no row came in time to tell it; give each a `type`, as in columns: "
                   "[{name: …, type: int64}]");
}

arrow::Result<PlannedColumn> PlanColumn(const Column& column, const ColumnRequest& request,
                                        const TableJob& job) {
  PlannedColumn planned;
  planned.source_name = column.name;
  planned.source_type = column.source_type;
  planned.name = request.as.value_or(column.name);
  planned.nullable = column.nullable;
  planned.on_overflow = request.on_overflow.value_or(job.on_overflow);
  planned.comment = column.comment;
  planned.note = column.note;
  std::shared_ptr<arrow::DataType> wanted;
  if (request.type.has_value()) {
    ARROW_ASSIGN_OR_RAISE(wanted, ParseTypeName(*request.type));
    ARROW_RETURN_NOT_OK(CheckPolicyFits(column, planned.on_overflow, *wanted));
    planned.may_be_text = wanted->id() == arrow::Type::STRING;
  }
  const bool as_text = ReadsText(column, planned.on_overflow, wanted.get());
  planned.read_as_asked = !as_text && ReadsAsAsked(column, wanted.get());
  planned.read_type = as_text ? arrow::utf8() : planned.read_as_asked ? wanted : column.type;
  planned.type = wanted != nullptr ? wanted : planned.read_type;
  if (as_text && !column.type->Equals(*planned.read_type)) {
    planned.note = wanted != nullptr ? "as text, straight from the source"
                                     : "as text, because of on_overflow: string";
  } else if (std::string asked = planned.read_as_asked ? AskedNote(column, *wanted) : "";
             !asked.empty()) {
    planned.note = std::move(asked);
  } else if (!planned.type->Equals(*planned.read_type)) {
    ARROW_ASSIGN_OR_RAISE(planned.note, CastNote(planned));
  }
  // A value that becomes NULL by policy may do so in a column that the source declares NOT NULL.
  planned.nullable = planned.nullable || planned.on_overflow == OverflowPolicy::kNull;
  return planned;
}

/// The first field inside of `type` whose name is not UTF-8, or null.
const arrow::Field* FindFieldNotUtf8(const arrow::DataType& type) {
  for (const auto& field : type.fields()) {
    if (!IsUtf8(field->name())) return field.get();
    if (const arrow::Field* inner = FindFieldNotUtf8(*field->type())) return inner;
  }
  return nullptr;
}

/// Names lie in units, in the footers of files, in commit records and in text of JSON. A job is
/// UTF-8: it can neither give such a column another name nor exclude it.
arrow::Status CheckNamesAreUtf8(const Description& description, const PlannedColumn& column) {
  const arrow::Field* inner = FindFieldNotUtf8(*column.read_type);
  if (inner == nullptr && IsUtf8(column.source_name)) return arrow::Status::OK();
  return UserError(
      "table " + description.table.label() + ": column " + QuotedText(column.source_name) + ": " +
      (inner == nullptr ? "its name" : "the name of its field " + QuotedText(inner->name())) +
      " is not UTF-8, and no reader would take the files: list the other columns under `columns`, "
      "or load a view or a query that gives it another name, as `WITH t (a, b) AS (SELECT * FROM "
      "…) SELECT * FROM t` does");
}

arrow::Status NoSuchColumn(const Description& description, const std::string& name) {
  std::string names;
  for (const Column& column : description.columns) {
    names += (names.empty() ? "" : ", ") + column.name;
  }
  return UserError("table " + description.table.label() + " has no column \"" + name +
                   "\"; it has " + names);
}

/// What has a dot or a star may have been meant for a table.
arrow::Status NothingToExclude(const Description& description, const std::string& name) {
  arrow::Status status = NoSuchColumn(description, name);
  if (name.find_first_of(".*?") == std::string::npos) return status;
  return status.WithMessage(status.message() +
                            ". `exclude` leaves out columns; tables only where the name of the "
                            "entry has wildcards");
}

/// The columns that the job asks for, all of them where it names none, without the excluded ones.
arrow::Result<std::vector<ColumnRequest>> RequestedColumns(const Description& description,
                                                           const TableJob& job) {
  std::vector<ColumnRequest> requests = job.columns;
  if (requests.empty()) {
    for (const Column& column : description.columns) {
      requests.push_back({.name = column.name, .as = {}, .type = {}, .on_overflow = {}});
    }
  }
  for (const std::string& excluded : job.exclude) {
    if (description.FindColumn(excluded) == nullptr) return NothingToExclude(description, excluded);
    std::erase_if(requests, [&](const ColumnRequest& request) { return request.name == excluded; });
  }
  return requests;
}

arrow::Result<std::vector<PlannedColumn>> PlanColumns(const Description& description,
                                                      const TableJob& job) {
  ARROW_ASSIGN_OR_RAISE(const std::vector<ColumnRequest> requests,
                        RequestedColumns(description, job));
  if (requests.empty()) {
    return UserError("table " + description.table.label() + ": no column is left to load");
  }
  std::vector<PlannedColumn> columns;
  columns.reserve(requests.size());
  std::set<std::string> names;
  std::vector<std::string> untyped;
  for (const ColumnRequest& request : requests) {
    const Column* column = description.FindColumn(request.name);
    if (column == nullptr) return NoSuchColumn(description, request.name);
    if (IsUntyped(*column, request, job)) untyped.push_back(column->name);
    ARROW_ASSIGN_OR_RAISE(PlannedColumn planned, PlanColumn(*column, request, job));
    ARROW_RETURN_NOT_OK(CheckNamesAreUtf8(description, planned));
    if (!names.insert(planned.name).second) {
      return UserError("table " + description.table.label() + ": two columns would be called \"" +
                       planned.name + "\"; give one of them another name with `as`");
    }
    columns.push_back(std::move(planned));
  }
  ARROW_RETURN_NOT_OK(CheckTyped(description, untyped));
  return columns;
}

std::vector<std::string> SourceNames(const std::vector<PlannedColumn>& columns) {
  std::vector<std::string> names;
  names.reserve(columns.size());
  for (const PlannedColumn& column : columns) names.push_back(column.source_name);
  return names;
}

/// The column whose NULLs the job does not want; null where it wants all rows, or has none to fear.
const Column* UnwantedNulls(const TableJob& job, const Description& description) {
  if (job.partition.nulls == NullRowsPolicy::kInclude) return nullptr;
  const Column* column = description.FindColumn(
      job.load.is_transactional() ? job.load.cursor : job.partition.column.value_or(""));
  return column != nullptr && column->nullable ? column : nullptr;
}

/// `plan`: of the table, as far as it is known.
PlanKnobs KnobsOf(const TableJob& job, const TablePlan& plan) {
  // Without a snapshot a row may get a NULL after they were counted: it is one that nobody forbade.
  const bool counted_for_good = plan.snapshot != SnapshotKind::kNone;
  const Column* unwanted = UnwantedNulls(job, plan.description);
  const bool left_out = !plan.filter.not_null.empty() || plan.filter.window.has_value();
  const bool no_nulls = unwanted != nullptr && (counted_for_good || left_out);
  return {.strategy = job.partition.strategy,
          .column = job.partition.column.value_or(""),
          .target_rows = job.partition.target_rows,
          .target_bytes = job.partition.target_bytes,
          .strict = job.partition.strict,
          .filtered = !job.where.empty(),
          .windowed = plan.filter.window.has_value(),
          .unwanted_nulls = no_nulls ? unwanted->name : ""};
}

/// Looks for rows that the job does not want: an error, or a warning that says how many they are.
arrow::Status CheckNullRows(const TableJob& job, const Column& column, Snapshot& snapshot,
                            std::stop_token stop, TablePlan& plan) {
  const WorkUnit nulls{.plan_id = plan.id, .id = "0", .split = NullRows{column.name}};
  const auto counted = snapshot.CountRows(plan, nulls, std::move(stop));
  if (!counted.ok() && CodeOf(counted.status()) != kInterruptedCode) {
    return WithContext(counted.status(), "table " + job.table.label());
  }
  ARROW_ASSIGN_OR_RAISE(const int64_t rows, counted);
  if (rows == 0) return arrow::Status::OK();
  const std::string found =
      HumanNumberOf(rows, "row") + (rows == 1 ? " has" : " have") + " NULL in \"" + column.name;
  if (job.partition.nulls == NullRowsPolicy::kExclude) {
    plan.excluded_rows = rows;
    plan.warnings.push_back(found + "\" and " + (rows == 1 ? "is" : "are") +
                            " not loaded (partition.nulls: exclude)");
    return arrow::Status::OK();
  }
  return UserError(
      "table " + job.table.label() + ": " + found + "\", and partition.nulls: error wants none. " +
      (plan.cursor ? "'exclude'" : "'include' loads them, 'exclude'") + " leaves them out");
}

/// Rows at or above the bound of the window.
arrow::Status CountWaitingRows(const Split& window, Snapshot& snapshot, std::stop_token stop,
                               TablePlan& plan) {
  const WorkUnit above{.plan_id = plan.id, .id = "0", .split = RowsAbove(window)};
  ARROW_ASSIGN_OR_RAISE(plan.cursor->waiting, snapshot.CountRows(plan, above, std::move(stop)));
  return arrow::Status::OK();
}

/// Without a snapshot an UPDATE moves rows between pages that are read and pages that are not; a
/// range of a key keeps its rows. Pages are then left to those who ask for them by name.
constexpr std::string_view kMovingRows =
    "without a snapshot a row that an UPDATE moves to another page while the run reads is missed "
    "or doubled";

bool AvoidsPages(const TableJob& job, const TablePlan& plan) {
  return plan.snapshot == SnapshotKind::kNone && job.partition.strategy != Strategy::kPages;
}

Capabilities WithoutPages(Capabilities capabilities) {
  std::erase(capabilities.strategies, Strategy::kPages);
  return capabilities;
}

/// As a page, so a range of values, unless nobody updates its column: integers are taken for keys.
constexpr std::string_view kMovingValues =
    "without a snapshot a row whose value of it an UPDATE changes while the run reads is missed or "
    "doubled";

constexpr std::array kByValues = {Strategy::kDateRange, Strategy::kKeyRange, Strategy::kHash};

void SayWhatRangesRisk(const Capabilities& capabilities, Partitioning& partitioning) {
  if (partitioning.strategy == Strategy::kPages) {
    partitioning.warnings.push_back("partition.strategy: pages: " + std::string(kMovingRows));
  } else if (std::ranges::find(kByValues, partitioning.strategy) != kByValues.end()) {
    partitioning.warnings.push_back("\"" + partitioning.column +
                                    "\": " + std::string(kMovingValues));
  } else if (std::ranges::find(capabilities.strategies, Strategy::kPages) !=
             capabilities.strategies.end()) {
    partitioning.why += "; not by pages: " + std::string(kMovingRows);
  }
}

/// Each session, and each unit of SQLite, asks the source for the time anew.
void WarnOfMovingWhere(const TableJob& job, Partitioning& partitioning) {
  const std::string word = MovingWord(job.where);
  if (word.empty() || partitioning.units.size() < 2) return;
  partitioning.warnings.push_back(
      "where: `" + word +
      "` is another value for each worker, or each unit, so that they may not " +
      "agree on which rows are meant; write the value into the job, e.g. by ${NAME}");
}

/// Units carry the bounds that they need. What these were found by, megabytes of keys of each
/// table, would else stay until the last table of the job is done, and memory is not to grow with
/// their number. A session still asks which columns have an index.
void DropWhatUnitsWereCutBy(Statistics& statistics) {
  std::erase_if(statistics.columns, [](const auto& column) { return !column.second.indexed; });
  for (auto& [name, column] : statistics.columns) column = ColumnStatistics{.indexed = true};
}

/// The cursor is what the table is cut by, where the job leaves that open.
bool MayCutByCursor(const TableJob& job) {
  const bool open = job.partition.strategy == Strategy::kAuto;
  return job.load.is_transactional() &&
         (job.partition.column == job.load.cursor || (open && !job.partition.column.has_value()));
}

/// Whether the greatest value is a time of day that can be compared with the clock, and is known:
/// statistics, and samples, may have missed it.
bool ShowsItsZone(const TablePlan& plan) {
  const Column* described = plan.description.FindColumn(plan.cursor->column);
  const auto found = plan.statistics.columns.find(plan.cursor->column);
  return described->type->id() == arrow::Type::TIMESTAMP && plan.cursor->now &&
         found != plan.statistics.columns.end() && found->second.indexed && found->second.maximum;
}

/// To look for the greatest value without an index would take a pass over the table.
void WarnOfUncheckedZone(const TableJob& job, TablePlan& plan) {
  if (!plan.cursor->is_first || !job.load.cursor_timezone.empty()) return;
  const std::string name = '"' + plan.cursor->column + '"';
  plan.warnings.push_back(
      name + " has no time zone and is taken to be in " + plan.cursor->timezone +
      ", that of the role. This was not compared with its values, which only an "
      "indexed timestamp allows: in another zone rows are lost. "
      "load.cursor_timezone says for good which one it is");
}

/// How far a value is from those that rows are written with now; negative: behind. Where the clock
/// of a zone was set back, those that were written before are ahead, and no sign of another zone.
double AheadOfNow(const CursorPlan& cursor, int64_t value) {
  const int64_t newest = std::max(*cursor.now, cursor.newest.value_or(*cursor.now));
  return static_cast<double>(value) - static_cast<double>(std::clamp(value, *cursor.now, newest));
}

/// A zone that is not the column's moves the watermark by hours, and loses the rows between: what
/// is written now is hours away. A table that is quiet looks so too, behind: that is said of the
/// first window alone.
void WarnOfZone(const TableJob& job, TablePlan& plan) {
  if (plan.cursor->timezone.empty()) return;
  if (!ShowsItsZone(plan)) return WarnOfUncheckedZone(job, plan);
  const int64_t greatest = *plan.statistics.columns.at(plan.cursor->column).maximum;
  constexpr int64_t kWorthSaying = int64_t{15} * 60 * kMicrosPerSecond;
  constexpr int64_t kZonesApart = int64_t{26} * 60 * 60 * kMicrosPerSecond;
  const double ahead = AheadOfNow(*plan.cursor, greatest);
  const bool is_quiet = ahead < 0 && !plan.cursor->is_first;
  if (std::abs(ahead) <= kWorthSaying || std::abs(ahead) > kZonesApart || is_quiet) return;
  plan.warnings.push_back("the greatest \"" + plan.cursor->column + "\" is " + IsoTime(greatest) +
                          ", more than 15 minutes from now, " + IsoTime(*plan.cursor->now) + " (" +
                          plan.cursor->about +
                          "): if the column is in another time zone, load.cursor_timezone must say "
                          "so, or rows are lost");
}

/// Where the values of a time end, beside where the window does; that of an integer ends with them.
void KeepGreatest(TablePlan& plan) {
  const Column* described = plan.description.FindColumn(plan.cursor->column);
  const auto found = plan.statistics.columns.find(plan.cursor->column);
  if (!IsTimeType(*described->type) || found == plan.statistics.columns.end()) return;
  const ColumnStatistics& known = found->second;
  if (!known.indexed || !known.maximum) return;
  plan.cursor->greatest = WatermarkText(*described->type, *known.maximum);
}

/// Knows the window's own rows, where an index finds them. Without one each unit would read the
/// whole table to find its part of the window: it is cut as if all were wanted.
void CutByCursor(const TableJob& job, PlanKnobs& knobs, TablePlan& plan) {
  const auto found = plan.statistics.columns.find(plan.cursor->column);
  const bool indexed = found != plan.statistics.columns.end() && found->second.indexed;
  if (!indexed) {
    if (!job.partition.column.has_value()) knobs.column.clear();
    plan.warnings.push_back("no index leads with the cursor \"" + plan.cursor->column +
                            "\": each run reads the whole table to find the new rows");
    return;
  }
  // The job has not named the column, and need not hear that nothing is to be cut. Of a window
  // without rows it is the column that leads to them.
  const bool is_empty = plan.statistics.rows == 0;
  if (is_empty && !job.partition.column.has_value()) knobs.column.clear();
  plan.statistics =
      StatisticsInWindow(plan.description, std::move(plan.statistics), *plan.filter.window);
  knobs.windowed = false;
}

/// Nothing can be new: there is nothing to read.
void PlanNoUnits(TablePlan& plan) {
  plan.statistics = {.rows = 0, .bytes = 0, .exact = true, .origin = "empty window"};
  plan.strategy = Strategy::kNone;
  plan.why = "nothing can be new: the window of the cursor is empty";
}

/// Estimates the table and cuts it into units.
arrow::Status Partition(const TableJob& job, const Capabilities& offered, Snapshot& snapshot,
                        std::stop_token stop, PlannedTable& planned) {
  TablePlan& plan = planned.plan;
  if (HasEmptyWindow(plan)) {
    PlanNoUnits(plan);
    return arrow::Status::OK();
  }
  PlanKnobs knobs = KnobsOf(job, plan);
  const bool by_cursor = MayCutByCursor(job);
  if (by_cursor) knobs.column = plan.cursor->column;
  const Capabilities capabilities = AvoidsPages(job, plan) ? WithoutPages(offered) : offered;
  const std::vector<std::string> columns = SourceNames(plan.columns);
  const std::vector<std::string> split = SplitColumns(plan.description, capabilities, knobs);
  ARROW_ASSIGN_OR_RAISE(
      plan.statistics,
      snapshot.Estimate(plan.description, {.columns = columns, .split_columns = split},
                        std::move(stop)));
  if (plan.cursor) {
    WarnOfZone(job, plan);
    KeepGreatest(plan);
  }
  if (by_cursor) CutByCursor(job, knobs, plan);
  ARROW_ASSIGN_OR_RAISE(Partitioning partitioning,
                        PlanUnits(plan.description, plan.statistics, capabilities, knobs, plan.id));
  DropWhatUnitsWereCutBy(plan.statistics);
  if (plan.snapshot == SnapshotKind::kNone) SayWhatRangesRisk(offered, partitioning);
  WarnOfMovingWhere(job, partitioning);
  plan.strategy = partitioning.strategy;
  plan.split_column = std::move(partitioning.column);
  plan.why = std::move(partitioning.why);
  plan.warnings.insert(plan.warnings.end(), partitioning.warnings.begin(),
                       partitioning.warnings.end());
  planned.units = std::move(partitioning.units);
  return arrow::Status::OK();
}

void WarnOfNamesThatDifferByCase(TablePlan& plan) {
  std::map<std::string, std::string> seen;
  for (const PlannedColumn& column : plan.columns) {
    const auto [other, is_new] = seen.emplace(LowerAsciiText(column.name), column.name);
    if (is_new) continue;
    plan.warnings.push_back("columns \"" + other->second + "\" and \"" + column.name +
                            "\" differ by case alone: readers that do not tell cases apart, as "
                            "DuckDB and Spark, rename or refuse one of them; `as` gives it another "
                            "name");
  }
}

void WarnOfHiddenRows(TablePlan& plan) {
  const std::string& hidden = plan.description.hidden_rows;
  if (hidden.empty()) return;
  plan.warnings.push_back(hidden +
                          ": rows that are hidden are not loaded (source.row_security: accept)");
}

void WarnOfColumns(TablePlan& plan) {
  for (const PlannedColumn& column : plan.columns) {
    const std::string& warning = plan.description.FindColumn(column.source_name)->warning;
    if (warning.empty() || column.read_type->id() == arrow::Type::STRING) continue;
    plan.warnings.push_back(warning);
  }
}

/// A source's own words for a semicolon in a condition are those for any other wrong character, or
/// speak of statements.
arrow::Status ExplainSemicolon(const TablePlan& plan, const arrow::Status& status) {
  if (ClassOf(status) != ErrorClass::kUser || !HasBareSemicolon(plan.filter.where)) return status;
  return status.WithMessage(status.message() +
                            "; `where` is a condition, not a statement: leave the semicolon out");
}

/// The first unit stands for all: they differ in their bounds. What the job says of a table is
/// found wrong here, where nothing has been read or written yet.
arrow::Status TryReading(Snapshot& snapshot, const std::stop_token& stop,
                         const PlannedTable& planned) {
  WorkUnit whole;
  whole.plan_id = planned.plan.id;
  const WorkUnit& unit = planned.units.empty() ? whole : planned.units.front();
  arrow::Status status = snapshot.TryUnit(planned.plan, unit, stop);
  if (status.ok() || CodeOf(status) == kInterruptedCode) return status;
  return WithContext(ExplainSemicolon(planned.plan, status), "table " + planned.plan.table.label());
}

/// Rows that no window takes, and those that wait for the next run: counted where an index finds
/// them, or the job wants to know.
arrow::Status CountOutsideWindow(const TableJob& job, const Column* unwanted, Snapshot& snapshot,
                                 std::stop_token stop, TablePlan& plan) {
  const auto found = plan.statistics.columns.find(plan.cursor->column);
  const bool indexed = found != plan.statistics.columns.end() && found->second.indexed;
  const std::optional<Split> window = std::exchange(plan.filter.window, std::nullopt);
  arrow::Status status;
  if (unwanted != nullptr && (indexed || job.partition.nulls == NullRowsPolicy::kError)) {
    status = CheckNullRows(job, *unwanted, snapshot, stop, plan);
  }
  const bool is_next = indexed && !plan.cursor->is_backfill;
  if (status.ok() && is_next) status = CountWaitingRows(*window, snapshot, std::move(stop), plan);
  plan.filter.window = window;
  return status;
}

arrow::Status FillPlan(const TableJob& job, Source& source, Snapshot& snapshot,
                       const RunIdentity& identity, const arrow::Result<TableHistory>& history,
                       std::stop_token stop, PlannedTable& planned) {
  TablePlan& plan = planned.plan;
  ARROW_RETURN_NOT_OK(history.status());
  plan.table = job.table;
  plan.epoch = identity.epoch;
  plan.id = identity.run + "/" + job.table.directory() + "/" + std::to_string(identity.epoch);
  plan.snapshot = snapshot.kind();
  plan.filter.where = job.where;
  plan.lineage = {
      .enabled = job.lineage, .run = identity.run, .loaded_at_micros = identity.started_micros};
  ARROW_ASSIGN_OR_RAISE(plan.description, snapshot.Describe(job.table, stop));
  plan.description.columns.shrink_to_fit();  // It stays, as those of all tables do.
  ARROW_ASSIGN_OR_RAISE(plan.columns, PlanColumns(plan.description, job));
  // Without a snapshot nothing keeps a column without NULLs as it is until its last row is read.
  if (plan.snapshot == SnapshotKind::kNone) {
    for (PlannedColumn& column : plan.columns) column.nullable = true;
  }
  for (const PlannedColumn& column : plan.columns) {
    if (plan.lineage.enabled && column.name.starts_with("_headrace_")) {
      return UserError("table " + job.table.label() + ": column \"" + column.name +
                       "\" and `lineage: true` exclude each other");
    }
  }
  ARROW_ASSIGN_OR_RAISE(const Capabilities capabilities, source.GetCapabilities(stop));
  const Column* unwanted = UnwantedNulls(job, plan.description);
  if (unwanted != nullptr && job.partition.nulls == NullRowsPolicy::kExclude &&
      !job.load.is_transactional()) {
    plan.filter.not_null = unwanted->name;
  }
  ARROW_RETURN_NOT_OK(PlanWindow(job, *history, snapshot, plan, stop));
  ARROW_RETURN_NOT_OK(Partition(job, capabilities, snapshot, stop, planned));
  WarnOfHiddenRows(plan);
  WarnOfNamesThatDifferByCase(plan);
  WarnOfColumns(plan);
  ARROW_RETURN_NOT_OK(TryReading(snapshot, stop, planned));
  if (plan.cursor) return CountOutsideWindow(job, unwanted, snapshot, std::move(stop), plan);
  if (unwanted == nullptr) return arrow::Status::OK();
  return CheckNullRows(job, *unwanted, snapshot, std::move(stop), plan);
}

bool IsSameRelation(const Relation& a, const Relation& b) {
  return a.oid == b.oid && a.schema == b.schema && a.name == b.name;
}

/// Views and queries have no relations to be known by.
bool HaveSameRows(const PlannedTable& a, const PlannedTable& b) {
  if (!a.status.ok() || !b.status.ok() || a.plan.filter != b.plan.filter) return false;
  const Description& first = a.plan.description;
  const Description& second = b.plan.description;
  return first.kind == second.kind && !first.leaves.empty() &&
         std::ranges::equal(first.leaves, second.leaves, IsSameRelation);
}

}  // namespace

void WarnOfTablesReadTwice(JobPlan& plan) {
  for (auto second = plan.tables.begin(); second != plan.tables.end(); ++second) {
    const auto first = std::find_if(plan.tables.begin(), second, [&](const PlannedTable& earlier) {
      return HaveSameRows(earlier, *second);
    });
    if (first == second) continue;
    second->plan.warnings.push_back("the same table as " + first->plan.table.label() +
                                    ", which this job copies too");
  }
}

void JobPlan::IsUnder(const Snapshot& under) {
  snapshot = under.kind();
  snapshot_about = under.about();
  warnings = under.warnings();
}

JobPlan BeginPlan(const Job& job, const Source& source, const Destination& destination) {
  return {.job = job.name,
          .source = source.endpoint(),
          .destination = destination.endpoint(),
          .snapshot = SnapshotKind::kNone,
          .snapshot_about = {},
          .warnings = {},
          .notes = {},
          .refused = {},
          .tables = {},
          .rights = {},
          .listed = {}};
}

int64_t JobPlan::units() const {
  return std::accumulate(
      tables.begin(), tables.end(), int64_t{0}, [](int64_t sum, const PlannedTable& table) {
        return table.status.ok() ? sum + static_cast<int64_t>(table.units.size()) : sum;
      });
}

int64_t JobPlan::estimated_rows() const {
  return std::accumulate(
      tables.begin(), tables.end(), int64_t{0}, [](int64_t sum, const PlannedTable& table) {
        return table.status.ok() ? sum + std::max<int64_t>(0, table.plan.statistics.rows) : sum;
      });
}

int JobPlan::exit_code() const {
  if (!refused.ok()) return ExitCodeOfTables({{refused}}, continues_published);
  std::vector<arrow::Status> statuses;
  bool any_is_good = continues_published;
  for (const PlannedTable& table : tables) {
    statuses.push_back(table.status);
    any_is_good |= table.status.ok();
  }
  return ExitCodeOfTables(statuses, any_is_good);
}

PlannedTable PlanTable(const TableJob& table, Source& source, Snapshot& snapshot,
                       const RunIdentity& identity, const arrow::Result<TableHistory>& history,
                       std::stop_token stop) {
  PlannedTable planned;
  planned.job = &table;
  planned.status = FillPlan(table, source, snapshot, identity, history, std::move(stop), planned);
  return planned;
}

}  // namespace headrace
