#include "headrace/source/postgres/leader.h"

#include <arrow/type.h>

#include <algorithm>
#include <utility>

#include "headrace/client/postgres/error.h"
#include "headrace/observe/human.h"
#include "headrace/source/postgres/catalog.h"
#include "headrace/source/postgres/life_lock.h"
#include "headrace/source/postgres/recovery_conflict.h"

namespace headrace {
namespace {

/// The oldest version that is tested; before it, settings and catalogues differ.
constexpr int kOldestServer = 120000;

/// Before it is tried again to hand the snapshot on: doubled with each try in vain. Sessions ask at
/// each of their units, and nobody else has to wait as long as they read.
constexpr std::chrono::milliseconds kFirstPause{100};
constexpr std::chrono::milliseconds kLongestPause{10'000};

/// Partitions come a few a day, not one in each of these moments.
constexpr int kLockAttempts = 5;

}  // namespace

arrow::Status SnapshotLost(const arrow::Status& cause) {
  return TransientError("the snapshot of the run is lost: " + cause.message(),
                        std::string(kSnapshotLostCode));
}

arrow::Status TableLost(std::string_view table, const arrow::Status& cause) {
  return TransientError("no session held table " + std::string(table) + ": " + cause.message(),
                        std::string(kTableLostCode));
}

arrow::Status SnapshotReleased() { return SnapshotLost(TransientError("it was released")); }

PgLeader::PgLeader(PgSourceSettings settings, PgConnection connection)
    : settings_(std::move(settings)),
      connection_(std::move(connection)),
      session_connect_(settings_.connect) {}

arrow::Result<std::shared_ptr<PgLeader>> PgLeader::Open(const PgSourceSettings& settings,
                                                        std::span<const SnapshotTable> tables,
                                                        std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(PgConnection connection, PgConnection::Connect(settings.connect, stop));
  std::shared_ptr<PgLeader> leader(new PgLeader(settings, std::move(connection)));
  ARROW_RETURN_NOT_OK(leader->Explain(leader->Begin(tables, stop)));
  return leader;
}

arrow::Status PgLeader::Begin(std::span<const SnapshotTable> tables, const std::stop_token& stop) {
  for (const SnapshotTable& wanted : tables) {
    conditions_[wanted.table.directory()] = wanted.where;
  }
  server_version_ = connection_.server_version();
  version_text_ = connection_.ParameterStatus("server_version");
  if (server_version_ < kOldestServer) {
    return UserError("the server is PostgreSQL " + version_text_ + "; 12 is the oldest that works");
  }
  // Bounded, as the first statement of a pooler's client may wait for a server.
  const StatementScope scope = BoundedTransactionScope(BeginStatements(settings_, server_version_));
  ARROW_ASSIGN_OR_RAISE(
      const PgResult standby,
      QueryInScope(connection_, scope, "SELECT pg_catalog.pg_is_in_recovery()", stop));
  on_standby_ = standby.Boolean(0, 0);
  ARROW_ASSIGN_OR_RAISE(cursor_bounds_, ReadCursorBounds(connection_, scope, tables, stop));
  if (settings_.snapshot == SnapshotMode::kOff) {
    warnings_.emplace_back(
        "snapshot: off: each unit sees what is there when it is read; rows that change during the "
        "run can be missed or doubled, and a TRUNCATE can empty a table half-way");
    return arrow::Status::OK();
  }
  ARROW_RETURN_NOT_OK(BeginBehindLocks(tables, stop));
  arrow::Status exported = Export(stop);
  if (exported.ok()) return exported;
  if (ClassOf(exported) == ErrorClass::kTransient) return exported;
  if (settings_.snapshot == SnapshotMode::kPrefer) return GoOnWithout(exported, stop);
  return UserError("the server cannot export a snapshot (" + exported.message() +
                   "); snapshot: prefer or off reads without one");
}

LockTarget PgLeader::TargetOf(const SnapshotTable& wanted) const {
  LockTarget target = LockTargetOf(wanted);
  target.reads_others = target.reads_others || HasHiddenReads(wanted.table);
  return target;
}

/// What queries, conditions, views and policies read is found out in transactions before, so that
/// it can be locked before the snapshot.
arrow::Status PgLeader::FindRelationsBehind(std::span<const SnapshotTable> tables,
                                            const std::stop_token& stop) {
  if (tables.empty()) return arrow::Status::OK();
  const StatementScope scope = BoundedTransactionScope(BeginStatements(settings_, server_version_));
  ARROW_ASSIGN_OR_RAISE(
      const std::vector<size_t> hidden,
      InScope(
          connection_, scope, [&] { return WithHiddenReads(connection_, tables, stop); }, stop));
  for (const size_t number : hidden) held_.hidden.insert(tables[number].table.directory());
  for (const SnapshotTable& wanted : tables) {
    const LockTarget target = TargetOf(wanted);
    if (!target.reads_others) continue;
    const std::string sql = wanted.table.query + "\n" + wanted.where;
    auto behind = InScope(
        connection_, scope, [&] { return RelationsBehind(connection_, target, sql, stop); }, stop);
    ARROW_RETURN_NOT_OK(NoteOfRead(wanted, behind.status()));
    if (behind.ok()) held_.behind[wanted.table.directory()] = *std::move(behind);
  }
  return arrow::Status::OK();
}

/// LOCK TABLE for all of them first: a read, even of no rows, takes the snapshot, and a lock behind
/// it comes too late. A partition that is attached between a table's lock and the snapshot is in
/// the snapshot without a lock, and what cannot be locked may be rewritten before it is held: then
/// all begins again.
arrow::Status PgLeader::BeginBehindLocks(std::span<const SnapshotTable> tables,
                                         const std::stop_token& stop) {
  without_lock_ = {};
  for (int attempt = 1;; ++attempt) {
    const bool last = attempt == kLockAttempts;
    ARROW_ASSIGN_OR_RAISE(const std::string why_again, LockAll(tables, last, stop));
    if (why_again.empty()) break;
    if (last) return TransientError(why_again);
    ARROW_RETURN_NOT_OK(connection_.Execute("ROLLBACK", stop));
  }
  warnings_.insert(warnings_.end(), held_.warnings.begin(), held_.warnings.end());
  return CheckNames(stop);
}

/// Why all has to begin again; empty: everything is held as the snapshot shows it.
arrow::Result<std::string> PgLeader::LockAll(std::span<const SnapshotTable> tables, bool last,
                                             const std::stop_token& stop) {
  held_ = {};
  ARROW_RETURN_NOT_OK(FindRelationsBehind(tables, stop));
  ARROW_RETURN_NOT_OK(ReadStorageBefore(stop));
  ARROW_RETURN_NOT_OK(connection_.ExecuteFirst(BeginStatements(settings_, server_version_), stop));
  for (const SnapshotTable& wanted : tables) ARROW_RETURN_NOT_OK(LockOne(wanted, stop));
  // Where it lay before the snapshot can no longer be asked for in this transaction.
  for (const std::string& name : held_.unlocked) {
    if (std::ranges::find(without_lock_.names, name) != without_lock_.names.end()) continue;
    without_lock_.names.assign(held_.unlocked.begin(), held_.unlocked.end());
    return name + " is not to be had by LOCK TABLE, as was another one in each attempt before";
  }
  ARROW_ASSIGN_OR_RAISE(std::string why_again, FindUnlockedPart(last, stop));
  if (!why_again.empty()) return why_again;
  ARROW_RETURN_NOT_OK(TouchRest(stop));
  return FindRewritten(tables, stop);
}

/// A part of a locked table that was attached since. In the last attempt it is a warning.
arrow::Result<std::string> PgLeader::FindUnlockedPart(bool last, const std::stop_token& stop) {
  if (held_.locked.empty()) return std::string();
  // Before it is asked whether they are locked: what they stand for by then is what was locked.
  ARROW_ASSIGN_OR_RAISE(held_.names, ResolveNames(connection_, held_.locked, stop));
  ARROW_ASSIGN_OR_RAISE(const auto unlocked, UnlockedBelow(connection_, held_.locked, stop));
  if (unlocked.empty()) return std::string();
  std::string attached = unlocked.front().relation + " was attached while the snapshot was taken";
  if (!last) return attached;
  held_.warnings.push_back(attached + "; a TRUNCATE of it in that moment would not be noticed");
  return std::string();
}

/// In a transaction of its own, which has let go of its snapshot before the one of the run is
/// taken.
arrow::Status PgLeader::ReadStorageBefore(const std::stop_token& stop) {
  if (without_lock_.names.empty()) return arrow::Status::OK();
  const StatementScope scope = BoundedTransactionScope(BeginStatements(settings_, server_version_));
  ARROW_ASSIGN_OR_RAISE(
      without_lock_.stored,
      InScope(
          connection_, scope, [&] { return ReadStorage(connection_, without_lock_.names, stop); },
          stop));
  return arrow::Status::OK();
}

/// What lies in another file than before the snapshot may have lost its rows in between: the
/// snapshot is as old as it may be, and the file is new. What only tables need that cannot be read
/// is held by nothing, and no matter.
arrow::Result<std::string> PgLeader::FindRewritten(std::span<const SnapshotTable> tables,
                                                   const std::stop_token& stop) {
  std::set<std::string> needed;
  for (const SnapshotTable& wanted : tables) {
    if (!LockError(wanted.table).ok()) continue;
    const ReadBehind& behind = held_.behind[wanted.table.directory()];
    needed.insert(TargetOf(wanted).relation);
    needed.insert(behind.unlockable.begin(), behind.unlockable.end());
    for (const LockTarget& target : behind.relations) needed.insert(target.relation);
  }
  const auto is_not_needed = [&](const StoredRelation& stored) {
    return !needed.contains(stored.root);
  };
  ARROW_ASSIGN_OR_RAISE(auto now, ReadStorage(connection_, without_lock_.names, stop));
  std::erase_if(now, is_not_needed);
  std::erase_if(without_lock_.stored, is_not_needed);
  std::string changed = ChangedStorage(without_lock_.stored, now);
  if (changed.empty()) return changed;
  return changed +
         " was truncated, refreshed, rewritten or made anew while the snapshot was taken, and it "
         "cannot be locked before";
}

/// Holds what LOCK TABLE could not take, and what it does not show that it is read.
arrow::Status PgLeader::TouchRest(const std::stop_token& stop) {
  for (const Untouched& rest : held_.untouched) {
    ARROW_RETURN_NOT_OK(NoteOfRead(rest.wanted, Touch(connection_, rest.target, stop)));
  }
  return arrow::Status::OK();
}

/// Names were looked up before there were locks, for the locks, and by the reads of no rows: what
/// is locked is what is read if they stand for the same as at first.
arrow::Status PgLeader::CheckNames(const std::stop_token& stop) {
  std::vector<KnownName> names;
  for (const auto& [table, behind] : held_.behind) {
    names.insert(names.end(), behind.names.begin(), behind.names.end());
  }
  if (names.empty()) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(const PgResult changed,
                        connection_.Query("SELECT " + ChangedNameSql(names), stop));
  if (changed.rows() == 1 && changed.IsNull(0, 0)) return arrow::Status::OK();
  return SnapshotLost(TransientError(std::string(changed.Text(0, 0)) +
                                     " became another relation while it was taken"));
}

arrow::Status PgLeader::LockOne(const SnapshotTable& wanted, const std::stop_token& stop) {
  if (!LockError(wanted.table).ok()) return arrow::Status::OK();
  const LockTarget own = TargetOf(wanted);
  const ReadBehind& behind = held_.behind[wanted.table.directory()];
  held_.unlocked.insert(behind.unlockable.begin(), behind.unlockable.end());
  std::vector<LockTarget> targets = behind.relations;
  if (!own.relation.empty()) targets.insert(targets.begin(), own);
  bool touch = own.reads_others;
  for (const LockTarget& target : targets) {
    const auto locked = LockIfPossible(target, stop);
    if (!locked.ok()) return Note(wanted.table, locked.status());
    touch = touch || !*locked;
    if (*locked && target.relation == own.relation) held_.locked.push_back(own.relation);
  }
  if (touch) held_.untouched.push_back({wanted, own});
  return arrow::Status::OK();
}

/// False: it is not to be had by LOCK TABLE.
arrow::Result<bool> PgLeader::LockIfPossible(const LockTarget& target,
                                             const std::stop_token& stop) {
  const arrow::Status status = LockWaiting(connection_, target, stop);
  if (!CannotBeLocked(status)) {
    ARROW_RETURN_NOT_OK(status);
    return true;
  }
  held_.unlocked.insert(target.relation);
  return false;
}

/// A condition that is wrong is told where the table is tried (TryReading), in its own words.
arrow::Status PgLeader::NoteOfRead(const SnapshotTable& wanted, const arrow::Status& status) {
  const bool can_be_the_condition =
      !wanted.where.empty() && ClassOf(status) == ErrorClass::kUser && !connection_.broken();
  return can_be_the_condition ? arrow::Status::OK() : Note(wanted.table, status);
}

/// Keeps the error of one table for Describe. Returns those that end everything.
arrow::Status PgLeader::Note(const TableRef& table, const arrow::Status& status) {
  if (status.ok()) return status;
  if (connection_.broken() || CodeOf(status) == kInterruptedCode) return status;
  held_.errors.try_emplace(table.directory(), NameTimeout(status, settings_));
  return arrow::Status::OK();
}

/// Sessions ask for the lock in its shared form: whether that is allowed, by the same role, shows
/// here, where the job may still go on without a snapshot.
arrow::Status PgLeader::Export(const std::stop_token& stop) {
  ExportedSnapshot snapshot{.life_lock = NewLifeLock()};
  ARROW_ASSIGN_OR_RAISE(snapshot.id, ExportSnapshot(connection_, stop));
  ARROW_RETURN_NOT_OK(connection_.Execute(
      "SELECT " + TakeLifeLockSql(snapshot.life_lock) + ", " + IsAliveSql(snapshot.life_lock),
      stop));
  has_snapshot_ = true;
  session_connect_ = connection_.ToSameAddress(settings_.connect);
  const std::scoped_lock lock(mutex_);
  snapshot_ = std::move(snapshot);
  return arrow::Status::OK();
}

arrow::Status PgLeader::GoOnWithout(const arrow::Status& reason, const std::stop_token& stop) {
  warnings_.push_back("no snapshot: " + reason.message() +
                      "; each unit sees what is there when it is read");
  return connection_.ExecuteToEnd("ROLLBACK", stop);
}

StatementScope PgLeader::scope() const {
  return has_snapshot() ? SavepointScope()
                        : TransactionScope(BeginStatements(settings_, server_version_));
}

StatementScope PgLeader::planning_scope() const {
  return has_snapshot() ? scope()
                        : BoundedTransactionScope(BeginStatements(settings_, server_version_));
}

/// Who comes later is told the same: only the first one saw the reason.
arrow::Status PgLeader::Lost(const arrow::Status& cause) {
  if (!loss_.ok()) return loss_;
  const arrow::Status explained = Explain(cause);
  loss_words_ = cause.message();
  loss_ =
      has_snapshot()
          ? SnapshotLost(explained)
          : TransientError("the connection that plans the tables is lost: " + explained.message(),
                           std::string(kSnapshotLostCode));
  asks_for_heir_ = CanBeHandedOn();
  return loss_;
}

/// Elsewhere the code of a conflict is that of something else, as of the server of a foreign table.
arrow::Status PgLeader::Explain(const arrow::Status& status) const {
  return on_standby_ ? ExplainRecoveryConflict(status) : status;
}

arrow::Status PgLeader::CheckLives(const arrow::Status& cause, const std::stop_token& stop) {
  const auto lease = Take(stop);
  ARROW_RETURN_NOT_OK(lease.status());
  return AskWhetherItLives(cause, stop);
}

arrow::Status PgLeader::AskWhetherItLives(const arrow::Status& cause, const std::stop_token& stop) {
  if (connection_.broken()) return Lost(cause);
  // One that gives no answer in the time of a connection is lost, whatever TCP still hopes for.
  arrow::Status lives = connection_.ExecuteFirst("SELECT 1", stop);
  if (lives.ok() || CodeOf(lives) == kInterruptedCode) return lives;
  return Lost(CodeOf(lives) == kPgSerializationFailure ? lives : cause);
}

/// Its locks last as long as its transaction. If that lives now, it lived when the session looked.
arrow::Status PgLeader::NameAbsence(const ExportedSnapshot& sought, const arrow::Status& cause,
                                    const std::stop_token& stop) {
  ARROW_RETURN_NOT_OK(NameLossToNewcomer(CheckLives(cause, stop)));
  if (snapshot().life_lock == sought.life_lock) return OnAnotherServer(cause);
  return TransientError("the snapshot of the run was handed on meanwhile",
                        std::string(kSnapshotWaitsCode));
}

arrow::Status PgLeader::NameLossToNewcomer(const arrow::Status& status) const {
  if (CodeOf(status) != kSnapshotLostCode || !CanBeHandedOn()) return status;
  return TransientError(status.message() + "; a session that reads can hand it on",
                        std::string(kSnapshotWaitsCode));
}

bool PgLeader::CanBeHandedOn() const {
  return has_snapshot() && !on_standby_ && !released_ && !has_no_heir_ && holders_.any();
}

arrow::Status PgLeader::OnAnotherServer(const arrow::Status& cause) const {
  return UserError("the run's snapshot is on one server, and a further connection to " +
                   PgEndpoint(settings_.connect) + " came to another one (" + cause.message() +
                   "): name a host behind which there is one server only, or read without a "
                   "snapshot (snapshot: off)");
}

arrow::Status PgLeader::NameLoss(const arrow::Status& status) {
  const bool said = status.ok() || CodeOf(status) == kInterruptedCode;
  return said || !connection_.broken() ? status : Lost(status);
}

arrow::Status PgLeader::NarrowLoss(const arrow::Status& loss, std::string_view table) const {
  return CodeOf(loss) == kSnapshotLostCode && CanBeHandedOn() ? TableLost(table, loss) : loss;
}

arrow::Status PgLeader::HandOn(const PgHeir& heir, const ExportedSnapshot& sought,
                               const arrow::Status& cause, const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const Lease lease, TakeInAnyState(stop));
  if (snapshot().life_lock != sought.life_lock) return arrow::Status::OK();
  arrow::Status loss = AskWhetherItLives(cause, stop);
  if (loss.ok()) return OnAnotherServer(cause);
  if (CodeOf(loss) != kSnapshotLostCode || !CanBeHandedOn()) return loss;
  if (std::chrono::steady_clock::now() < next_hand_on_) return HandOnLater(loss);
  connection_.Close();  // Its place is needed.
  auto next = TakeSnapshotOver(heir, holders_, settings_, session_connect_, stop);
  if (!next.ok()) return CannotHandOn(heir, loss, next.status());
  Become(*std::move(next));
  return arrow::Status::OK();
}

/// On a lease.
arrow::Status PgLeader::CannotHandOn(const PgHeir& heir, const arrow::Status& loss,
                                     const arrow::Status& why) {
  if (CodeOf(why) == kInterruptedCode) return why;
  if (heir.connection.broken()) {
    asks_for_heir_ = true;
    return TransientError("the session could not hand the snapshot of the run on: " +
                          why.message());
  }
  const arrow::Status told = loss.WithMessage(
      loss.message() + "; no other connection could take it over: " + why.message());
  if (ClassOf(why) == ErrorClass::kTransient) {
    const auto pause = kFirstPause * (1 << std::min(failed_hand_ons_++, 10));
    next_hand_on_ = std::chrono::steady_clock::now() +
                    std::min<std::chrono::milliseconds>(pause, kLongestPause);
    return HandOnLater(told);
  }
  has_no_heir_ = true;
  loss_ = told;
  return loss_;
}

/// On a lease.
arrow::Status PgLeader::HandOnLater(const arrow::Status& loss) {
  asks_for_heir_ = true;
  return TransientError(loss.message(), std::string(kSnapshotWaitsCode));
}

/// On a lease.
void PgLeader::Become(SnapshotOwner next) {
  const std::scoped_lock lock(mutex_);
  news_.push_back("the connection that held the snapshot was lost (" + loss_words_ +
                  "): a worker has handed the snapshot on to another one; locks are held on " +
                  HumanNumberOf(static_cast<int64_t>(next.snapshot.held->size()), "relation") +
                  ", and any other table starts a new epoch");
  connection_ = std::move(next.connection);
  snapshot_ = std::move(next.snapshot);
  snapshot_.predecessors_end = loss_;
  loss_ = arrow::Status::OK();
  asks_for_heir_ = false;
  failed_hand_ons_ = 0;
  next_hand_on_ = {};
}

ExportedSnapshot PgLeader::snapshot() const {
  const std::scoped_lock lock(mutex_);
  return snapshot_;
}

std::vector<std::string> PgLeader::TakeNews() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(news_, {});
}

