#include "headrace/source/postgres/leader.h"

#include <utility>

#include "headrace/client/postgres/error.h"
#include "headrace/source/postgres/table_lock.h"

namespace headrace {
namespace {

/// The oldest version that is tested; before it, settings and catalogues differ.
constexpr int kOldestServer = 120000;

constexpr std::string_view kVirtualTransactionQuery =
    "SELECT virtualtransaction FROM pg_catalog.pg_locks"
    " WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'virtualxid'";

}  // namespace

arrow::Status SnapshotLost(const arrow::Status& cause) {
  return TransientError("the snapshot of the run is lost: " + cause.message(),
                        std::string(kSnapshotLostCode));
}

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
    warnings_.push_back(
        "snapshot: off: each unit sees what is there when it is read; rows that change during the run "
        "can be missed or doubled, and a TRUNCATE can empty a table half-way");
    return arrow::Status::OK();
  }
  ARROW_RETURN_NOT_OK(connection_.Execute(BeginStatements(settings_, server_version_), stop));
  ARROW_RETURN_NOT_OK(LockAll(tables, stop));
  const arrow::Status exported = ExportSnapshot();
  if (exported.ok()) return exported;
  if (ClassOf(exported) == ErrorClass::kTransient) return exported;
  if (settings_.snapshot == SnapshotMode::kPrefer) return GoOnWithout(exported);
  return UserError("the server cannot export a snapshot (" + exported.message() +
                   "); snapshot: prefer or off reads without one");
}

/// LOCK TABLE first for all: a read of no rows takes the snapshot, and locks after it come too late.
arrow::Status PgLeader::LockAll(std::span<const TableRef> tables, const std::stop_token& stop) {
  for (const TableRef& table : tables) {
    auto outcome = LockWaiting(connection_, LockTargetOf(table), stop);
    if (connection_.broken()) return outcome.status();
    if (!outcome.ok() && CodeOf(outcome.status()) == kInterruptedCode) return outcome.status();
    if (!outcome.ok()) lock_errors_[table.label()] = outcome.status();
  }
  return arrow::Status::OK();
}

arrow::Status PgLeader::ExportSnapshot() {
  ARROW_ASSIGN_OR_RAISE(const PgResult lock,
                        connection_.Query(std::string(kVirtualTransactionQuery)));
  ARROW_ASSIGN_OR_RAISE(const PgResult result,
                        connection_.Query("SELECT pg_catalog.pg_export_snapshot()"));
  if (lock.rows() != 1 || result.rows() != 1) return PermanentError("no snapshot was exported");
  virtual_transaction_ = lock.Text(0, 0);
  snapshot_id_ = result.Text(0, 0);
  return arrow::Status::OK();
}

arrow::Status PgLeader::GoOnWithout(const arrow::Status& reason) {
  warnings_.push_back("no snapshot: " + reason.message() +
                      "; each unit sees what is there when it is read");
  return connection_.Execute("ROLLBACK");
}

StatementScope PgLeader::scope() const {
  return has_snapshot() ? SavepointScope()
                        : TransactionScope(BeginStatements(settings_, server_version_));
}

arrow::Status PgLeader::LockError(const TableRef& table) const {
  const auto found = lock_errors_.find(table.label());
  return found == lock_errors_.end() ? arrow::Status::OK() : found->second;
}

arrow::Result<PgLeader::Lease> PgLeader::Take(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (!released_.wait(lock, stop, [this] { return !taken_; })) return PgInterrupted();
  if (connection_.broken()) {
    const arrow::Status cause = TransientError("the connection that holds it was lost");
    return has_snapshot() ? SnapshotLost(cause) : cause;
  }
  taken_ = true;
  return Lease(shared_from_this());
}

PgLeader::Lease::~Lease() {
  if (leader_ == nullptr) return;
  {
    const std::scoped_lock lock(leader_->mutex_);
    leader_->taken_ = false;
  }
  leader_->released_.notify_one();
}

}  // namespace headrace
