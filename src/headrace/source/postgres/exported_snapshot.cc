#include "headrace/source/postgres/exported_snapshot.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "headrace/client/postgres/error.h"
#include "headrace/source/postgres/life_lock.h"

namespace headrace {
namespace {

/// What SET TRANSACTION SNAPSHOT says when the exporting transaction has ended, or never was on
/// this server: invalid_parameter_value (up to 15), undefined_object (16 and later),
/// object_not_in_prerequisite_state; feature_not_supported where another database has one of that
/// name.
constexpr std::array<std::string_view, 4> kSnapshotGone = {"22023", "42704", "55000", "0A000"};

bool IsSnapshotGone(const arrow::Status& status) {
  return std::ranges::find(kSnapshotGone, CodeOf(status)) != kSnapshotGone.end();
}

/// Of `holdings`, those that `connection` can lock at once.
arrow::Result<std::vector<PgHolders::Holding>> LockAtOnce(PgConnection& connection,
                                                          std::vector<PgHolders::Holding> holdings,
                                                          const PgSourceSettings& settings,
                                                          const std::stop_token& stop) {
  std::vector<PgHolders::Holding> locked;
  for (PgHolders::Holding& holding : holdings) {
    const auto held = LockNowait(connection, holding.target, settings.lock_timeout.count(), stop);
    // What has another name by now, or needs a right that was taken away, is not held; that is all.
    if (!held.ok() && (connection.broken() || CodeOf(held.status()) == kInterruptedCode)) {
      return held.status();
    }
    if (held.ok() && *held) locked.push_back(std::move(holding));
  }
  return locked;
}

/// The keys of what is locked on `connection` from now on, and was by a session until now.
arrow::Result<std::set<std::string>> HoldOn(PgConnection& connection, const PgHolders& holders,
                                            const PgSourceSettings& settings,
                                            const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const auto locked,
                        LockAtOnce(connection, holders.holdings(), settings, stop));
  // Asked behind the locks: who lives by now had let nothing go before.
  ARROW_ASSIGN_OR_RAISE(const auto living, Living(connection, holders.sessions(), stop));
  std::set<std::string> held;
  for (const PgHolders::Holding& holding : locked) {
    const auto lives = [&](int64_t holder) { return living.contains(holder); };
    if (std::ranges::any_of(holding.holders, lives)) held.insert(holding.key);
  }
  return held;
}

}  // namespace

arrow::Result<std::string> ExportSnapshot(PgConnection& connection, const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const PgResult result,
                        connection.Query("SELECT pg_catalog.pg_export_snapshot()", stop));
  if (result.rows() != 1) return PermanentError("no snapshot was exported");
  return std::string(result.Text(0, 0));
}

arrow::Status ImportSnapshot(PgConnection& connection, const PgSourceSettings& settings,
                             const ExportedSnapshot& snapshot, int64_t own,
                             const std::stop_token& stop) {
  const arrow::Status imported = connection.ExecuteFirst(
      std::string(kBeginReadOnly) + "SET TRANSACTION SNAPSHOT " + PgQuoteLiteral(snapshot.id),
      stop);
  if (IsSnapshotGone(imported)) {
    return TransientError(imported.message(), std::string(kSnapshotLostCode));
  }
  ARROW_RETURN_NOT_OK(imported);
  ARROW_RETURN_NOT_OK(
      connection.Execute(SessionSettings(settings, connection.server_version()), stop));
  ARROW_ASSIGN_OR_RAISE(
      const PgResult alive,
      connection.Query("SELECT " + IsAliveSql(snapshot.life_lock) + ", " + TakeLifeLockSql(own),
                       stop));
  if (alive.rows() == 1 && alive.Boolean(0, 0)) return arrow::Status::OK();
  return OwnerIsNotThere();
}

arrow::Status SnapshotLost(const arrow::Status& cause) {
  return TransientError("the snapshot of the run is lost: " + cause.message(),
                        std::string(kSnapshotLostCode));
}

arrow::Status SnapshotReleased() { return SnapshotLost(TransientError("it was released")); }

arrow::Status TableLost(std::string_view table, const arrow::Status& cause) {
  return TransientError("no session held table " + std::string(table) + ": " + cause.message(),
                        std::string(kTableLostCode));
}

arrow::Status OwnerIsNotThere() {
  return TransientError("the transaction that owns it is not there",
                        std::string(kSnapshotLostCode));
}

arrow::Result<SnapshotOwner> TakeSnapshotOver(const PgHeir& heir, const PgHolders& holders,
                                              const PgSourceSettings& settings,
                                              const PgConnectSettings& where,
                                              const std::stop_token& stop) {
  ExportedSnapshot inherited{.life_lock = heir.life_lock};
  auto id = ExportSnapshot(heir.connection, stop);
  if (!id.ok()) {
    heir.connection.MarkBroken();  // Its transaction is aborted, at least.
    return id.status();
  }
  inherited.id = *std::move(id);
  ARROW_ASSIGN_OR_RAISE(PgConnection connection, PgConnection::Connect(where, stop));
  ExportedSnapshot own{.life_lock = NewLifeLock()};
  const arrow::Status imported =
      ImportSnapshot(connection, settings, inherited, own.life_lock, stop);
  // Or the other connection has come to another server.
  const bool is_absent = CodeOf(imported) == kSnapshotLostCode;
  if (is_absent && !heir.connection.Execute("SELECT 1", stop).ok()) heir.connection.MarkBroken();
  ARROW_RETURN_NOT_OK(imported);
  ARROW_ASSIGN_OR_RAISE(auto held, HoldOn(connection, holders, settings, stop));
  own.held = std::make_shared<const std::set<std::string>>(std::move(held));
  ARROW_ASSIGN_OR_RAISE(own.id, ExportSnapshot(connection, stop));
  return SnapshotOwner{.connection = std::move(connection), .snapshot = std::move(own)};
}

}  // namespace headrace
