#include "headrace/source/postgres/cursor_bound.h"

#include <arrow/type.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "headrace/model/civil_time.h"
#include "headrace/model/watermark.h"
#include "headrace/observe/human.h"
#include "headrace/source/postgres/catalog.h"
#include "headrace/source/postgres/cursor_sequence.h"
#include "headrace/source/postgres/running_transactions.h"
#include "headrace/source/postgres/settings.h"
#include "headrace/source/postgres/time_text.h"
#include "headrace/source/postgres/type_catalog.h"

namespace headrace {
namespace {

using std::chrono::milliseconds;

/// A transaction has its time a moment before others can see that it runs.
constexpr int64_t kUnseenMicros = kMicrosPerSecond;

/// A table on its way to its bound.
struct Asked {
  const SnapshotTable* wanted = nullptr;
  std::shared_ptr<arrow::DataType> type;
  uint64_t oid = 0;                 ///< Of the relation; 0: a query.
  std::optional<int64_t> greatest;  ///< Of an integer column.
  std::optional<int64_t> next;      ///< What its sequence gives next; none: the role may not know.
  arrow::Status status;
  std::vector<std::string> warnings;

  bool is_time() const { return type != nullptr && IsTimeType(*type); }
  bool is_zoned() const { return HasTimeZone(*type); }
};

/// Local times around a moment. Where the clock of a zone is set back, an hour comes twice.
struct LocalTimes {
  int64_t least_to_come = 0;    ///< At the moment or later.
  int64_t greatest_so_far = 0;  ///< Less a quarter of an hour at most.
};

/// Numbers may be lower in whatever runs; of a time its start is the bound, where that is known.
bool Matters(const RunningTransaction& transaction, const Asked& asked) {
  return !asked.is_time() || !transaction.since.has_value();
}

/// `late_rows: error`, or the warning that the job prefers.
void SayRowsMayBeLate(const arrow::Status& why, Asked& asked) {
  if (asked.wanted->cursor->late_rows_allowed) {
    asked.warnings.push_back(why.message() + ": they are never loaded");
  } else if (asked.status.ok()) {
    asked.status = why.WithMessage(why.message() + ". late_rows: warn loads all the same");
  }
}

/// Of a row that no window takes.
void SayOfLastNumber(Asked& asked) {
  const std::string text = AboutLastNumber(asked.wanted->cursor->column);
  if (asked.wanted->cursor->late_rows_allowed) {
    asked.warnings.push_back(text);
  } else if (asked.status.ok()) {
    asked.status = UserError(text + ". late_rows: warn loads the other rows all the same");
  }
}

class CursorBoundReader {
 public:
  CursorBoundReader(PgConnection& connection, const StatementScope& scope,
                    const std::stop_token& stop)
      : connection_(connection),
        scope_(scope),
        stop_(stop),
        transactions_(connection, scope, stop) {}

  arrow::Result<PgCursorBounds> Read(std::span<const SnapshotTable> tables) {
    for (const SnapshotTable& wanted : tables) {
      if (wanted.cursor) asked_.push_back({.wanted = &wanted});
    }
    if (asked_.empty()) return PgCursorBounds();
    ARROW_RETURN_NOT_OK(ReadClock());
    for (Asked& asked : asked_) ARROW_RETURN_NOT_OK(Keep(ReadColumn(asked), asked));
    ARROW_RETURN_NOT_OK(transactions_.Read());
    ARROW_RETURN_NOT_OK(WaitForRunning());
    PgCursorBounds bounds;
    for (Asked& asked : asked_) {
      auto bound = BoundOf(asked);
      ARROW_RETURN_NOT_OK(Keep(bound.status(), asked));
      bounds.emplace(
          asked.wanted->table.directory(),
          PgCursorBound{std::move(bound), asked.wanted->cursor->column, asked.type, asked.oid});
    }
    return bounds;
  }

 private:
  arrow::Result<PgResult> Ask(const std::string& sql) {
    return QueryInScope(connection_, scope_, sql, stop_);
  }

  arrow::Result<PgResult> AskSystem(const std::string& sql) {
    return QuerySystem(connection_, scope_, sql, stop_);
  }

  /// An error of one table stays its own; those that end everything are returned.
  arrow::Status Keep(const arrow::Status& status, Asked& asked) {
    if (status.ok()) return status;
    if (connection_.broken() || CodeOf(status) == kInterruptedCode) return status;
    if (asked.status.ok()) asked.status = status;
    return arrow::Status::OK();
  }

