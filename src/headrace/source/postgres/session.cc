#include "headrace/source/postgres/session.h"

#include <optional>
#include <utility>

#include "headrace/client/postgres/copy_stream.h"
#include "headrace/client/postgres/error.h"
#include "headrace/source/postgres/life_lock.h"
#include "headrace/source/postgres/table_lock.h"
#include "headrace/source/postgres/unit_check.h"

namespace headrace {
namespace {

/// SQL before a statement, and what takes it back behind it.
struct Around {
  std::string_view before;
  std::string_view behind;
};

/// A server that vouches for no encoding refuses a client that wants UTF-8 a whole COPY because of
/// one text: it is asked for the bytes as they are, and each value is checked where it is read.
constexpr Around kRawText = {.before = "SET LOCAL client_encoding = 'SQL_ASCII'; ",
                             .behind = "SET LOCAL client_encoding = 'UTF8'; "};

/// Bitmap scans are allowed with the same words that forbid the other: where both were off, the
/// whole table would be read for each unit.
constexpr Around kBitmapScan = {
    .before = "SET LOCAL enable_bitmapscan = on; SET LOCAL enable_indexscan = off; ",
    .behind = "SET LOCAL enable_indexscan TO DEFAULT; SET LOCAL enable_bitmapscan TO DEFAULT; "};

/// The COPY of a unit, in the settings it needs.
std::string CopyOf(const PgUnitRead& read, bool by_bitmap) {
  std::string sql = CopyStatement(read.reading.select_list, read.target, read.condition) + "; ";
  const auto put_around = [&](const Around& around) {
    sql.insert(0, around.before);
    sql += around.behind;
  };
  if (read.reading.raw_text) put_around(kRawText);
  if (by_bitmap) put_around(kBitmapScan);
  return sql;
}

}  // namespace

PgSession::PgSession(std::shared_ptr<PgLeader> leader, PgConnection connection)
    : leader_(std::move(leader)), connection_(std::move(connection)), life_lock_(NewLifeLock()) {}

PgSession::~PgSession() {
  leader_->holders().Leave(life_lock_);
  connection_.RollBackAndClose();
}

arrow::Result<std::unique_ptr<Session>> PgSession::Attach(std::shared_ptr<PgLeader> leader,
                                                          std::stop_token stop) {
  auto connection = PgConnection::Connect(leader->session_connect(), stop);
  if (CodeOf(connection.status()) == kPushBackCode && leader->has_snapshot()) {
    // Others may have taken the places of a run whose sessions were ended: the next leader waits
    // longer for one than workers do.
    ARROW_RETURN_NOT_OK(leader->NameLossToNewcomer(leader->CheckLives(connection.status(), stop)));
  }
  ARROW_RETURN_NOT_OK(connection.status());
  std::unique_ptr<PgSession> session(new PgSession(std::move(leader), *std::move(connection)));
  ARROW_RETURN_NOT_OK(session->Begin(stop));
  return session;
}

arrow::Status PgSession::Begin(const std::stop_token& stop) {
  if (!leader_->has_snapshot()) return arrow::Status::OK();
  const ExportedSnapshot snapshot = leader_->snapshot();
  const arrow::Status imported =
      ImportSnapshot(connection_, leader_->settings(), snapshot, life_lock_, stop);
  if (CodeOf(imported) == kSnapshotLostCode) {
    return leader_->NameAbsence(snapshot, imported, stop);
  }
  ARROW_RETURN_NOT_OK(imported);
  leader_->holders().Join(life_lock_);
  return arrow::Status::OK();
}

arrow::Result<std::unique_ptr<UnitReader>> PgSession::Open(const TablePlan& plan,
                                                           const WorkUnit& unit,
                                                           const ReadLimits& limits,
                                                           std::stop_token stop) {
  if (stop.stop_requested()) return InterruptedError();
  if (connection_.broken()) {
    return TransientError("the connection was lost before", std::string(kPgConnectionFailure));
  }
  if (leader_->AsksForHeir()) ARROW_RETURN_NOT_OK(HandOnForOthers(stop));
  const auto own = Lock(plan, unit, stop);
  if (!own.ok()) {
    const UnitCheck check = CheckOf(plan, unit, leader_->held().NamesOf(plan.table));
    const arrow::Status status =
        NameChange(connection_, leader_->scope(), check, own.status(), stop);
    // What is gone, or another one, may have gone with the leader's locks.
    const bool can_ask = leader_->has_snapshot() && !connection_.broken();
    const bool is_told = NeedsNewSnapshot(own.status()) || stop.stop_requested();
    if (can_ask && !is_told) ARROW_RETURN_NOT_OK(CheckHeld(plan, unit, stop));
    return status;
  }
  if (*own) return OpenOn(connection_, {}, plan, unit, limits, stop);
  ARROW_ASSIGN_OR_RAISE(PgLeader::Lease lease, TakeLeader(plan, unit, stop));
  PgConnection& connection = lease.connection();
  return OpenOn(connection, std::move(lease), plan, unit, limits, stop);
}

arrow::Result<std::unique_ptr<UnitReader>> PgSession::OpenOn(
    PgConnection& connection, std::optional<PgLeader::Lease> lease, const TablePlan& plan,
    const WorkUnit& unit, const ReadLimits& limits, const std::stop_token& stop) {
  PgUnitRead read{.connection = connection,
                  .settings = leader_->settings(),
                  .reading = reading_,
                  .scope = leader_->scope(),
                  .target = TargetOf(plan, unit),
                  .condition = ConditionOf(plan, unit),
                  .check = CheckOf(plan, unit, leader_->held().NamesOf(plan.table)),
                  .batch_patience = limits.batch_patience,
                  .lease = std::move(lease),
                  .leader = *leader_,
                  .explains_conflict = leader_->on_standby() && !leader_->has_snapshot()};
  auto stream = Start(read, plan, unit, limits, stop);
  if (stream.ok()) {
    return std::make_unique<PgUnitReader>(std::move(read), *std::move(stream), stop);
  }
  // Asked while the lease is out: behind it another session has the connection.
  const bool lost = read.lease.has_value() && connection.broken();
  const arrow::Status status = NameTimeout(stream.status(), leader_->settings());
  if (lost) return leader_->NarrowLoss(leader_->NameLoss(status), plan.table.label());
  return NameChange(connection, read.scope, read.check, NameConflict(status, read), stop);
}

arrow::Result<std::unique_ptr<CopyStream>> PgSession::Start(const PgUnitRead& read,
                                                            const TablePlan& plan,
                                                            const WorkUnit& unit,
                                                            const ReadLimits& limits,
                                                            const std::stop_token& stop) {
  // What the server said of the table holds while this transaction has its lock.
  const bool is_read = leader_->has_snapshot() && reading_.plan_id == plan.id;
  if (!is_read) ARROW_RETURN_NOT_OK(headrace::Begin(read.connection, read.scope, stop));
  const auto start = [&]() -> arrow::Result<std::unique_ptr<CopyStream>> {
    if (!is_read) {
      ARROW_ASSIGN_OR_RAISE(reading_,
                            ReadTable(read.connection, plan, read.target, read.condition, stop));
    }
    ARROW_RETURN_NOT_OK(reading_.decoder->Begin(limits, unit.estimated_rows));
    return StartCopy(read.connection,
                     (is_read ? read.scope.begin : "") +
                         CopyOf(read, IsBestReadByBitmap(plan, unit)) + read.scope.end,
                     leader_->settings().transport, stop);
  };
  auto stream = start();
  if (!stream.ok()) Recover(read.connection, read.scope, stop);
  return stream;
}

/// Whether other relations are read with the table.
bool PgSession::ReadsOthers(const TablePlan& plan) const {
  return plan.table.is_query() || !plan.filter.where.empty() ||
         leader_->held().HasHiddenReads(plan.table);
}

/// What the session does not hold yet of what `unit` reads; nothing: it holds all. Indexes are
/// those that a read for any unit of the plan takes, of very many parts only those of `unit`.
std::optional<LockTarget> PgSession::Missing(const TablePlan& plan, const WorkUnit& unit) const {
  const ReadTarget target = TargetOf(plan, unit);
  const bool reads_others = ReadsOthers(plan);
  const bool has_parts = HasSeveralParts(plan, unit) && !reads_others;
  const bool by_unit = has_parts && plan.description.leaves.size() > kMostPartsAtOnce;
  const bool held = locked_.contains(HoldingKey(plan, unit));
  if (held && !by_unit) return std::nullopt;
  LockTarget missing{.relation = held ? "" : target.relation,
                     .only = target.only,
                     .from = target.from,
                     .columns = PlainSelectList(plan),
                     .where = {}};
  if (has_parts) missing.where = ConditionOf(plan, by_unit ? unit : WholeOf(unit));
  // Of one leaf of the table it is of all.
  if (reads_others && !locked_.contains(plan.id)) missing.where = plan.filter.where;
  return missing;
}

/// True: this session's transaction holds the relation, and its indexes. False: the leader has to
/// read. The unit is not handed back for a session that holds the lock: those are at work on units
/// of the table as it is, so that holders and leader together are all the connections that can read
/// it either way, and a unit that comes back would be drawn again by the session that could not
/// read it. What it costs is at the table's end, where the last units of late sessions are read one
/// after another.
arrow::Result<bool> PgSession::Lock(const TablePlan& plan, const WorkUnit& unit,
                                    const std::stop_token& stop) {
  if (!leader_->has_snapshot()) return true;
  const std::optional<LockTarget> missing = Missing(plan, unit);
  if (!missing) return true;
  ARROW_ASSIGN_OR_RAISE(
      const bool locked,
      LockNowait(connection_, *missing, leader_->settings().lock_timeout.count(), stop));
  if (!locked) return false;
  const std::string key = HoldingKey(plan, unit);
  if (locked_.contains(key)) return true;
  ARROW_RETURN_NOT_OK(CheckHeld(plan, unit, stop));
  locked_.insert({key, plan.id});
  // Whoever holds it next has to take all of it, also what this session had from a leaf before.
  LockTarget whole = *missing;
  if (ReadsOthers(plan)) whole.where = plan.filter.where;
  leader_->holders().Note(life_lock_, key, whole);
  return true;
}

/// Somebody queues for what `unit` reads: the leader must have it. While it is waited for another
/// one may come into its place, so that it is asked of the one that is there then.
arrow::Result<PgLeader::Lease> PgSession::TakeLeader(const TablePlan& plan, const WorkUnit& unit,
                                                     const std::stop_token& stop) {
  if (leader_->has_snapshot()) ARROW_RETURN_NOT_OK(CheckHeld(plan, unit, stop));
  auto lease = leader_->Take(stop);
  if (!lease.ok()) return leader_->NarrowLoss(lease.status(), plan.table.label());
  const ExportedSnapshot snapshot = leader_->snapshot();
  if (!snapshot.Holds(HoldingKey(plan, unit))) {
    return TableLost(plan.table.label(), snapshot.predecessors_end);
  }
  return lease;
}

/// Workers that wait for a session need somebody who owns the snapshot. This one needs nobody for
/// what it holds: that nobody could be found is no error of its unit.
arrow::Status PgSession::HandOnForOthers(const std::stop_token& stop) {
  const arrow::Status handed =
      leader_->HandOn({connection_, life_lock_}, leader_->snapshot(), OwnerIsNotThere(), stop);
  const bool is_own = connection_.broken() || CodeOf(handed) == kInterruptedCode;
  return is_own ? handed : arrow::Status::OK();
}

/// A lock of our own proves nothing by itself: had the leader ended, and its locks with it, the
/// table might have been truncated before. As long as its transaction lives, its locks were never
/// let go; of who came into its place it is known what it holds without a gap.
arrow::Status PgSession::CheckHeld(const TablePlan& plan, const WorkUnit& unit,
                                   const std::stop_token& stop) {
  while (true) {  // Each time another one owns it.
    const ExportedSnapshot snapshot = leader_->snapshot();
    ARROW_ASSIGN_OR_RAISE(const bool lives, IsAlive(connection_, snapshot.life_lock, stop));
    if (lives && snapshot.Holds(HoldingKey(plan, unit))) return arrow::Status::OK();
    if (lives) return TableLost(plan.table.label(), snapshot.predecessors_end);
    const arrow::Status handed =
        leader_->HandOn({connection_, life_lock_}, snapshot, OwnerIsNotThere(), stop);
    // Somebody may yet do it for others; for this table there is nobody to ask by now.
    if (CodeOf(handed) == kSnapshotWaitsCode) return TableLost(plan.table.label(), handed);
    ARROW_RETURN_NOT_OK(handed);
  }
}

}  // namespace headrace