std::span<const KnownName> PgLeader::NamesOf(const TableRef& table) const {
  const auto found = held_.behind.find(table.directory());
  if (!has_snapshot() || found == held_.behind.end()) return {};
  return found->second.names;
}

arrow::Status PgLeader::CheckLocked(const TableRef& table, uint64_t oid) const {
  const auto known = std::ranges::find(held_.names, QualifiedName(table), &KnownName::name);
  if (!has_snapshot() || known == held_.names.end() || known->oid == oid) {
    return arrow::Status::OK();
  }
  return SnapshotLost(TransientError("table " + table.label() +
                                     " is another relation now than the one that was locked"));
}

std::string PgLeader::ConditionOn(const TableRef& table) const {
  const auto found = conditions_.find(table.directory());
  return found == conditions_.end() ? std::string() : found->second;
}

arrow::Status PgLeader::LockError(const TableRef& table) const {
  const auto found = held_.errors.find(table.directory());
  return found == held_.errors.end() ? arrow::Status::OK() : found->second;
}

arrow::Result<CursorBound> PgLeader::FindCursorBound(const SnapshotTable& table,
                                                     const Description& description) const {
  const auto found = cursor_bounds_.find(table.table.directory());
  if (found == cursor_bounds_.end()) return BugError("no bound was asked for");
  const PgCursorBound& known = found->second;
  ARROW_RETURN_NOT_OK(known.bound.status());
  const Column* column = description.FindColumn(known.column);
  const bool is_same = column != nullptr && column->type->Equals(*known.type);
  if (is_same && description.oid == known.oid) return known.bound;
  return SnapshotLost(TransientError("\"" + known.column + "\" of " + table.table.label() +
                                     " is another column now than when the run began"));
}

