#include "headrace/source/sqlite/snapshot.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "headrace/source/sqlite/test_database.h"

/// What lies behind the one consistent read: locks and logs, which the conformance suite does not
/// see.
namespace headrace::sqlite {
namespace {

OptionValues Sessions(int64_t sessions) {
  OptionValues options;
  options.Set("sessions", sessions);
  return options;
}

Rows ReadAll(Session& session, const TablePlan& plan) {
  return ReadUnit(session, plan, WholeTable{}).ValueOrDie();
}

class SqliteSnapshotTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    database_.Execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER)");
    database_.Execute("INSERT INTO t VALUES (1, 10), (2, 20)");
  }

  bool write_ahead() const { return std::string(GetParam()) == "WAL"; }

  std::unique_ptr<Snapshot> OpenSnapshot(int64_t sessions) {
    source_ = database_.MakeSource(Sessions(sessions));
    auto snapshot = source_->OpenSnapshot({}, {});
    EXPECT_TRUE(snapshot.ok()) << snapshot.status();
    return *std::move(snapshot);
  }

  TestDatabase database_{GetParam()};
  std::unique_ptr<Source> source_;
  const Rows before_ = {{"1", "10"}, {"2", "20"}};
};

TEST_P(SqliteSnapshotTest, SaysWhatItHoldsUp) {
  const auto snapshot = OpenSnapshot(1);
  EXPECT_EQ(snapshot->HeldUp(), write_ahead() ? "the write-ahead log grows with each change"
                                              : "whoever wants to write to the file waits");
}

TEST_P(SqliteSnapshotTest, WhateverAWriterTriesSessionsOldAndNewSeeTheSnapshot) {
  const auto snapshot = OpenSnapshot(2);
  const TablePlan plan = PlanOf(snapshot->Describe(TableNamed("t"), {}).ValueOrDie());
  const auto first = snapshot->Attach({}).ValueOrDie();
  EXPECT_EQ(ReadAll(*first, plan), before_);
  const arrow::Status written = database_.writer().Execute(
      "BEGIN; UPDATE t SET v = 0; DELETE FROM t WHERE id = 2; INSERT INTO t VALUES (3, 30); "
      "COMMIT");
  EXPECT_EQ(written.ok(), write_ahead()) << written;
  const auto second = snapshot->Attach({}).ValueOrDie();
  EXPECT_EQ(ReadAll(*second, plan), before_);
  EXPECT_EQ(ReadAll(*first, plan), before_);
}

TEST_P(SqliteSnapshotTest, BeyondThePoolSessionsJoinUntilAWriterGetsInBetween) {
  const auto snapshot = OpenSnapshot(1);
  const TablePlan plan = PlanOf(snapshot->Describe(TableNamed("t"), {}).ValueOrDie());
  const auto pooled = snapshot->Attach({}).ValueOrDie();
  const auto joined = snapshot->Attach({}).ValueOrDie();
  EXPECT_EQ(ReadAll(*joined, plan), before_);

  // With a rollback journal the writer now waits: it keeps newcomers out and is itself kept out by
  // us.
  const arrow::Status written = database_.writer().Execute("BEGIN; UPDATE t SET v = 0; COMMIT");
  EXPECT_EQ(written.ok(), write_ahead());
  const auto late = snapshot->Attach({});
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(CodeOf(late.status()), kPushBackCode);
  EXPECT_EQ(ClassOf(late.status()), ErrorClass::kTransient);
}

TEST_P(SqliteSnapshotTest, ASessionThatIsGivenBackKeepsItsPlaceInTime) {
  const auto snapshot = OpenSnapshot(1);
  const TablePlan plan = PlanOf(snapshot->Describe(TableNamed("t"), {}).ValueOrDie());
  auto session = snapshot->Attach({}).ValueOrDie();
  session.reset();
  (void)database_.writer().Execute("UPDATE t SET v = 0");
  session = snapshot->Attach({}).ValueOrDie();
  EXPECT_EQ(ReadAll(*session, plan), before_);
}

TEST_P(SqliteSnapshotTest, TheEndOfTheSnapshotLetsWritersGo) {
  auto snapshot = OpenSnapshot(2);
  auto session = snapshot->Attach({}).ValueOrDie();
  snapshot.reset();
  session.reset();
  const arrow::Status written = database_.writer().Execute("UPDATE t SET v = 0");
  EXPECT_TRUE(written.ok()) << written;
}

TEST_P(SqliteSnapshotTest, ASessionOutlivesItsSnapshot) {
  auto snapshot = OpenSnapshot(2);
  const TablePlan plan = PlanOf(snapshot->Describe(TableNamed("t"), {}).ValueOrDie());
  const auto session = snapshot->Attach({}).ValueOrDie();
  snapshot.reset();
  (void)database_.writer().Execute("UPDATE t SET v = 0");
  EXPECT_EQ(ReadAll(*session, plan), before_);
}

