#include "headrace/source/sqlite/read_point.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <thread>
#include <utility>

namespace headrace::sqlite {
namespace {

using std::chrono::milliseconds;

/// Attempts to begin a set of transactions between two commits before the set is halved. Beginning
/// takes some 20 µs per session.
constexpr int kAttemptsPerSize = 50;

/// Attempts to open all connections on one file, while others are put in its place.
constexpr int kAttemptsToOpen = 10;

constexpr std::string_view kHotJournalCode = "SQLITE_READONLY_ROLLBACK";
constexpr int kLooksAtHotJournal = 10;
constexpr milliseconds kBetweenLooks{10};

/// What a person can do about errors that SQLite explains badly.
struct Hint {
  std::string_view code;
  ErrorClass error_class;
  std::string_view text;
};

constexpr std::string_view kWalFolder =
    "the file or its -wal and -shm files cannot be opened: a WAL database needs a folder that "
    "can be written";

constexpr std::array kHints = {
    Hint{kHotJournalCode, ErrorClass::kUser,
         "a writer that crashed left a journal to be rolled back: open the database once with "
         "write access"},
    Hint{"SQLITE_CANTOPEN", ErrorClass::kUser, kWalFolder},
    Hint{"SQLITE_READONLY_DIRECTORY", ErrorClass::kUser, kWalFolder},
    Hint{"SQLITE_READONLY_CANTINIT", ErrorClass::kUser, kWalFolder},
    Hint{"SQLITE_BUSY", ErrorClass::kTransient, "another process holds a lock on the database"},
};

arrow::Status Explained(const arrow::Status& status, const std::string& path) {
  const auto* hint = std::ranges::find(kHints, CodeOf(status), &Hint::code);
  if (hint == kHints.end()) {
    return status.message().starts_with(path) ? status : WithContext(status, path);
  }
  return MakeError(hint->error_class,
                   path + ": " + status.message() + "; " + std::string(hint->text),
                   std::string(hint->code));
}

arrow::Result<int64_t> PragmaInt64(SqliteDatabase& database, std::string_view pragma) {
  ARROW_ASSIGN_OR_RAISE(SqliteStatement statement,
                        database.Prepare("PRAGMA " + std::string(pragma)));
  ARROW_ASSIGN_OR_RAISE(const bool row, statement.Step());
  return row ? statement.ColumnInt64(0) : 0;
}

arrow::Result<bool> UsesWriteAheadLog(SqliteDatabase& database) {
  ARROW_ASSIGN_OR_RAISE(SqliteStatement statement, database.Prepare("PRAGMA journal_mode"));
  ARROW_ASSIGN_OR_RAISE(const bool row, statement.Step());
  return row && statement.ColumnText(0) == "wal";
}

/// Takes the read lock and with it the state to read: BEGIN alone takes none.
arrow::Status TryBeginRead(SqliteDatabase& database) {
  ARROW_RETURN_NOT_OK(database.Execute("BEGIN"));
  const arrow::Status status = database.Execute("SELECT 1 FROM sqlite_schema LIMIT 1");
  if (!status.ok()) (void)database.Execute("ROLLBACK");
  return status;
}

/// A journal that a crash left behind is still there when it is looked at again; one that a writer
/// was just deleting is not.
arrow::Status BeginRead(SqliteDatabase& database) {
  arrow::Status status = TryBeginRead(database);
  for (int look = 1; look < kLooksAtHotJournal && CodeOf(status) == kHotJournalCode; ++look) {
    std::this_thread::sleep_for(kBetweenLooks);
    status = TryBeginRead(database);
  }
  return status;
}

arrow::Status EndRead(SqliteDatabase& database) {
  return sqlite3_get_autocommit(database.handle()) == 0 ? database.Execute("ROLLBACK")
                                                        : arrow::Status::OK();
}

bool IsReading(const SqliteDatabase& database) {
  return sqlite3_txn_state(database.handle(), "main") == SQLITE_TXN_READ;
}

arrow::Status SnapshotReleased(const std::string& path) {
  return TransientError(path + ": the snapshot was released", std::string(kSnapshotLostCode));
}

arrow::Status FileReplaced(const std::string& path) {
  return TransientError(
      path + ": another file took its place while it was read: sessions of both would mix rows",
      std::string(kSnapshotLostCode));
}

arrow::Status FileWritten(const std::string& path) {
  return TransientError(
      path + ": it was written over while it was read, by somebody who asked for no lock",
      std::string(kSnapshotLostCode));
}

bool IsBusy(const arrow::Status& status) { return CodeOf(status) == "SQLITE_BUSY"; }

}  // namespace

ReadPoint::Lease::Lease(std::shared_ptr<ReadPoint> point, SqliteDatabase database)
    : point_(std::move(point)), database_(std::move(database)) {}

ReadPoint::Lease::~Lease() {
  if (point_ != nullptr && intact()) point_->Return(std::move(database_));
}

bool ReadPoint::Lease::intact() const { return !point_->shared() || IsReading(database_); }

arrow::Result<std::shared_ptr<ReadPoint>> ReadPoint::Open(const ReadPointSettings& settings) {
  std::error_code ignored;
  if (!std::filesystem::exists(settings.path, ignored)) {
    return UserError(settings.path + ": there is no such file");
  }
  if (std::filesystem::is_directory(settings.path, ignored)) {
    return UserError(settings.path + ": a folder, not a database file");
  }
  // To open a pipe is to wait for whoever writes to it.
  if (!std::filesystem::is_regular_file(settings.path, ignored)) {
    return UserError(settings.path + ": no database file, but a pipe or a device");
  }
  for (int attempt = 1;; ++attempt) {
    // What a failed attempt had open is closed before the next: connections to two WAL databases of
    // one name would share their -shm.
    std::shared_ptr<ReadPoint> point(new ReadPoint(settings));
    const arrow::Status status = point->BeginAll();
    if (status.ok()) return point;
    if (CodeOf(status) == kSnapshotLostCode && attempt < kAttemptsToOpen) continue;
    return Explained(status, settings.path);
  }
}

arrow::Result<SqliteDatabase> ReadPoint::Connect(milliseconds busy_timeout) const {
  return SqliteDatabase::Open(settings_.path, SqliteOpenMode::kReadOnly, busy_timeout);
}

/// The names of the journal and the log are the database's: behind a file that was replaced there
/// may be those of its successor, so that the check comes before what is done with them and after.
arrow::Result<SqliteDatabase> ReadPoint::ConnectToSameFile(milliseconds busy_timeout) const {
  ARROW_ASSIGN_OR_RAISE(SqliteDatabase session, Connect(busy_timeout));
  ARROW_RETURN_NOT_OK(CheckSameFile(session));
  return session;
}

arrow::Status ReadPoint::BeginReadOfSameFile(SqliteDatabase& session) const {
  arrow::Status begun = BeginRead(session);
  ARROW_RETURN_NOT_OK(CheckSameFile(session));
  ARROW_RETURN_NOT_OK(CheckFile(session));
  return begun;
}

/// While the leader has its file open no other can have the same identity.
arrow::Status ReadPoint::CheckSameFile(const SqliteDatabase& database) const {
  const auto file = FindOpenedFile(database);
  return file && file->SameFilesAs(file_) ? arrow::Status::OK() : FileReplaced(settings_.path);
}

/// The leader's lock keeps everybody who asks from writing. A file that has no name any more has no
/// time to look up, and is hard to write over.
arrow::Status ReadPoint::CheckUnwritten(const SqliteDatabase& database) const {
  if (ReadFileState(database) != state_) return FileWritten(settings_.path);
  const auto file = FindOpenedFile(database);
  const bool found = file && file->main == file_.main;
  return found && file->modified_nanos != file_.modified_nanos ? FileWritten(settings_.path)
                                                               : arrow::Status::OK();
}

/// A checkpoint writes to the file of a log whenever it likes. Under a log the file must keep its
/// name: who opens another one of that name writes to the log that is being read.
arrow::Status ReadPoint::CheckFile(const SqliteDatabase& database) const {
  if (!settings_.shared) return arrow::Status::OK();
  return write_ahead_ ? CheckSameFile(database) : CheckUnwritten(database);
}

arrow::Status ReadPoint::BeginLeader() {
  ARROW_ASSIGN_OR_RAISE(leader_, Connect(settings_.busy_timeout));
  const arrow::Status begun = BeginRead(leader_);
  const auto file = FindOpenedFile(leader_);
  if (settings_.shared && !file) return FileReplaced(settings_.path);
  ARROW_RETURN_NOT_OK(begun);
  file_ = file.value_or(OpenedFile{});
  state_ = ReadFileState(leader_).value_or(FileState{});
  ARROW_ASSIGN_OR_RAISE(write_ahead_, UsesWriteAheadLog(leader_));
  return arrow::Status::OK();
}

arrow::Status ReadPoint::BeginAll() {
  ARROW_RETURN_NOT_OK(BeginLeader());
  if (!settings_.shared) return EndRead(leader_);
  ARROW_RETURN_NOT_OK(write_ahead_ ? BeginBetweenCommits() : BeginBehindLeader());
  opened_ = static_cast<int>(pool_.size());
  return arrow::Status::OK();
}

arrow::Status ReadPoint::BeginBehindLeader() {
  for (int i = 0; i < settings_.sessions; ++i) {
    // A writer that waits for the leader's lock to go keeps newcomers out. The first session waits
    // for it to give up, the others are not needed that badly.
    const milliseconds timeout = pool_.empty() ? settings_.busy_timeout : milliseconds(0);
    ARROW_ASSIGN_OR_RAISE(SqliteDatabase session, ConnectToSameFile(timeout));
    const arrow::Status status = BeginReadOfSameFile(session);
    if (IsBusy(status) && !pool_.empty()) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(status);
    pool_.push_back(std::move(session));
  }
  return arrow::Status::OK();
}

arrow::Status ReadPoint::BeginBetweenCommits() {
  ARROW_ASSIGN_OR_RAISE(watcher_, ConnectToSameFile(settings_.busy_timeout));
  for (int i = 0; i < settings_.sessions; ++i) {
    ARROW_ASSIGN_OR_RAISE(SqliteDatabase session, ConnectToSameFile(settings_.busy_timeout));
    // Reads the schema now, not in the moment that counts.
    ARROW_RETURN_NOT_OK(BeginReadOfSameFile(session));
    pool_.push_back(std::move(session));
  }
  for (size_t sessions = pool_.size(); sessions > 0; sessions /= 2) {
    pool_.resize(sessions);
    for (int attempt = 0; attempt < kAttemptsPerSize; ++attempt) {
      ARROW_ASSIGN_OR_RAISE(const bool together, TryBeginBetweenCommits(sessions));
      if (together) return arrow::Status::OK();
    }
  }
  return TransientError("the database changes too often for two connections to see one state");
}

arrow::Result<bool> ReadPoint::TryBeginBetweenCommits(size_t sessions) {
  ARROW_RETURN_NOT_OK(EndRead(leader_));
  for (SqliteDatabase& session : pool_) ARROW_RETURN_NOT_OK(EndRead(session));
  ARROW_ASSIGN_OR_RAISE(version_, PragmaInt64(watcher_, "data_version"));
  ARROW_RETURN_NOT_OK(BeginRead(leader_));
  for (size_t i = 0; i < sessions; ++i) ARROW_RETURN_NOT_OK(BeginRead(pool_[i]));
  ARROW_ASSIGN_OR_RAISE(const int64_t version, PragmaInt64(watcher_, "data_version"));
  return version == version_;
}

arrow::Result<ReadPoint::Leader> ReadPoint::leader() {
  std::unique_lock lock(leader_mutex_);
  if (released_) return SnapshotReleased(settings_.path);
  return Leader(std::move(lock), leader_);
}

std::optional<ReadPoint::Leader> ReadPoint::TryLeader() {
  std::unique_lock lock(leader_mutex_, std::try_to_lock);
  if (!lock.owns_lock() || released_) return std::nullopt;
  return Leader(std::move(lock), leader_);
}

void ReadPoint::Release() {
  released_ = true;
  const std::scoped_lock lock(leader_mutex_, pool_mutex_);
  leader_ = SqliteDatabase();
  pool_.clear();
  watcher_ = SqliteDatabase();
}

arrow::Result<ReadPoint::Lease> ReadPoint::Take() {
  const std::scoped_lock lock(pool_mutex_);
  if (released_) return SnapshotReleased(settings_.path);
  if (!pool_.empty()) {
    SqliteDatabase database = std::move(pool_.back());
    pool_.pop_back();
    return Lease(shared_from_this(), std::move(database));
  }
  ARROW_ASSIGN_OR_RAISE(SqliteDatabase database, Join());
  return Lease(shared_from_this(), std::move(database));
}

arrow::Result<SqliteDatabase> ReadPoint::Join() {
  if (!settings_.shared) return Connect(settings_.busy_timeout);
  ARROW_ASSIGN_OR_RAISE(SqliteDatabase session, ConnectToSameFile(milliseconds(0)));
  const arrow::Status status = BeginReadOfSameFile(session);
  if (IsBusy(status)) {
    return TransientError(settings_.path + ": a writer waits and keeps further sessions out",
                          std::string(kPushBackCode));
  }
  ARROW_RETURN_NOT_OK(status);
  if (!write_ahead_) return session;
  ARROW_ASSIGN_OR_RAISE(const int64_t version, PragmaInt64(watcher_, "data_version"));
  if (version == version_) return session;
  return TransientError(
      settings_.path + ": it has changed since the snapshot, which further sessions cannot see",
      std::string(kPushBackCode));
}

void ReadPoint::Return(SqliteDatabase database) {
  if (!settings_.shared) return;
  const std::scoped_lock lock(pool_mutex_);
  if (!released_) pool_.push_back(std::move(database));
}

}  // namespace headrace::sqlite
