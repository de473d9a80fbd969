#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/client/postgres/connection.h"
#include "headrace/model/error.h"
#include "headrace/model/table_ref.h"
#include "headrace/source/postgres/cursor_bound.h"
#include "headrace/source/postgres/exported_snapshot.h"
#include "headrace/source/postgres/held_tables.h"
#include "headrace/source/postgres/holders.h"
#include "headrace/source/postgres/settings.h"
#include "headrace/source/postgres/transaction.h"

namespace headrace {

/// The connection that owns the snapshot of a run:
///
///   bounds of cursors ─► locks of all tables, then the snapshot (HeldTables) ─► pg_export_snapshot
///
/// All is kept until the leader is released or destroyed. It survives errors (savepoints), and
/// reads units for sessions that cannot get a lock of their own. Where its connection is lost and a
/// session lives, another connection takes its place, with the same snapshot and with what sessions
/// have locked (HandOn). Thread-safe: whoever wants the connection takes a lease.
class PgLeader : public std::enable_shared_from_this<PgLeader> {
 public:
  /// Connects, locks `tables` and what is read with them, and takes the snapshot that the settings
  /// ask for. A table that cannot be locked fails in LockError only.
  static arrow::Result<std::shared_ptr<PgLeader>> Open(const PgSourceSettings& settings,
                                                       std::span<const SnapshotTable> tables,
                                                       std::stop_token stop);

  PgLeader(const PgLeader&) = delete;
  PgLeader& operator=(const PgLeader&) = delete;
  ~PgLeader() { connection_.RollBackAndClose(); }

  /// Exclusive use of the connection. Must not outlive the leader's last owner; holds one itself.
  class Lease {
   public:
    explicit Lease(std::shared_ptr<PgLeader> leader) : leader_(std::move(leader)) {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) noexcept = default;
    ~Lease();
    PgConnection& connection() const { return leader_->connection_; }
    PgLeader& leader() const { return *leader_; }

   private:
    std::shared_ptr<PgLeader> leader_;
  };

  /// Waits for the connection. Errors: kSnapshotLostCode where it is broken or released,
  /// kInterruptedCode.
  arrow::Result<Lease> Take(const std::stop_token& stop);

  /// The same, but nothing where somebody else has it: whoever reads through it may ask this too.
  std::optional<Lease> TryTake();

  /// Ends the transaction, its locks and the connection; Take fails from then on. Waits for a lease
  /// that is out. May be called again.
  void Release(const std::stop_token& stop);
  bool released() const { return released_; }

  /// As who owns it now gives it to sessions.
  ExportedSnapshot snapshot() const;
  /// What they hold.
  PgHolders& holders() { return holders_; }
  /// The transaction has ended, and whoever asks this is to hand its snapshot on: the next to ask
  /// is told otherwise.
  bool AsksForHeir() { return asks_for_heir_.exchange(false); }
  /// Snapshot::TakeNews.
  std::vector<std::string> TakeNews();

  /// Constant after Open.
  bool has_snapshot() const { return has_snapshot_; }
  /// How sessions connect: to where the leader did, as a snapshot is one server's.
  const PgConnectSettings& session_connect() const { return session_connect_; }
  int server_version() const { return server_version_; }
  const std::string& version_text() const { return version_text_; }
  const std::vector<std::string>& warnings() const { return warnings_; }
  /// Whether the server was a standby when the run began: only there a statement may be in the way
  /// of a replay.
  bool on_standby() const { return on_standby_; }
  const PgSourceSettings& settings() const { return settings_; }
  /// Of the tables that it was opened with; nothing where there is no snapshot.
  const HeldTables& held() const { return held_; }

  /// How a statement on the leader's connection is kept from ending its transaction; without a
  /// snapshot, a transaction of its own.
  StatementScope scope() const;

  /// The same for what the leader does for the plan: without a snapshot each of its transactions
  /// may have to wait for a server of a pooler, for connect_timeout at most. A session's may wait
  /// longer, while others of the run read.
  StatementScope planning_scope() const;

  /// Class transient, kSnapshotLostCode, with the words of `cause`, where the leader's transaction
  /// has ended. Asks the leader, and waits for it.
  arrow::Status CheckLives(const arrow::Status& cause, const std::stop_token& stop);

