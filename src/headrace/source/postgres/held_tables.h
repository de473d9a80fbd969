#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/client/postgres/connection.h"
#include "headrace/model/error.h"
#include "headrace/model/table_ref.h"
#include "headrace/source/postgres/known_name.h"
#include "headrace/source/postgres/settings.h"
#include "headrace/source/postgres/table_lock.h"

namespace headrace {

/// What a transaction holds of the tables of a run, so that nobody empties, rewrites or drops them
/// as long as it lasts:
///
///   files of what cannot be locked ─► BEGIN REPEATABLE READ READ ONLY ─►
///   LOCK TABLE … IN ACCESS SHARE MODE, each table ─► first snapshot ─► reads of no rows, which
///   hold the rest ─► a partition without a lock, another file? then all again
///
/// The locks come before the snapshot: a TRUNCATE or a rewrite between the two would show a table
/// empty to all sessions. What LOCK TABLE does not take (materialized views, tables of which the
/// role may read some columns only) is held behind it, and has the file that it had before.
class HeldTables {
 public:
  /// Nothing of any table.
  HeldTables() = default;

  /// Begins the transaction on `connection`, with the locks and the snapshot. A table that cannot
  /// be locked fails in LockError only. Errors: class transient where tables change faster than
  /// they can be held; those of the connection.
  static arrow::Result<HeldTables> Hold(PgConnection& connection, const PgSourceSettings& settings,
                                        std::span<const SnapshotTable> tables,
                                        const std::stop_token& stop);

  /// The transaction has ended: what is known of the tables is left, what was held of them is not.
  void LetGo();

  /// Why `table` could not be locked; OK where it was.
  arrow::Status LockError(const TableRef& table) const;

  /// `table` is a view, or under a policy: its rows come of other relations too.
  bool HasHiddenReads(const TableRef& table) const { return hidden_.contains(table.directory()); }

  /// Names by which the job's own SQL for `table` finds what it reads.
  std::span<const KnownName> NamesOf(const TableRef& table) const;

  /// Whether `table`, which was described as `oid`, is the relation that was locked. Error
  /// kSnapshotLostCode where its name stands for another one by now.
  arrow::Status CheckLocked(const TableRef& table, uint64_t oid) const;

  /// For people: what could not be held as it should be.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  friend class TableLocker;

  // By label of the table where there is one for each.
  std::map<std::string, arrow::Status> errors_;
  std::map<std::string, ReadBehind> behind_;  ///< What a table is read with.
  std::vector<KnownName> names_;              ///< Of the tables that are locked.
  std::set<std::string> hidden_;              ///< HasHiddenReads.
  std::vector<std::string> warnings_;
};

}  // namespace headrace
