#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>

#include "headrace/client/postgres/connection.h"
#include "headrace/model/error.h"
#include "headrace/source/postgres/holders.h"
#include "headrace/source/postgres/settings.h"

namespace headrace {

/// A snapshot as the transaction that owns it gives it to others.
struct ExportedSnapshot {
  std::string id;         ///< For SET TRANSACTION SNAPSHOT; empty: there is none.
  int64_t life_lock = 0;  ///< Of the transaction. No two have the same.
  /// What the transaction holds, by key (PgHolders::Holding); null: all that the run reads.
  std::shared_ptr<const std::set<std::string>> held = {};
  /// Why the one that owned it before has ended; OK: there was none.
  arrow::Status predecessors_end = {};

  bool Holds(const std::string& key) const { return held == nullptr || held->contains(key); }
};

/// Exports the snapshot of the transaction on `connection`; its name.
arrow::Result<std::string> ExportSnapshot(PgConnection& connection, const std::stop_token& stop);

/// Begins a transaction on `connection`, which is new, that sees `snapshot` and has the life lock
/// `own`. Error kSnapshotLostCode where the snapshot, or the transaction that owns it, is not on
/// the server: it has ended, or is on another server, which has snapshots of the same name.
arrow::Status ImportSnapshot(PgConnection& connection, const PgSourceSettings& settings,
                             const ExportedSnapshot& snapshot, int64_t own,
                             const std::stop_token& stop);

/// The error of whoever looks for the transaction that owns the snapshot: kSnapshotLostCode.
arrow::Status OwnerIsNotThere();

/// The error of work that needed the snapshot: it is gone, whatever the connection said. Class
/// transient, kSnapshotLostCode.
arrow::Status SnapshotLost(const arrow::Status& cause);

/// The same for whoever comes after its release.
arrow::Status SnapshotReleased();

/// The error of a unit whose table nobody has held since the leader was lost. Class transient,
/// kTableLostCode.
arrow::Status TableLost(std::string_view table, const arrow::Status& cause);

/// A session that has imported the snapshot of a run: another transaction can have it from there.
struct PgHeir {
  PgConnection& connection;  ///< In its transaction, outside of any savepoint.
  int64_t life_lock = 0;
};

/// A transaction that owns the snapshot of a run, and its connection.
struct SnapshotOwner {
  PgConnection connection;
  ExportedSnapshot snapshot;
};

/// Opens one in the place of that which has ended, at `where`, with the snapshot of `heir`. It
/// holds what could be locked at once of what `holders` hold, and what one of them, which lives,
/// has held until then: there is no moment in which others could have had it. Where the error is
/// `heir`'s its connection is broken.
arrow::Result<SnapshotOwner> TakeSnapshotOver(const PgHeir& heir, const PgHolders& holders,
                                              const PgSourceSettings& settings,
                                              const PgConnectSettings& where,
                                              const std::stop_token& stop);

}  // namespace headrace
