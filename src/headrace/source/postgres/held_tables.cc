#include "headrace/source/postgres/held_tables.h"

#include <algorithm>
#include <utility>

#include "headrace/source/postgres/catalog.h"
#include "headrace/source/postgres/exported_snapshot.h"
#include "headrace/source/postgres/storage.h"
#include "headrace/source/postgres/transaction.h"

namespace headrace {
namespace {

/// Partitions come a few a day, not one in each of these moments.
constexpr int kLockAttempts = 5;

}  // namespace

/// Locks all tables and takes the snapshot, and does it again where one was attached or rewritten
/// meanwhile.
class TableLocker {
 public:
  TableLocker(PgConnection& connection, const PgSourceSettings& settings,
              std::span<const SnapshotTable> tables, const std::stop_token& stop)
      : connection_(connection),
        settings_(settings),
        begin_(BeginStatements(settings, connection.server_version())),
        tables_(tables),
        stop_(stop) {}

  arrow::Result<HeldTables> Run();

 private:
  /// A table of the job that is held by a read, after everything that can be locked.
  struct Untouched {
    SnapshotTable wanted;
    LockTarget target;
  };

  /// What became of the tables in one attempt to lock them all.
  struct Attempt {
    HeldTables held;
    std::vector<std::string> locked;  ///< Quoted names of tables, with what is below them.
    std::vector<Untouched> untouched;
    std::set<std::string> unlocked;  ///< Quoted names of what LOCK TABLE does not take.
  };

  /// What is known of those that LOCK TABLE did not take in an attempt before.
  struct WithoutLock {
    std::vector<std::string> names;
    std::vector<StoredRelation> stored;  ///< Before the attempt.
  };

  arrow::Result<std::string> LockAll(bool last);
  arrow::Status FindRelationsBehind();
  arrow::Status ReadStorageBefore();
  arrow::Result<std::string> FindUnlockedPart(bool last);
  arrow::Result<std::string> FindRewritten();
  LockTarget TargetOf(const SnapshotTable& wanted) const;
  arrow::Status LockOne(const SnapshotTable& wanted);
  arrow::Result<bool> LockIfPossible(const LockTarget& target);
  arrow::Status TouchRest();
  arrow::Status CheckNames();
  arrow::Status NoteOfRead(const SnapshotTable& wanted, const arrow::Status& status);
  arrow::Status Note(const TableRef& table, const arrow::Status& status);
  StatementScope scope() const { return BoundedTransactionScope(begin_); }