/// Makes a file with other rows of `t` beside the database, and closes it.
std::string MakeSuccessor(const TestDatabase& database, const std::string& journal_mode) {
  std::string path = database.path() + ".new";
  auto successor = SqliteDatabase::Open(path, SqliteOpenMode::kReadWriteCreate, {}).ValueOrDie();
  const arrow::Status made = successor.Execute(
      "PRAGMA journal_mode = " + journal_mode +
      "; CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER); INSERT INTO t VALUES (7, 70)");
  EXPECT_TRUE(made.ok()) << made;
  return path;
}

/// Renames `from` to `to` as soon as SQLite has opened the connection of that number, counted from
/// here. SQLite calls it for each connection of the process; there is one such object at a time.
class RenameAtConnection {
 public:
  RenameAtConnection(std::string from, std::string to, int connection)
      : from_(std::move(from)), to_(std::move(to)), connections_left_(connection) {
    Current() = this;
    sqlite3_auto_extension(Hook());
  }
  ~RenameAtConnection() {
    sqlite3_cancel_auto_extension(Hook());
    Current() = nullptr;
  }
  RenameAtConnection(const RenameAtConnection&) = delete;
  RenameAtConnection& operator=(const RenameAtConnection&) = delete;

  bool done() const { return connections_left_ <= 0; }

 private:
  static RenameAtConnection*& Current() {
    static RenameAtConnection* current = nullptr;
    return current;
  }
  static void (*Hook())() { return reinterpret_cast<void (*)()>(Opened); }
  static int Opened(sqlite3*, char**, const struct sqlite3_api_routines*) {
    RenameAtConnection& self = *Current();
    if (--self.connections_left_ == 0) std::filesystem::rename(self.from_, self.to_);
    return SQLITE_OK;
  }

  const std::string from_;
  const std::string to_;
  int connections_left_;
};

TEST_P(SqliteSnapshotTest, OfAFileThatIsReplacedWhileSessionsOpenAllSeeTheNewOne) {
  constexpr int kConnectionsOfThreeSessions = 5;
  for (int connection = 1; connection <= kConnectionsOfThreeSessions; ++connection) {
    TestDatabase database(GetParam());
    database.Execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER)");
    database.Execute("INSERT INTO t VALUES (1, 10), (2, 20)");
    const std::string successor = MakeSuccessor(database, GetParam());
    database.writer() = SqliteDatabase();
    const auto source = database.MakeSource(Sessions(3));
    const RenameAtConnection rename(successor, database.path(), connection);
    const auto snapshot = source->OpenSnapshot({}, {});
    ASSERT_TRUE(snapshot.ok()) << snapshot.status();
    EXPECT_TRUE(rename.done() || !write_ahead());
    const Rows expected = rename.done() ? Rows{{"7", "70"}} : before_;
    const TablePlan plan = PlanOf((*snapshot)->Describe(TableNamed("t"), {}).ValueOrDie());
    std::vector<std::unique_ptr<Session>> sessions;
    for (int i = 0; i < 3; ++i) {
      sessions.push_back((*snapshot)->Attach({}).ValueOrDie());
      EXPECT_EQ(ReadAll(*sessions.back(), plan), expected) << connection;
    }
  }
}

TEST_P(SqliteSnapshotTest, NoSessionJoinsFromAFileThatTookThePlaceOfTheSnapshots) {
  const std::string successor = MakeSuccessor(database_, GetParam());
  const auto snapshot = OpenSnapshot(1);
  const TablePlan plan = PlanOf(snapshot->Describe(TableNamed("t"), {}).ValueOrDie());
  const auto pooled = snapshot->Attach({}).ValueOrDie();
  std::filesystem::rename(successor, database_.path());
  const auto late = snapshot->Attach({});
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(CodeOf(late.status()), kSnapshotLostCode) << late.status();
  EXPECT_EQ(ClassOf(late.status()), ErrorClass::kTransient);
}

/// Commits without pause until it is destroyed.
class BusyWriter {
 public:
  explicit BusyWriter(const TestDatabase& database)
      : thread_([&database](const std::stop_token& stop) {
          SqliteDatabase connection = database.Connect();
          (void)connection.Execute("PRAGMA synchronous = OFF");
          while (!stop.stop_requested()) (void)connection.Execute("UPDATE t SET v = v + 1");
        }) {}

 private:
  std::jthread thread_;
};