  /// The error of a session that is to be, and does not find the transaction that owns `sought`
  /// on the server that it has come to, or its snapshot; `cause` says what it saw. Where the
  /// transaction has ended, that of NameLossToNewcomer; class user where it lives, so that it is on
  /// another server. Asks the leader, and waits for it.
  arrow::Status NameAbsence(const ExportedSnapshot& sought, const arrow::Status& cause,
                            const std::stop_token& stop);

  /// For a session that is to be, and would have no snapshot: kSnapshotWaitsCode where there are
  /// sessions, which can hand it on; otherwise `status`.
  arrow::Status NameLossToNewcomer(const arrow::Status& status) const;

  /// What a session does that does not find the transaction that owns `sought` any more, as `cause`
  /// says: has another connection take its place. OK where that is done, or somebody has done it
  /// before. Errors: as CheckLives, where nobody can; kSnapshotWaitsCode where it failed and may be
  /// tried again; class user where the transaction lives, so that it is on another server; where
  /// `heir`'s connection is broken, its own. Not on a standby: the server lets the replay go on
  /// once those have ended that had the snapshot when it came to a conflict, and what is left of
  /// that snapshot by then is anybody's guess.
  arrow::Status HandOn(const PgHeir& heir, const ExportedSnapshot& sought,
                       const arrow::Status& cause, const std::stop_token& stop);

  /// The error of work on a lease that is still out: kSnapshotLostCode where the connection broke
  /// on the way, without a snapshot as well, because another leader can then plan the tables anew.
  arrow::Status NameLoss(const arrow::Status& status);

  /// The error of a unit of `table` that had to be read through the leader: where `loss` is that of
  /// the snapshot, and sessions can hand that on without the lock on this table, kTableLostCode.
  arrow::Status NarrowLoss(const arrow::Status& loss, std::string_view table) const;

  /// Snapshot::FindCursorBound.
  arrow::Result<CursorBound> FindCursorBound(const SnapshotTable& table,
                                             const Description& description) const;

  /// The job's condition on `table`, one of those that the leader was opened with; empty: none.
  std::string ConditionOn(const TableRef& table) const;

 private:
  PgLeader(PgSourceSettings settings, PgConnection connection);
  arrow::Status Begin(std::span<const SnapshotTable> tables, const std::stop_token& stop);
  arrow::Status Export(const std::stop_token& stop);
  arrow::Status GoOnWithout(const arrow::Status& reason, const std::stop_token& stop);
  arrow::Status Lost(const arrow::Status& cause);
  arrow::Status AskWhetherItLives(const arrow::Status& cause, const std::stop_token& stop);
  arrow::Status OnAnotherServer(const arrow::Status& cause) const;
  arrow::Result<Lease> TakeInAnyState(const std::stop_token& stop);
  bool CanBeHandedOn() const;
  arrow::Status CannotHandOn(const PgHeir& heir, const arrow::Status& loss,
                             const arrow::Status& why);
  arrow::Status HandOnLater(const arrow::Status& loss);
  void Become(SnapshotOwner next);
  arrow::Status Explain(const arrow::Status& status) const;

  const PgSourceSettings settings_;
  PgConnection connection_;  ///< Guarded by taken_.
  arrow::Status loss_;       ///< Why the transaction has ended. Guarded by taken_, as the next.
  std::string loss_words_;   ///< The same as the server said it.
  bool has_snapshot_ = false;
  PgConnectSettings session_connect_;
  int server_version_ = 0;
  bool on_standby_ = false;
  std::string version_text_;
  std::vector<std::string> warnings_;
  std::map<std::string, std::string> conditions_;  ///< By label of the table.
  HeldTables held_;
  PgCursorBounds cursor_bounds_;
  PgHolders holders_;
  std::atomic<bool> asks_for_heir_ = false;
  int failed_hand_ons_ = 0;  ///< One after another. Guarded by taken_, as the next.
  std::chrono::steady_clock::time_point next_hand_on_;
  std::atomic<bool> has_no_heir_ = false;  ///< Nobody can hand it on, whenever it is tried.

  mutable std::mutex mutex_;
  std::condition_variable_any returned_;
  bool taken_ = false;             ///< Guarded by mutex_, as the next two.
  ExportedSnapshot snapshot_;      ///< Empty where there is none.
  std::vector<std::string> news_;  ///< Not taken yet.
  std::atomic<bool> released_ = false;
};

}  // namespace headrace