arrow::Result<PgLeader::Lease> PgLeader::Take(const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(Lease lease, TakeInAnyState(stop));
  if (connection_.broken()) return Lost(TransientError("its connection broke before"));
  return lease;
}

/// Also where the connection is broken.
arrow::Result<PgLeader::Lease> PgLeader::TakeInAnyState(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (!returned_.wait(lock, stop, [this] { return !taken_; })) return InterruptedError();
  if (released_) return SnapshotReleased();
  taken_ = true;
  return Lease(shared_from_this());
}

std::optional<PgLeader::Lease> PgLeader::TryTake() {
  const std::scoped_lock lock(mutex_);
  if (taken_ || released_ || connection_.broken()) return std::nullopt;
  taken_ = true;
  return Lease(shared_from_this());
}

/// After ROLLBACK the server has let go; closing alone would leave that to the moment when it
/// notices, and a pooler would give the session up. The wait is bounded, so that it is no less for
/// a run that is stopped.
void PgLeader::Release(const std::stop_token& stop) {
  const auto lease = Take(stop);
  if (!lease.ok()) return;
  connection_.RollBackAndClose();
  released_ = true;
}

PgLeader::Lease::~Lease() {
  if (leader_ == nullptr) return;
  {
    const std::scoped_lock lock(leader_->mutex_);
    leader_->taken_ = false;
  }
  leader_->returned_.notify_one();
}

}  // namespace headrace