TEST_P(SqliteSnapshotTest, WhileAWriterCommitsWithoutPauseAllSessionsSeeOneState) {
  auto writer = std::make_unique<BusyWriter>(database_);
  const OptionValues options = Sessions(16);
  for (int round = 0; round < 60; ++round) {
    const auto source = database_.MakeSource(options);
    // A rollback-journal writer may hold its lock just when the leader comes: that is an error of
    // class transient. On one core that may be so whenever the leader has its turn: then the writer
    // pauses for this once.
    constexpr int kAttempts = 50;
    auto snapshot = source->OpenSnapshot({}, {});
    for (int attempt = 1; attempt < kAttempts && !snapshot.ok(); ++attempt) {
      ASSERT_EQ(ClassOf(snapshot.status()), ErrorClass::kTransient) << snapshot.status();
      snapshot = source->OpenSnapshot({}, {});
    }
    if (!snapshot.ok()) {
      writer.reset();
      snapshot = source->OpenSnapshot({}, {});
      writer = std::make_unique<BusyWriter>(database_);
    }
    ASSERT_TRUE(snapshot.ok()) << snapshot.status();
    const TablePlan plan = PlanOf((*snapshot)->Describe(TableNamed("t"), {}).ValueOrDie());
    const auto first = (*snapshot)->Attach({}).ValueOrDie();
    const Rows seen = ReadAll(*first, plan);
    std::vector<std::unique_ptr<Session>> others;
    for (auto other = (*snapshot)->Attach({}); other.ok() && others.size() < 15;
         other = (*snapshot)->Attach({})) {
      EXPECT_EQ(ReadAll(**other, plan), seen);
      others.push_back(*std::move(other));
    }
  }
}

