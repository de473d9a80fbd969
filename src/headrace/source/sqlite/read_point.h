#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "headrace/client/sqlite/database.h"
#include "headrace/model/error.h"
#include "headrace/source/source.h"
#include "headrace/source/sqlite/opened_file.h"

namespace headrace::sqlite {

struct ReadPointSettings {
  std::string path;
  std::chrono::milliseconds busy_timeout{5'000};
  int sessions = 16;   ///< Opened at once, so that later commits cannot keep workers out.
  bool shared = true;  ///< False: every statement reads what is there when it starts.
  SourceUse use = SourceUse::kCopy;
};

/// Connections that all read the same committed state of one database file: each holds a read
/// transaction that was begun while nothing was committed, on the very file that the first one
/// opened. See sqlite_source.h for why that holds.
/// Thread-safe; outlives its leases by itself.
class ReadPoint : public std::enable_shared_from_this<ReadPoint> {
 public:
  /// A connection on loan to one worker. Goes back, transaction and all, when it is destroyed.
  class Lease {
   public:
    Lease(std::shared_ptr<ReadPoint> point, SqliteDatabase database);
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();

    SqliteDatabase& database() { return database_; }

    /// The connection still reads the shared state: an I/O error may have ended its transaction.
    bool intact() const;

    arrow::Status CheckFile() const { return point_->CheckFile(database_); }

   private:
    std::shared_ptr<ReadPoint> point_;
    SqliteDatabase database_;
  };

  /// The connection of Describe and Estimate, locked for one caller.
  class Leader {
   public:
    SqliteDatabase* operator->() { return database_; }
    SqliteDatabase& operator*() { return *database_; }

   private:
    friend class ReadPoint;
    Leader(std::unique_lock<std::mutex> lock, SqliteDatabase& database)
        : lock_(std::move(lock)), database_(&database) {}
    std::unique_lock<std::mutex> lock_;
    SqliteDatabase* database_;
  };

  /// Errors: user where the file is no database or cannot be read; transient where a writer holds
  /// it, or commits too often for even one other connection to begin with the leader;
  /// kSnapshotLostCode where it is replaced by another file over and over.
  static arrow::Result<std::shared_ptr<ReadPoint>> Open(const ReadPointSettings& settings);

  /// A connection from the pool, or a new one where the state can still be joined. Error
  /// kPushBackCode where it cannot, kSnapshotLostCode where another file has taken its place.
  arrow::Result<Lease> Take();

  /// Error kSnapshotLostCode after Release.
  arrow::Result<Leader> leader();
  /// Nothing where somebody else has it, or it is released.
  std::optional<Leader> TryLeader();

  /// Whether what `database`, one of this point's, has read so far was the shared state: a writer
  /// that asks for no lock may have written over the file. Error kSnapshotLostCode where it shows;
  /// always OK without a shared state.
  arrow::Status CheckFile(const SqliteDatabase& database) const;

  /// Ends every read transaction that is not on loan; those that are end with their loan, and none
  /// is lent any more. May be called again.
  void Release();

  bool shared() const { return settings_.shared; }
  bool write_ahead() const { return write_ahead_; }
  int opened() const { return opened_; }  ///< Sessions that Open got onto the point.

 private:
  explicit ReadPoint(ReadPointSettings settings) : settings_(std::move(settings)) {}

  arrow::Status BeginAll();
  arrow::Status BeginLeader();
  arrow::Status BeginBehindLeader();
  arrow::Status BeginBetweenCommits();
  arrow::Result<bool> TryBeginBetweenCommits(size_t sessions);
  arrow::Result<SqliteDatabase> Join();
  arrow::Result<SqliteDatabase> Connect(std::chrono::milliseconds busy_timeout) const;
  arrow::Result<SqliteDatabase> ConnectToSameFile(std::chrono::milliseconds busy_timeout) const;
  arrow::Status BeginReadOfSameFile(SqliteDatabase& session) const;
  arrow::Status CheckSameFile(const SqliteDatabase& database) const;
  arrow::Status CheckUnwritten(const SqliteDatabase& database) const;
  void Return(SqliteDatabase database);

  const ReadPointSettings settings_;
  bool write_ahead_ = false;  ///< Constant after Open, as the three below.
  int opened_ = 0;
  OpenedFile file_;  ///< The leader's.
  FileState state_;  ///< Of that file, which nobody may change; not with a write-ahead log.

  std::mutex leader_mutex_;
  SqliteDatabase leader_;  ///< Guarded by leader_mutex_; closed once released_.

  std::mutex pool_mutex_;
  std::vector<SqliteDatabase> pool_;  ///< Guarded by pool_mutex_, as the two below.
  SqliteDatabase
      watcher_;          ///< WAL only: has no transaction, so that its data_version shows commits.
  int64_t version_ = 0;  ///< The watcher's data_version at the shared state.

  std::atomic<bool> released_ = false;
};

}  // namespace headrace::sqlite