  arrow::Status ReadClock();
  arrow::Status ReadColumn(Asked& asked);
  arrow::Status ReadGreatest(const TableRef& table, Asked& asked);
  arrow::Result<Description> Describe(const TableRef& table);
  arrow::Status CheckWriters(const Description& description, Asked& asked);
  arrow::Status CheckZone(const Asked& asked) const;
  arrow::Status CheckSequences(Asked& asked);
  arrow::Status CheckOtherFillers(const PgResult& sequences, Asked& asked);
  arrow::Status ReadNext(const PgResult& sequences, int i, Asked& asked);
  arrow::Status WaitForRunning();
  arrow::Result<CursorBound> BoundOf(Asked& asked);
  arrow::Result<CursorBound> TimeBound(Asked& asked);
  CursorBound IntegerBound(const Asked& asked) const;
  arrow::Result<LocalTimes> InZone(const Asked& asked, int64_t micros);
  void SayWhatIsLeft(Asked& asked) const;

  PgConnection& connection_;
  const StatementScope& scope_;
  const std::stop_token& stop_;
  std::vector<Asked> asked_;
  int64_t clock_ = 0;
  bool standby_ = false;
  std::optional<int64_t> replayed_;  ///< When the last commit that a standby shows was made.
  std::string zone_;                 ///< Of a session of the role.
  bool zone_is_clients_ = false;     ///< By its own environment or options, not the server's.
  RunningTransactions transactions_;
};

/// First, before a setting of ours hides the session's zone, and before what runs.
arrow::Status CursorBoundReader::ReadClock() {
  ARROW_ASSIGN_OR_RAISE(
      const PgResult zone,
      connection_.Query("SELECT setting, source FROM pg_catalog.pg_settings WHERE name "
                        "OPERATOR(pg_catalog.=) 'TimeZone'",
                        stop_));
  zone_ = zone.Text(0, 0);
  zone_is_clients_ = zone.Text(0, 1) == "client";
  ARROW_ASSIGN_OR_RAISE(const PgResult result,
                        AskSystem("SELECT pg_catalog.clock_timestamp()::pg_catalog.text,"
                                  " pg_catalog.pg_is_in_recovery(),"
                                  " pg_catalog.pg_last_xact_replay_timestamp()::pg_catalog.text"));
  const auto clock = MicrosOfTimeText(result.Text(0, 0));
  if (!clock) return PermanentError("the server's clock cannot be read");
  clock_ = *clock;
  standby_ = result.Boolean(0, 1);
  replayed_ = MicrosOfTimeText(result.Text(0, 2));
  return arrow::Status::OK();
}

/// The column's type; of an integer the greatest value, which has to be read before what runs.
arrow::Status CursorBoundReader::ReadColumn(Asked& asked) {
  const std::string& name = asked.wanted->cursor->column;
  ARROW_ASSIGN_OR_RAISE(const Description description, Describe(asked.wanted->table));
  const Column* column = description.FindColumn(name);
  if (column == nullptr) return UserError("cursor: there is no column \"" + name + "\"");
  if (!IsCursorType(*column->type)) {
    return UserError("cursor: \"" + name + "\" is " + column->source_type +
                     "; what tells new rows is a date, a timestamp or an integer");
  }
  asked.type = column->type;
  asked.oid = description.oid;
  ARROW_RETURN_NOT_OK(CheckWriters(description, asked));
  if (asked.is_time()) return CheckZone(asked);
  ARROW_RETURN_NOT_OK(ReadGreatest(description.table, asked));
  return CheckSequences(asked);
}

/// The very last number is no bound of a range. It is nobody's next number either but a mark, and
/// must not move the watermark to where no row would be new any more: the one below it counts.
arrow::Status CursorBoundReader::ReadGreatest(const TableRef& table, Asked& asked) {
  const std::string name = PgQuoteIdentifier(asked.wanted->cursor->column);
  const std::string sql = "SELECT pg_catalog.max(" + name + ") FROM " +
                          (table.is_query() ? Subselect(table.query) : QualifiedName(table));
  ARROW_ASSIGN_OR_RAISE(PgResult result, Ask(sql));
  if (!result.IsNull(0, 0) && result.Int64(0, 0) == kLastNumber) {
    SayOfLastNumber(asked);
    ARROW_ASSIGN_OR_RAISE(result, Ask(sql + " WHERE " + name + " OPERATOR(pg_catalog.<) " +
                                      std::to_string(kLastNumber)));
  }
  if (!result.IsNull(0, 0)) asked.greatest = result.Int64(0, 0);
  return arrow::Status::OK();
}

/// Whether all that writes the table's rows can be seen here.
arrow::Status CursorBoundReader::CheckWriters(const Description& description, Asked& asked) {
  const auto late = [&](const std::string& what) {
    SayRowsMayBeLate(UserError(what + " with a lower \"" + asked.wanted->cursor->column + "\""),
                     asked);
  };
  if (standby_) {
    late("a standby does not show what runs on its primary, which may still commit rows");
  }
  if (description.kind == RelationKind::kMaterializedView) {
    late("a REFRESH of a materialized view may bring rows");
  }
  if (description.kind == RelationKind::kForeign ||
      std::ranges::any_of(description.leaves, &Relation::foreign)) {
    late("what runs on the other server of a foreign table may still commit rows");
  }
  if (description.kind == RelationKind::kView || description.kind == RelationKind::kQuery) {
    asked.warnings.push_back(
        "rows that a view or query shows for the first time when another of "
        "its tables changes may have a \"" +
        asked.wanted->cursor->column + "\" below the watermark: they are never loaded");
  }
  if (description.leaves.empty()) return arrow::Status::OK();
  // What is published by its root is noted of that.
  const std::string leaves = LeafOids(description);
  ARROW_ASSIGN_OR_RAISE(
      const PgResult subscribed,
      AskSystem("SELECT 1 FROM pg_catalog.pg_subscription_rel WHERE srrelid = ANY (" + leaves +
                ") OR srrelid IN (SELECT p.relid FROM pg_catalog.unnest(" + leaves +
                ") AS l(oid), LATERAL pg_catalog.pg_partition_ancestors("
                "l.oid::pg_catalog.regclass) AS p(relid)) LIMIT 1"));
  if (subscribed.rows() > 0) {
    late("the table is a logical subscriber, whose publisher may send rows");
  }
  return arrow::Status::OK();
}

/// A zone of ours tells nothing of the column's.
arrow::Status CursorBoundReader::CheckZone(const Asked& asked) const {
  if (asked.is_zoned() || !zone_is_clients_ || !asked.wanted->cursor->timezone.empty()) {
    return arrow::Status::OK();
  }
  return UserError("cursor: \"" + asked.wanted->cursor->column +
                   "\" has no time zone, and that of " + "the session, " + zone_ +
                   ", is from PGTZ or the connection's options: say by " +
                   "load.cursor_timezone which one the column is in");
}

arrow::Result<Description> CursorBoundReader::Describe(const TableRef& table) {
  const auto describe = [&] {
    PgTypeCatalog types;
    return DescribeRelation(connection_, types, table, stop_);
  };
  return InScope(connection_, scope_, describe, stop_);
}

/// Only numbers that are drawn one by one from a sequence that ascends grow with the time. To be
/// asked behind the greatest value, which no number that was drawn is above then.
arrow::Status CursorBoundReader::CheckSequences(Asked& asked) {
  const std::string& column = asked.wanted->cursor->column;
  const std::string name = '"' + column + '"';
  PgResult result;
  if (asked.oid != 0) {
    ARROW_ASSIGN_OR_RAISE(result, AskSystem(SequencesOfColumnSql(asked.oid, column)));
  }
  if (result.rows() == 0) {
    SayRowsMayBeLate(UserError("no sequence fills " + name +
                               ", so that rows with a lower number may come later"),
                     asked);
    return arrow::Status::OK();
  }
  if (!result.IsNull(0, sequence_column::kDefault)) {
    SayRowsMayBeLate(UserError("the DEFAULT of " + name + " is more than the next number (" +
                               std::string(result.Text(0, sequence_column::kDefault)) +
                               "), so that rows with a lower one may come later"),
                     asked);
    return arrow::Status::OK();
  }
  for (int i = 0; i < result.rows(); ++i) {
    ARROW_RETURN_NOT_OK(ReadNext(result, i, asked));
    const bool one_by_one = result.Int64(i, sequence_column::kCache) == 1 &&
                            result.Int64(i, sequence_column::kIncrement) == 1 &&
                            !result.Boolean(i, sequence_column::kCycle);
    if (one_by_one && result.rows() == 1) continue;
    SayRowsMayBeLate(UserError("the sequence of " + name +
                               " hands out numbers in advance (CACHE or INCREMENT above 1), "
                               "backwards or in a circle, or there are two, so that rows with a "
                               "lower one may come later"),
                     asked);
    return arrow::Status::OK();
  }
  if (asked.next && asked.greatest && *asked.greatest >= *asked.next) {
    SayRowsMayBeLate(
        UserError(name + " has the number " + std::to_string(*asked.greatest) +
                  ", which its sequence has not come to: it was given by hand, or the sequence was "
                  "set back, so that rows with a lower one will come later"),
        asked);
  }
  return CheckOtherFillers(result, asked);
}

/// Rows that are inserted into a partition, or a table that inherits, have what that one's own
/// DEFAULT gives.
arrow::Status CursorBoundReader::CheckOtherFillers(const PgResult& sequences, Asked& asked) {
  const std::string& column = asked.wanted->cursor->column;
  ARROW_ASSIGN_OR_RAISE(
      const PgResult others,
      AskSystem(OtherFillersSql(asked.oid, column,
                                static_cast<uint64_t>(sequences.Int64(0, sequence_column::kOid)))));
  if (others.rows() == 0) return arrow::Status::OK();
  const int64_t more = others.Int64(0, filler_column::kCount) - 1;
  SayRowsMayBeLate(
      UserError("what is inserted into " + std::string(others.Text(0, filler_column::kRelation)) +
                " itself has its \"" + column + "\" from " +
                (others.IsNull(0, filler_column::kSequence)
                     ? "a DEFAULT that asks no sequence"
                     : std::string(others.Text(0, filler_column::kSequence))) +
                ", not from " + std::string(sequences.Text(0, sequence_column::kName)) +
                (more > 0 ? " (and so of " + std::to_string(more) + " more)" : "") +
                ", so that rows with a lower number may come later"),
      asked);
  return arrow::Status::OK();
}

/// What the sequence of row `i` gives next, also of one that has given none yet, or was set. Where
/// the role may not look at it, nothing would tell that numbers come a second time.
arrow::Status CursorBoundReader::ReadNext(const PgResult& sequences, int i, Asked& asked) {
  if (!sequences.IsNull(i, sequence_column::kGrant)) {
    SayRowsMayBeLate(
        UserError("the role may not read " +
                  std::string(sequences.Text(i, sequence_column::kName)) + ", which fills \"" +
                  asked.wanted->cursor->column +
                  "\", so that a TRUNCATE … RESTART IDENTITY and numbers that were given by hand "
                  "would not be noticed, behind which rows with a lower one come (" +
                  std::string(sequences.Text(i, sequence_column::kGrant)) + " lets it)"),
        asked);
    return arrow::Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(const PgResult now,
                        AskSystem("SELECT least(last_value::numeric + CASE WHEN is_called THEN " +
                                  std::to_string(sequences.Int64(i, sequence_column::kIncrement)) +
                                  " ELSE 0 END, 9223372036854775807)::bigint FROM " +
                                  std::string(sequences.Text(i, sequence_column::kName))));
  if (now.rows() == 1) asked.next = now.Int64(0, 0);
  return arrow::Status::OK();
}

/// For what matters to a table, as long as the most patient one allows.
arrow::Status CursorBoundReader::WaitForRunning() {
  milliseconds patience{0};
  for (const Asked& asked : asked_) patience = std::max(patience, asked.wanted->cursor->settle);
  const auto matters = [&](const RunningTransaction& transaction) {
    return std::ranges::any_of(asked_, [&](const Asked& asked) {
      return asked.status.ok() && Matters(transaction, asked);
    });
  };
  return transactions_.WaitFor(matters, patience);
}

/// What still runs, and may have rows that this table would miss.
void CursorBoundReader::SayWhatIsLeft(Asked& asked) const {
  const auto matters = [&](const RunningTransaction& t) { return Matters(t, asked); };
  const std::vector<RunningTransaction>& left = transactions_.left();
  const auto first = std::ranges::find_if(left, matters);
  if (first == left.end()) return;
  const auto count = std::ranges::count_if(left, matters);
  SayRowsMayBeLate(
      TransientError(
          (count == 1
               ? first->name() + (first->pid.empty() ? " may" : " is in a transaction that may")
               : std::to_string(count) + " transactions, one of them of " + first->name() +
                     ", may") +
          " still commit rows with a lower \"" + asked.wanted->cursor->column + "\", after " +
          DurationText(asked.wanted->cursor->settle) + " of waiting (load.settle)"),
      asked);
}

arrow::Result<CursorBound> CursorBoundReader::BoundOf(Asked& asked) {
  ARROW_RETURN_NOT_OK(asked.status);
  SayWhatIsLeft(asked);
  ARROW_RETURN_NOT_OK(asked.status);
  if (!asked.is_time()) return IntegerBound(asked);
  return TimeBound(asked);
}

CursorBound CursorBoundReader::IntegerBound(const Asked& asked) const {
  CursorBound bound{
      .upper = {}, .now = asked.next, .about = "there is no value yet", .warnings = asked.warnings};
  if (!asked.greatest) return bound;
  bound.upper = *asked.greatest + 1;
  bound.about = "the greatest value was " + std::to_string(*asked.greatest);
  if (const size_t running = transactions_.running().size(); running > 0) {
    bound.about += "; " + HumanNumberOf(static_cast<int64_t>(running), "transaction") +
                   " that ran then " + (running == 1 ? "was" : "were") + " waited for";
  }
  return bound;
}

arrow::Result<CursorBound> CursorBoundReader::TimeBound(Asked& asked) {
  CursorBound bound{
      .upper = {}, .now = clock_, .about = "the server's clock less 1 s", .warnings = {}};
  int64_t upper = clock_;
  const std::vector<RunningTransaction>& running = transactions_.running();
  for (const auto* list : {&running, &transactions_.active()}) {
    for (const RunningTransaction& transaction : *list) {
      if (!transaction.since || *transaction.since >= upper) continue;
      upper = *transaction.since;
      bound.about = transaction.name() +
                    (list == &running ? " is in a transaction since " : " is at work since ") +
                    WatermarkText(*arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), upper) +
                    ", less 1 s";
    }
  }
  if (standby_ && replayed_ && *replayed_ < upper) {
    upper = *replayed_;
    bound.about = "the last commit that the standby has replayed was made at " +
                  WatermarkText(*arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), upper) +
                  ", less 1 s";
  }
  upper -= kUnseenMicros;
  if (!asked.is_zoned()) {
    ARROW_ASSIGN_OR_RAISE(const LocalTimes at_upper, InZone(asked, upper));
    ARROW_ASSIGN_OR_RAISE(const LocalTimes at_clock, InZone(asked, clock_));
    upper = at_upper.least_to_come;
    bound.now = at_clock.least_to_come;
    bound.newest = at_clock.greatest_so_far;
    const std::string& zone = asked.wanted->cursor->timezone;
    bound.timezone = zone.empty() ? zone_ : zone;
    bound.about += ", in the time zone " + bound.timezone;
  }
  if (asked.type->id() == arrow::Type::DATE32) {
    upper = FloorDivide(upper, kMicrosPerDay) * kMicrosPerDay;
    bound.now = FloorDivide(*bound.now, kMicrosPerDay) * kMicrosPerDay;
    bound.about += ", the day before";
  }
  bound.upper = upper;
  if (standby_ && !replayed_) {
    bound.upper.reset();
    bound.not_yet_known = true;
    bound.about = "the standby has replayed no commit since it was started";
  }
  bound.warnings = std::move(asked.warnings);
  return bound;
}

/// Looked for a day back and ahead, at quarters of an hour, where zones change.
arrow::Result<LocalTimes> CursorBoundReader::InZone(const Asked& asked, int64_t micros) {
  const std::string& own = asked.wanted->cursor->timezone;
  const std::string moment =
      "'" + WatermarkText(*arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), micros) +
      "'::pg_catalog.timestamptz";
  ARROW_ASSIGN_OR_RAISE(
      const PgResult result,
      AskSystem("SELECT pg_catalog.min(local) FILTER (WHERE m >= " + moment +
                ")::pg_catalog.text, pg_catalog.max(local) FILTER (WHERE m <= " + moment +
                ")::pg_catalog.text FROM (SELECT " + moment +
                " UNION ALL SELECT pg_catalog.generate_series(pg_catalog.date_trunc('hour', " +
                moment + ") + '-26 hours', " + moment +
                " + '26 hours', '15 minutes')) t(m), LATERAL pg_catalog.timezone(" +
                PgQuoteLiteral(own.empty() ? zone_ : own) + ", m) AS local"));
  const auto least = MicrosOfTimeText(result.Text(0, 0));
  const auto greatest = MicrosOfTimeText(result.Text(0, 1));
  if (!least || !greatest) {
    return PermanentError("the server's clock cannot be read in that time zone");
  }
  return LocalTimes{.least_to_come = *least, .greatest_so_far = *greatest};
}

}  // namespace

arrow::Result<PgCursorBounds> ReadCursorBounds(PgConnection& connection,
                                               const StatementScope& scope,
                                               std::span<const SnapshotTable> tables,
                                               const std::stop_token& stop) {
  return CursorBoundReader(connection, scope, stop).Read(tables);
}

}  // namespace headrace