std::string BytesOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// As `cat` does: no lock is asked for.
void Overwrite(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

TEST_P(SqliteSnapshotTest, ACommitAndACheckpointOfOthersAreNoLoss) {
  const auto snapshot = OpenSnapshot(2);
  const TablePlan plan = PlanOf(snapshot->Describe(TableNamed("t"), {}).ValueOrDie());
  const auto session = snapshot->Attach({}).ValueOrDie();
  (void)database_.writer().Execute("UPDATE t SET v = 0");
  (void)database_.writer().Execute("PRAGMA wal_checkpoint");
  EXPECT_EQ(ReadAll(*session, plan), before_);
}

TEST_P(SqliteSnapshotTest, WhereAnotherFileTakesItsPlaceTheOldOneIsReadOnUnlessItHasALog) {
  const std::string successor = MakeSuccessor(database_, GetParam());
  const auto snapshot = OpenSnapshot(2);
  const TablePlan plan = PlanOf(snapshot->Describe(TableNamed("t"), {}).ValueOrDie());
  const auto session = snapshot->Attach({}).ValueOrDie();
  std::filesystem::rename(successor, database_.path());
  const auto rows = ReadUnit(*session, plan, WholeTable{});
  if (write_ahead()) {
    EXPECT_EQ(CodeOf(rows.status()), kSnapshotLostCode) << rows.status();
  } else {
    ASSERT_TRUE(rows.ok()) << rows.status();
    EXPECT_EQ(*rows, before_);
  }
}

TEST_P(SqliteSnapshotTest, ALogThatIsRemovedLosesTheSnapshot) {
  const auto snapshot = OpenSnapshot(2);
  const TablePlan plan = PlanOf(snapshot->Describe(TableNamed("t"), {}).ValueOrDie());
  const auto session = snapshot->Attach({}).ValueOrDie();
  EXPECT_EQ(std::filesystem::remove(database_.path() + "-wal"), write_ahead());
  const auto rows = ReadUnit(*session, plan, WholeTable{});
  EXPECT_EQ(CodeOf(rows.status()), write_ahead() ? kSnapshotLostCode : "");
}

INSTANTIATE_TEST_SUITE_P(JournalModes, SqliteSnapshotTest, testing::Values("DELETE", "WAL"),
                         [](const auto& mode) { return std::string(mode.param); });

/// One way to write over a file of a rollback journal that is being read.
struct InPlace {
  const char* name;
  void (*change)(std::string& bytes);
  bool keeps_time;
};

void PrintTo(const InPlace& way, std::ostream* out) { *out << way.name; }

constexpr size_t kChangeCounterEnd = 27;  ///< Its last byte, in SQLite's file header.

constexpr InPlace kWaysInPlace[] = {
    {"Longer", [](std::string& bytes) { bytes.append(4'096, '\0'); }, true},
    {"Shorter", [](std::string& bytes) { bytes.resize(4'096); }, true},
    {"Empty", [](std::string& bytes) { bytes.clear(); }, true},
    {"Garbage", [](std::string& bytes) { bytes.assign(bytes.size(), 'x'); }, true},
    {"AnotherCounter", [](std::string& bytes) { ++bytes[kChangeCounterEnd]; }, true},
    {"AnotherTime", [](std::string&) {}, false},
};

class SqliteInPlaceTest : public testing::TestWithParam<InPlace> {};

TEST_P(SqliteInPlaceTest, AFileThatIsWrittenOverWithoutItsLocksLosesTheSnapshot) {
  TestDatabase database;
  database.Execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)");
  database.Execute(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) "
      "INSERT INTO t SELECT i, hex(randomblob(20)) FROM n");
  const auto source = database.MakeSource(Sessions(2));
  const auto snapshot = source->OpenSnapshot({}, {}).ValueOrDie();
  const TablePlan plan = PlanOf(snapshot->Describe(TableNamed("t"), {}).ValueOrDie());
  const auto session = snapshot->Attach({}).ValueOrDie();
  ReadLimits small;
  small.batch_rows = 10;
  auto begun = session->Open(plan, UnitOf(WholeTable{}), small, {}).ValueOrDie();
  ASSERT_NE(begun->Next().ValueOrDie(), nullptr);

  const auto time = std::filesystem::last_write_time(database.path());
  std::string bytes = BytesOf(database.path());
  GetParam().change(bytes);
  Overwrite(database.path(), bytes);
  std::filesystem::last_write_time(
      database.path(), GetParam().keeps_time ? time : time + std::chrono::milliseconds(10));
  EXPECT_EQ(CodeOf(ReadRest(*begun).status()), kSnapshotLostCode);
  begun.reset();
  const auto late = snapshot->Attach({}).ValueOrDie();
  EXPECT_EQ(CodeOf(ReadUnit(*late, plan, WholeTable{}).status()), kSnapshotLostCode);
  EXPECT_EQ(CodeOf(snapshot->Describe(TableNamed("t"), {}).status()), kSnapshotLostCode);
  EXPECT_EQ(CodeOf(snapshot->TryUnit(plan, UnitOf(WholeTable{}), {})), kSnapshotLostCode);
}

INSTANTIATE_TEST_SUITE_P(Ways, SqliteInPlaceTest, testing::ValuesIn(kWaysInPlace),
                         [](const auto& way) { return std::string(way.param.name); });

TEST(SqliteSnapshotOffTest, EachUnitSeesWhatIsThereAndWritersGoOn) {
  TestDatabase database;
  database.Execute("CREATE TABLE t (v INTEGER); INSERT INTO t VALUES (1)");
  OptionValues options;
  options.Set("snapshot", std::string("off"));
  const auto snapshot = database.MakeSource(options)->OpenSnapshot({}, {}).ValueOrDie();
  EXPECT_EQ(snapshot->kind(), SnapshotKind::kNone);
  EXPECT_EQ(snapshot->warnings().size(), 1);
  const TablePlan plan = PlanOf(snapshot->Describe(TableNamed("t"), {}).ValueOrDie());
  const auto session = snapshot->Attach({}).ValueOrDie();
  EXPECT_EQ(ReadAll(*session, plan), (Rows{{"1"}}));
  database.Execute("UPDATE t SET v = 2");
  EXPECT_EQ(ReadAll(*session, plan), (Rows{{"2"}}));
}

TEST(SqliteOpenTest, AFileThatIsNoDatabaseOrMissingIsAUserErrorThatNamesIt) {
  const TestDatabase database;
  const std::string text = database.path() + ".txt";
  std::ofstream(text) << std::string(5'000, 'x');
  for (const std::string& path : {database.path() + ".none", text}) {
    OptionValues options;
    options.Set("path", path);
    const auto snapshot = MakeSqliteSource(options).ValueOrDie()->OpenSnapshot({}, {});
    ASSERT_FALSE(snapshot.ok());
    EXPECT_EQ(ClassOf(snapshot.status()), ErrorClass::kUser) << snapshot.status();
    EXPECT_NE(snapshot.status().message().find(path), std::string::npos);
  }
}

TEST(SqliteOpenTest, AJournalThatACrashLeftBehindIsExplained) {
  TestDatabase database;
  database.Execute(
      "CREATE TABLE t (v); PRAGMA cache_size = 1; BEGIN;"
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
      "INSERT INTO t SELECT hex(randomblob(20)) FROM n");
  // What a process that dies in its transaction leaves: the file half written, and its journal.
  const std::string crashed = database.path() + ".crashed";
  std::filesystem::copy_file(database.path(), crashed);
  std::filesystem::copy_file(database.path() + "-journal", crashed + "-journal");
  OptionValues options;
  options.Set("path", crashed);
  const auto snapshot = MakeSqliteSource(options).ValueOrDie()->OpenSnapshot({}, {});
  ASSERT_FALSE(snapshot.ok());
  EXPECT_EQ(ClassOf(snapshot.status()), ErrorClass::kUser);
  EXPECT_NE(snapshot.status().message().find("rolled back"), std::string::npos)
      << snapshot.status();
}

}  // namespace
}  // namespace headrace::sqlite
