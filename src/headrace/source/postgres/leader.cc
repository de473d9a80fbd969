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

}  // namespace

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
  ARROW_ASSIGN_OR_RAISE(held_, HeldTables::Hold(connection_, settings_, tables, stop));
  warnings_.insert(warnings_.end(), held_.warnings().begin(), held_.warnings().end());
  arrow::Status exported = Export(stop);
  if (exported.ok()) return exported;
  if (ClassOf(exported) == ErrorClass::kTransient) return exported;
  if (settings_.snapshot == SnapshotMode::kPrefer) return GoOnWithout(exported, stop);
  return UserError("the server cannot export a snapshot (" + exported.message() +
                   "); snapshot: prefer or off reads without one");
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
  held_.LetGo();
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

std::string PgLeader::ConditionOn(const TableRef& table) const {
  const auto found = conditions_.find(table.directory());
  return found == conditions_.end() ? std::string() : found->second;
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
