#include "headrace/source/postgres/leader.h"

#include <functional>
#include <utility>

#include "headrace/client/postgres/error.h"

namespace headrace {
namespace {

/// The oldest version that is tested; before it, settings and catalogues differ.
constexpr int kOldestServer = 120000;

/// Partitions come a few a day, not one in each of these moments.
constexpr int kLockAttempts = 5;

/// A number of its own for each snapshot that lives.
int64_t LifeLockOf(const std::string& snapshot_id) {
  return static_cast<int64_t>(std::hash<std::string>{}(snapshot_id));
}

}  // namespace

arrow::Status SnapshotLost(const arrow::Status& cause) {
  return TransientError("the snapshot of the run is lost: " + cause.message(),
                        std::string(kSnapshotLostCode));
}

arrow::Status SnapshotReleased() { return SnapshotLost(TransientError("it was released")); }

PgLeader::PgLeader(PgSourceSettings settings, PgConnection connection)
    : settings_(std::move(settings)), connection_(std::move(connection)) {}

arrow::Result<std::shared_ptr<PgLeader>> PgLeader::Open(const PgSourceSettings& settings,
                                                        std::span<const TableRef> tables,
                                                        std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(PgConnection connection, PgConnection::Connect(settings.connect, stop));
  std::shared_ptr<PgLeader> leader(new PgLeader(settings, std::move(connection)));
  ARROW_RETURN_NOT_OK(leader->Begin(tables, stop));
  return leader;
}

arrow::Status PgLeader::Begin(std::span<const TableRef> tables, const std::stop_token& stop) {
  server_version_ = connection_.server_version();
  version_text_ = connection_.ParameterStatus("server_version");
  if (server_version_ < kOldestServer) {
    return UserError("the server is PostgreSQL " + version_text_ + "; 12 is the oldest that works");
  }
  if (settings_.snapshot == SnapshotMode::kOff) {
    warnings_.emplace_back(
        "snapshot: off: each unit sees what is there when it is read; rows that change during the "
        "run "
        "can be missed or doubled, and a TRUNCATE can empty a table half-way");
    return arrow::Status::OK();
  }
  ARROW_RETURN_NOT_OK(BeginBehindLocks(tables, stop));
  arrow::Status exported = ExportSnapshot(stop);
  if (exported.ok()) return exported;
  if (ClassOf(exported) == ErrorClass::kTransient) return exported;
  if (settings_.snapshot == SnapshotMode::kPrefer) return GoOnWithout(exported, stop);
  return UserError("the server cannot export a snapshot (" + exported.message() +
                   "); snapshot: prefer or off reads without one");
}

/// What the queries of the job read is found out in a transaction before, so that it can be locked
/// before the snapshot.
arrow::Status PgLeader::FindRelationsOfQueries(std::span<const TableRef> tables,
                                               const std::stop_token& stop) {
  const StatementScope scope = BoundedTransactionScope(BeginStatements(settings_, server_version_));
  for (const TableRef& table : tables) {
    if (!table.is_query()) continue;
    auto relations = InScope(
        connection_, scope, [&] { return RelationsBehind(connection_, LockTargetOf(table), stop); },
        stop);
    ARROW_RETURN_NOT_OK(Note(table, relations.status()));
    if (relations.ok()) held_.of_queries[table.label()] = *std::move(relations);
  }
  return arrow::Status::OK();
}

/// LOCK TABLE for all of them first: a read, even of no rows, takes the snapshot, and a lock behind
/// it comes too late. A partition that is attached between a table's lock and the snapshot is in
/// the snapshot without a lock: then all begins again.
arrow::Status PgLeader::BeginBehindLocks(std::span<const TableRef> tables,
                                         const std::stop_token& stop) {
  for (int attempt = 1;; ++attempt) {
    held_ = {};
    ARROW_RETURN_NOT_OK(FindRelationsOfQueries(tables, stop));
    ARROW_RETURN_NOT_OK(
        connection_.ExecuteFirst(BeginStatements(settings_, server_version_), stop));
    for (const TableRef& table : tables) ARROW_RETURN_NOT_OK(LockOne(table, stop));
    if (held_.locked.empty()) break;
    ARROW_ASSIGN_OR_RAISE(const auto unlocked, UnlockedBelow(connection_, held_.locked, stop));
    if (unlocked.empty()) break;
    if (attempt == kLockAttempts) {
      held_.warnings.push_back(unlocked.front().relation +
                               " was attached while the snapshot was taken; a TRUNCATE of it in "
                               "that moment would not be noticed");
      break;
    }
    ARROW_RETURN_NOT_OK(connection_.Execute("ROLLBACK", stop));
  }
  return TouchRest(stop);
}

/// What LOCK TABLE could not take.
arrow::Status PgLeader::TouchRest(const std::stop_token& stop) {
  warnings_.insert(warnings_.end(), held_.warnings.begin(), held_.warnings.end());
  for (const TableRef& table : held_.untouched) {
    ARROW_RETURN_NOT_OK(Note(table, Touch(connection_, LockTargetOf(table), stop)));
  }
  return arrow::Status::OK();
}

arrow::Status PgLeader::LockOne(const TableRef& table, const std::stop_token& stop) {
  if (!LockError(table).ok()) return arrow::Status::OK();
  std::vector<LockTarget> targets = {LockTargetOf(table)};
  if (table.is_query()) targets = held_.of_queries[table.label()];
  bool locked = !table.is_query();
  for (const LockTarget& target : targets) {
    const arrow::Status status = LockWaiting(connection_, target, stop);
    if (status.ok()) continue;
    if (!CannotBeLocked(status)) return Note(table, status);
    locked = false;
    held_.warnings.push_back(target.relation + " cannot be locked before the snapshot is taken (" +
                             status.message() +
                             "); a TRUNCATE or REFRESH in that moment would not be noticed");
  }
  if (locked) {
    held_.locked.push_back(targets.front().relation);
  } else {
    held_.untouched.push_back(table);
  }
  return arrow::Status::OK();
}

/// Keeps the error of one table for Describe. Returns those that end everything.
arrow::Status PgLeader::Note(const TableRef& table, const arrow::Status& status) {
  if (status.ok()) return status;
  if (connection_.broken() || CodeOf(status) == kInterruptedCode) return status;
  held_.errors.try_emplace(table.label(), NameLockTimeout(status, settings_));
  return arrow::Status::OK();
}

arrow::Status PgLeader::ExportSnapshot(const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const PgResult result,
                        connection_.Query("SELECT pg_catalog.pg_export_snapshot()", stop));
  if (result.rows() != 1) return PermanentError("no snapshot was exported");
  snapshot_id_ = result.Text(0, 0);
  life_lock_ = LifeLockOf(snapshot_id_);
  return connection_.Execute(
      "SELECT pg_catalog.pg_advisory_xact_lock(" + PgQuoteLiteral(std::to_string(life_lock_)) + ")",
      stop);
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

arrow::Status PgLeader::Lost(const arrow::Status& cause) const {
  if (has_snapshot()) return SnapshotLost(cause);
  return TransientError("the connection that plans the tables is lost: " + cause.message(),
                        std::string(kSnapshotLostCode));
}

arrow::Status PgLeader::NameLoss(const arrow::Status& status) const {
  const bool said = status.ok() || CodeOf(status) == kInterruptedCode;
  return said || !connection_.broken() ? status : Lost(status);
}

arrow::Status PgLeader::LockError(const TableRef& table) const {
  const auto found = held_.errors.find(table.label());
  return found == held_.errors.end() ? arrow::Status::OK() : found->second;
}

arrow::Result<PgLeader::Lease> PgLeader::Take(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (!returned_.wait(lock, stop, [this] { return !taken_; })) return InterruptedError();
  if (released_) return SnapshotReleased();
  if (connection_.broken()) return Lost(TransientError("its connection broke before"));
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