  PgConnection& connection_;
  const PgSourceSettings& settings_;
  const std::string begin_;
  const std::span<const SnapshotTable> tables_;
  const std::stop_token& stop_;
  Attempt attempt_;
  WithoutLock without_lock_;
};

/// LOCK TABLE for all of them first: a read, even of no rows, takes the snapshot, and a lock behind
/// it comes too late. A partition that is attached between a table's lock and the snapshot is in
/// the snapshot without a lock, and what cannot be locked may be rewritten before it is held: then
/// all begins again.
arrow::Result<HeldTables> TableLocker::Run() {
  for (int number = 1;; ++number) {
    const bool last = number == kLockAttempts;
    ARROW_ASSIGN_OR_RAISE(const std::string why_again, LockAll(last));
    if (why_again.empty()) break;
    if (last) return TransientError(why_again);
    ARROW_RETURN_NOT_OK(connection_.Execute("ROLLBACK", stop_));
  }
  ARROW_RETURN_NOT_OK(CheckNames());
  return std::move(attempt_.held);
}

/// Why all has to begin again; empty: everything is held as the snapshot shows it.
arrow::Result<std::string> TableLocker::LockAll(bool last) {
  attempt_ = {};
  ARROW_RETURN_NOT_OK(FindRelationsBehind());
  ARROW_RETURN_NOT_OK(ReadStorageBefore());
  ARROW_RETURN_NOT_OK(connection_.ExecuteFirst(begin_, stop_));
  for (const SnapshotTable& wanted : tables_) ARROW_RETURN_NOT_OK(LockOne(wanted));
  // Where it lay before the snapshot can no longer be asked for in this transaction.
  for (const std::string& name : attempt_.unlocked) {
    if (std::ranges::find(without_lock_.names, name) != without_lock_.names.end()) continue;
    without_lock_.names.assign(attempt_.unlocked.begin(), attempt_.unlocked.end());
    return name + " is not to be had by LOCK TABLE, as was another one in each attempt before";
  }
  ARROW_ASSIGN_OR_RAISE(std::string why_again, FindUnlockedPart(last));
  if (!why_again.empty()) return why_again;
  ARROW_RETURN_NOT_OK(TouchRest());
  return FindRewritten();
}

LockTarget TableLocker::TargetOf(const SnapshotTable& wanted) const {
  LockTarget target = LockTargetOf(wanted);
  target.reads_others = target.reads_others || attempt_.held.HasHiddenReads(wanted.table);
  return target;
}

/// What queries, conditions, views and policies read is found out in transactions before, so that
/// it can be locked before the snapshot.
arrow::Status TableLocker::FindRelationsBehind() {
  if (tables_.empty()) return arrow::Status::OK();
  HeldTables& held = attempt_.held;
  ARROW_ASSIGN_OR_RAISE(const std::vector<size_t> hidden,
                        InScope(
                            connection_, scope(),
                            [&] { return WithHiddenReads(connection_, tables_, stop_); }, stop_));
  for (const size_t number : hidden) held.hidden_.insert(tables_[number].table.directory());
  for (const SnapshotTable& wanted : tables_) {
    const LockTarget target = TargetOf(wanted);
    if (!target.reads_others) continue;
    const std::string sql = wanted.table.query + "\n" + wanted.where;
    auto behind = InScope(
        connection_, scope(), [&] { return RelationsBehind(connection_, target, sql, stop_); },
        stop_);
    ARROW_RETURN_NOT_OK(NoteOfRead(wanted, behind.status()));
    if (behind.ok()) held.behind_[wanted.table.directory()] = *std::move(behind);
  }
  return arrow::Status::OK();
}

/// In a transaction of its own, which has let go of its snapshot before the one of the run is
/// taken.
arrow::Status TableLocker::ReadStorageBefore() {
  if (without_lock_.names.empty()) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(
      without_lock_.stored,
      InScope(
          connection_, scope(),
          [&] { return ReadStorage(connection_, without_lock_.names, stop_); }, stop_));
  return arrow::Status::OK();
}

/// A part of a locked table that was attached since. In the last attempt it is a warning.
arrow::Result<std::string> TableLocker::FindUnlockedPart(bool last) {
  const std::vector<std::string>& locked = attempt_.locked;
  if (locked.empty()) return std::string();
  // Before it is asked whether they are locked: what they stand for by then is what was locked.
  ARROW_ASSIGN_OR_RAISE(attempt_.held.names_, ResolveNames(connection_, locked, stop_));
  ARROW_ASSIGN_OR_RAISE(const auto unlocked, UnlockedBelow(connection_, locked, stop_));
  if (unlocked.empty()) return std::string();
  std::string attached = unlocked.front().relation + " was attached while the snapshot was taken";
  if (!last) return attached;
  attempt_.held.warnings_.push_back(attached +
                                    "; a TRUNCATE of it in that moment would not be noticed");
  return std::string();
}

/// What lies in another file than before the snapshot may have lost its rows in between: the
/// snapshot is as old as it may be, and the file is new. What only tables need that cannot be read
/// is held by nothing, and no matter.
arrow::Result<std::string> TableLocker::FindRewritten() {
  std::set<std::string> needed;
  for (const SnapshotTable& wanted : tables_) {
    if (!attempt_.held.LockError(wanted.table).ok()) continue;
    const ReadBehind& behind = attempt_.held.behind_[wanted.table.directory()];
    needed.insert(TargetOf(wanted).relation);
    needed.insert(behind.unlockable.begin(), behind.unlockable.end());
    for (const LockTarget& target : behind.relations) needed.insert(target.relation);
  }
  const auto is_not_needed = [&](const StoredRelation& stored) {
    return !needed.contains(stored.root);
  };
  ARROW_ASSIGN_OR_RAISE(auto now, ReadStorage(connection_, without_lock_.names, stop_));
  std::erase_if(now, is_not_needed);
  std::erase_if(without_lock_.stored, is_not_needed);
  std::string changed = ChangedStorage(without_lock_.stored, now);
  if (changed.empty()) return changed;
  return changed +
         " was truncated, refreshed, rewritten or made anew while the snapshot was taken, and it "
         "cannot be locked before";
}

arrow::Status TableLocker::LockOne(const SnapshotTable& wanted) {
  if (!attempt_.held.LockError(wanted.table).ok()) return arrow::Status::OK();
  const LockTarget own = TargetOf(wanted);
  const ReadBehind& behind = attempt_.held.behind_[wanted.table.directory()];
  attempt_.unlocked.insert(behind.unlockable.begin(), behind.unlockable.end());
  std::vector<LockTarget> targets = behind.relations;
  if (!own.relation.empty()) targets.insert(targets.begin(), own);
  bool touch = own.reads_others;
  for (const LockTarget& target : targets) {
    const auto locked = LockIfPossible(target);
    if (!locked.ok()) return Note(wanted.table, locked.status());
    touch = touch || !*locked;
    if (*locked && target.relation == own.relation) attempt_.locked.push_back(own.relation);
  }
  if (touch) attempt_.untouched.push_back({wanted, own});
  return arrow::Status::OK();
}

/// False: it is not to be had by LOCK TABLE.
arrow::Result<bool> TableLocker::LockIfPossible(const LockTarget& target) {
  const arrow::Status status = LockWaiting(connection_, target, stop_);
  if (!CannotBeLocked(status)) {
    ARROW_RETURN_NOT_OK(status);
    return true;
  }
  attempt_.unlocked.insert(target.relation);
  return false;
}

/// Holds what LOCK TABLE could not take, and what it does not show that it is read.
arrow::Status TableLocker::TouchRest() {
  for (const Untouched& rest : attempt_.untouched) {
    ARROW_RETURN_NOT_OK(NoteOfRead(rest.wanted, Touch(connection_, rest.target, stop_)));
  }
  return arrow::Status::OK();
}

/// Names were looked up before there were locks, for the locks, and by the reads of no rows: what
/// is locked is what is read if they stand for the same as at first.
arrow::Status TableLocker::CheckNames() {
  std::vector<KnownName> names;
  for (const auto& [table, behind] : attempt_.held.behind_) {
    names.insert(names.end(), behind.names.begin(), behind.names.end());
  }
  if (names.empty()) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(const PgResult changed,
                        connection_.Query("SELECT " + ChangedNameSql(names), stop_));
  if (changed.rows() == 1 && changed.IsNull(0, 0)) return arrow::Status::OK();
  return SnapshotLost(TransientError(std::string(changed.Text(0, 0)) +
                                     " became another relation while it was taken"));
}

/// A condition that is wrong is told where the table is tried (TryReading), in its own words.
arrow::Status TableLocker::NoteOfRead(const SnapshotTable& wanted, const arrow::Status& status) {
  const bool can_be_the_condition =
      !wanted.where.empty() && ClassOf(status) == ErrorClass::kUser && !connection_.broken();
  return can_be_the_condition ? arrow::Status::OK() : Note(wanted.table, status);
}

/// Keeps the error of one table for Describe. Returns those that end everything.
arrow::Status TableLocker::Note(const TableRef& table, const arrow::Status& status) {
  if (status.ok()) return status;
  if (connection_.broken() || CodeOf(status) == kInterruptedCode) return status;
  attempt_.held.errors_.try_emplace(table.directory(), NameTimeout(status, settings_));
  return arrow::Status::OK();
}

arrow::Result<HeldTables> HeldTables::Hold(PgConnection& connection,
                                           const PgSourceSettings& settings,
                                           std::span<const SnapshotTable> tables,
                                           const std::stop_token& stop) {
  return TableLocker(connection, settings, tables, stop).Run();
}

void HeldTables::LetGo() {
  names_.clear();
  behind_.clear();
}

arrow::Status HeldTables::LockError(const TableRef& table) const {
  const auto found = errors_.find(table.directory());
  return found == errors_.end() ? arrow::Status::OK() : found->second;
}

std::span<const KnownName> HeldTables::NamesOf(const TableRef& table) const {
  const auto found = behind_.find(table.directory());
  if (found == behind_.end()) return {};
  return found->second.names;
}

arrow::Status HeldTables::CheckLocked(const TableRef& table, uint64_t oid) const {
  const auto known = std::ranges::find(names_, QualifiedName(table), &KnownName::name);
  if (known == names_.end() || known->oid == oid) return arrow::Status::OK();
  return SnapshotLost(TransientError("table " + table.label() +
                                     " is another relation now than the one that was locked"));
}

}  // namespace headrace
