// The connection that holds the snapshot is lost: while the tables are planned, and while they are
// read.

#include <arrow/table.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>

#include "headrace/source/postgres/test_database.h"

namespace headrace {
namespace {

/// With a snapshot and without.
class PostgresLostLeaderTest : public PostgresDatabaseTest {
 protected:
  void SetUp() override {
    PostgresDatabaseTest::SetUp();
    Run("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 100);"
        "CREATE TABLE u (id int PRIMARY KEY); INSERT INTO u SELECT generate_series(1, 100)");
  }

  /// A snapshot whose leader the server knows by a name of its own.
  std::unique_ptr<Snapshot> OpenNamed(const std::string& mode) {
    OptionValues options;
    options.Set("application_name", schema_);
    options.Set("snapshot", mode);
    return OpenSnapshot({Table("t"), Table("u")}, std::move(options));
  }

  static std::chrono::steady_clock::time_point Deadline() {
    constexpr std::chrono::seconds kPatience{60};
    return std::chrono::steady_clock::now() + kPatience;
  }

  /// The connections of that name, oldest first: sessions come after the leader.
  void TerminateLeader() { Terminate("ORDER BY backend_start LIMIT 1"); }
  /// The one that was made last.
  void TerminateLatest() { Terminate("ORDER BY backend_start DESC LIMIT 1"); }

 private:
  void Terminate(const std::string& which) {
    const std::string pid = Value(
        "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        " AND application_name = " +
        PgQuoteLiteral(schema_) + " " + which);
    EXPECT_EQ(Value("SELECT pg_terminate_backend(" + pid + ")"), "t");
    const auto deadline = Deadline();
    while (Value("SELECT count(*) FROM pg_stat_activity WHERE pid = " + pid) != "0") {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "the connection does not end";
      std::this_thread::yield();
    }
  }
};

constexpr std::array<const char*, 2> kModes = {"require", "off"};

TEST_F(PostgresLostLeaderTest, WhatIsAskedNextSaysThatTheSnapshotIsLost) {
  for (const char* const mode : kModes) {
    const auto described = OpenNamed(mode);
    const Description t = described->Describe(Table("t"), {}).ValueOrDie();
    TerminateLeader();
    for (const char* when : {"at once", "and from then on"}) {
      const arrow::Status lost = described->Describe(Table("t"), {}).status();
      EXPECT_EQ(CodeOf(lost), kSnapshotLostCode) << mode << ", " << when << ": " << lost;
      EXPECT_EQ(ClassOf(lost), ErrorClass::kTransient);
    }

    const auto estimated = OpenNamed(mode);
    TerminateLeader();
    const std::vector<std::string> columns = {"id"};
    arrow::Status lost =
        estimated->Estimate(t, {.columns = columns, .split_columns = {}}, {}).status();
    EXPECT_EQ(CodeOf(lost), kSnapshotLostCode) << mode << ": " << lost;

    const auto tried = OpenNamed(mode);
    TerminateLeader();
    lost = tried->TryUnit(PlanOf(t), UnitOf(WholeTable{}), {});
    EXPECT_EQ(CodeOf(lost), kSnapshotLostCode) << mode << ": " << lost;
  }
}

/// A look into a unit is told to nobody. On a standby the words are of the conflict, and only the
/// first statement is given them.
TEST_F(PostgresLostLeaderTest, WhoLooksIntoAUnitKeepsTheWordsOfTheLeadersEnd) {
  for (const char* const mode : kModes) {
    const auto asked = OpenNamed(mode);
    const TablePlan t = PlanOf(asked->Describe(Table("t"), {}).ValueOrDie());
    TerminateLeader();
    const arrow::Status told = asked->TryUnit(t, UnitOf(WholeTable{}), {});
    EXPECT_EQ(CodeOf(told), kSnapshotLostCode) << mode << ": " << told;

    const auto looked_into = OpenNamed(mode);
    TerminateLeader();
    const auto sample = looked_into->SampleUnit(t, UnitOf(IdRange{"id", 1, 50}), {});
    EXPECT_TRUE(sample.has_value() && sample->values.empty()) << mode;
    const arrow::Status later = looked_into->TryUnit(t, UnitOf(WholeTable{}), {});
    EXPECT_EQ(later.message(), told.message()) << mode;
  }
}

/// A server that has given the places of the run to others: the next leader waits for one longer
/// than a worker may.
TEST_F(PostgresLostLeaderTest, ASessionThatIsRefusedForWantOfRoomAsksWhetherTheLeaderLives) {
  const std::string role = "limited_" + std::to_string(getpid());
  Run("CREATE ROLE " + role + " LOGIN CONNECTION LIMIT 1; GRANT SELECT ON t TO " + role +
      "; GRANT USAGE ON SCHEMA " + PgQuoteIdentifier(schema_) + " TO " + role);
  OptionValues options;
  options.Set("application_name", schema_);
  options.Set("user", role);
  const auto snapshot = OpenSnapshot({Table("t")}, std::move(options));
  EXPECT_EQ(CodeOf(snapshot->Attach({}).status()), kPushBackCode);
  Run("ALTER ROLE " + role + " CONNECTION LIMIT 0");
  TerminateLeader();
  const arrow::Status lost = snapshot->Attach({}).status();
  EXPECT_EQ(CodeOf(lost), kSnapshotLostCode) << lost;
  Run("DROP OWNED BY " + role + "; DROP ROLE " + role);
}

/// Its snapshot is older than the TRUNCATE, and shows the table empty all the same.
TEST_F(PostgresLostLeaderTest, ASessionThatLocksTooLateReadsNoEmptyTable) {
  const auto snapshot = OpenNamed("require");
  const TablePlan t = PlanOf(snapshot->Describe(Table("t"), {}).ValueOrDie());
  const auto late = snapshot->Attach({}).ValueOrDie();
  {
    const auto early = snapshot->Attach({}).ValueOrDie();
    EXPECT_EQ(ReadUnit(*early, t, WholeTable{}).ValueOrDie()->num_rows(), 100);
  }
  TerminateLeader();
  Run("TRUNCATE t");
  const arrow::Status lost = ReadUnit(*late, t, WholeTable{}).status();
  EXPECT_EQ(CodeOf(lost), kTableLostCode) << lost;
  EXPECT_EQ(ClassOf(lost), ErrorClass::kTransient);
}

/// The leader is lost while sessions read: one of them has its snapshot.
class PostgresHandedOnTest : public PostgresLostLeaderTest {
 protected:
  void SetUp() override {
    PostgresLostLeaderTest::SetUp();
    snapshot_ = OpenNamed("require");
    t_ = PlanOf(snapshot_->Describe(Table("t"), {}).ValueOrDie());
    u_ = PlanOf(snapshot_->Describe(Table("u"), {}).ValueOrDie());
    session_ = snapshot_->Attach({}).ValueOrDie();
  }

  void TearDown() override {
    session_.reset();
    snapshot_.reset();
    PostgresLostLeaderTest::TearDown();
  }

  std::string Named(const std::string& table) const {
    return PgQuoteIdentifier(schema_) + "." + table;
  }

  static arrow::Result<int64_t> Rows(Session& session, const TablePlan& plan) {
    ARROW_ASSIGN_OR_RAISE(const auto table, ReadUnit(session, plan, WholeTable{}));
    return table->num_rows();
  }

  /// All of them, of the moment when the snapshot was taken.
  static void ExpectAllRows(Session& session, const TablePlan& plan) {
    const auto rows = Rows(session, plan);
    ASSERT_TRUE(rows.ok()) << rows.status();
    EXPECT_EQ(*rows, 100);
  }

  static void ExpectTableLost(Session& session, const TablePlan& plan) {
    const auto rows = Rows(session, plan);
    EXPECT_EQ(CodeOf(rows.status()), kTableLostCode) << rows.status();
    EXPECT_EQ(ClassOf(rows.status()), ErrorClass::kTransient);
    EXPECT_NE(rows.status().message().find("no session held"), std::string::npos) << rows.status();
  }

  std::unique_ptr<Snapshot> snapshot_;
  TablePlan t_;
  TablePlan u_;
  std::unique_ptr<Session> session_;
};

TEST_F(PostgresHandedOnTest, ASessionThatComesLaterSeesTheSameRows) {
  ExpectAllRows(*session_, t_);
  TerminateLeader();
  Run("INSERT INTO t SELECT generate_series(101, 150)");

  const arrow::Status early = snapshot_->Attach({}).status();
  EXPECT_EQ(ClassOf(early), ErrorClass::kTransient) << early;
  EXPECT_EQ(CodeOf(early), kSnapshotWaitsCode) << early;
  EXPECT_TRUE(snapshot_->TakeNews().empty());

  ExpectAllRows(*session_, t_);  // And hands it on, as somebody asked for it.
  const auto later = snapshot_->Attach({}).ValueOrDie();
  ExpectAllRows(*later, t_);
  const std::vector<std::string> news = snapshot_->TakeNews();
  ASSERT_EQ(news.size(), 1U);
  EXPECT_NE(news.front().find("handed the snapshot on"), std::string::npos) << news.front();
  EXPECT_TRUE(snapshot_->TakeNews().empty());
}

TEST_F(PostgresHandedOnTest, WhatNobodyHeldIsLostAndNothingElse) {
  ExpectAllRows(*session_, t_);
  TerminateLeader();
  Run("TRUNCATE u");
  ExpectTableLost(*session_, u_);
  ExpectAllRows(*session_, t_);
  const auto later = snapshot_->Attach({}).ValueOrDie();
  ExpectTableLost(*later, u_);
  ExpectAllRows(*later, t_);
}

/// Of a name that stands for nothing any more it is no error of the job.
TEST_F(PostgresHandedOnTest, WhatNobodyHeldAndIsDroppedIsLostAndNothingElse) {
  ExpectAllRows(*session_, t_);
  TerminateLeader();
  Run("DROP TABLE u");
  ExpectTableLost(*session_, u_);
  ExpectAllRows(*session_, t_);
}

/// The error of its reading is not the job's either.
TEST_F(PostgresHandedOnTest, WhatNobodyHeldAndIsAlteredIsLostAndNothingElse) {
  ExpectAllRows(*session_, t_);
  TerminateLeader();
  Run("ALTER TABLE u RENAME id TO other");
  ExpectTableLost(*session_, u_);
  ExpectAllRows(*session_, t_);
}

TEST_F(PostgresHandedOnTest, WhatIsReadWithATableIsHeldWithIt) {
  Run("CREATE TABLE wanted AS SELECT 7 AS id; CREATE VIEW v AS SELECT id FROM u");
  for (const std::string kind : {"query", "view", "condition"}) {
    SCOPED_TRACE(kind);
    session_.reset();
    TableRef table = kind == "view" ? Table("v") : Table("t");
    if (kind == "query") table = {.query = "SELECT id FROM " + Named("u"), .alias = "q"};
    OptionValues options;
    options.Set("application_name", schema_);
    snapshot_ = OpenSnapshot({table}, std::move(options));
    TablePlan plan = PlanOf(snapshot_->Describe(table, {}).ValueOrDie());
    if (kind == "condition") plan.filter.where = "id IN (SELECT id FROM " + Named("wanted") + ")";
    const std::string behind = kind == "condition" ? "wanted" : "u";
    session_ = snapshot_->Attach({}).ValueOrDie();
    const int64_t rows = Rows(*session_, plan).ValueOrDie();
    EXPECT_EQ(rows, kind == "condition" ? 1 : 100);
    TerminateLeader();
    EXPECT_EQ(CodeOf(snapshot_->Attach({}).status()), kSnapshotWaitsCode);
    EXPECT_EQ(Rows(*session_, plan).ValueOrDie(), rows);
    const auto later = snapshot_->Attach({}).ValueOrDie();
    session_.reset();
    Run("SET lock_timeout = '50ms'");
    EXPECT_EQ(CodeOf(writer_->Execute("TRUNCATE " + behind)), "55P03");
    EXPECT_EQ(Rows(*later, plan).ValueOrDie(), rows);
  }
}

/// Of the parts of a table each is known by itself, and the condition goes with each.
TEST_F(PostgresHandedOnTest, WhatIsReadWithAPartOfATableIsHeldWithIt) {
  Run("CREATE TABLE wanted AS SELECT generate_series(1, 100) AS id;"
      "CREATE TABLE p (id int) PARTITION BY RANGE (id);"
      "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (50);"
      "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (50) TO (500);"
      "INSERT INTO p SELECT generate_series(1, 100)");
  session_.reset();
  OptionValues options;
  options.Set("application_name", schema_);
  snapshot_ = OpenSnapshot({Table("p")}, std::move(options));
  TablePlan p = PlanOf(snapshot_->Describe(Table("p"), {}).ValueOrDie());
  p.filter.where = "id IN (SELECT id FROM " + Named("wanted") + ")";
  const auto part = [&](Session& session, const std::string& name) {
    return ReadUnit(session, p, PageRange{schema_, name, 0, std::nullopt});
  };
  auto second = snapshot_->Attach({}).ValueOrDie();
  {
    const auto first = snapshot_->Attach({}).ValueOrDie();
    EXPECT_EQ(part(*first, "p1").ValueOrDie()->num_rows(), 49);
    EXPECT_EQ(part(*first, "p2").ValueOrDie()->num_rows(), 51);
    EXPECT_EQ(part(*second, "p2").ValueOrDie()->num_rows(), 51);
  }
  TerminateLeader();
  EXPECT_EQ(CodeOf(snapshot_->Attach({}).status()), kSnapshotWaitsCode);
  EXPECT_EQ(part(*second, "p2").ValueOrDie()->num_rows(), 51);
  const auto later = snapshot_->Attach({}).ValueOrDie();
  second.reset();
  Run("SET lock_timeout = '50ms'");
  EXPECT_EQ(CodeOf(writer_->Execute("TRUNCATE wanted")), "55P03");
  EXPECT_EQ(part(*later, "p2").ValueOrDie()->num_rows(), 51);
  EXPECT_EQ(CodeOf(part(*later, "p1").status()), kTableLostCode) << "nobody held it";
}

TEST_F(PostgresHandedOnTest, WhatAnotherSessionHoldsCanBeReadWhileThatReads) {
  const auto other = snapshot_->Attach({}).ValueOrDie();
  const WorkUnit unit = UnitOf(WholeTable{});
  const auto reader = other->Open(t_, unit, {}, {}).ValueOrDie();
  TerminateLeader();
  ExpectAllRows(*session_, t_);
  ASSERT_NE(reader->Next().ValueOrDie(), nullptr);
  EXPECT_EQ(reader->Next().ValueOrDie(), nullptr);
}

TEST_F(PostgresHandedOnTest, WhatASessionHeldThatHasEndedToo) {
  {
    const auto other = snapshot_->Attach({}).ValueOrDie();
    ExpectAllRows(*other, t_);
    TerminateLatest();
    TerminateLeader();
    Run("TRUNCATE t");
    ExpectTableLost(*session_, t_);  // The other one is still there, and its transaction is not.
  }
  ExpectTableLost(*session_, t_);
}

TEST_F(PostgresHandedOnTest, WhatIsHandedOnOnceIsHandedOnAgain) {
  ExpectAllRows(*session_, t_);
  TerminateLeader();
  ExpectTableLost(*session_, u_);
  TerminateLatest();  // Which took the leader's place.
  Run("INSERT INTO t VALUES (0)");
  EXPECT_EQ(CodeOf(snapshot_->Attach({}).status()), kSnapshotWaitsCode);
  ExpectAllRows(*session_, t_);
  const auto later = snapshot_->Attach({}).ValueOrDie();
  ExpectAllRows(*later, t_);
  session_.reset();
  ExpectAllRows(*later, t_);
  EXPECT_EQ(snapshot_->TakeNews().size(), 2U);
}

/// Who queues for the table is let in as soon as its holders end: whoever has none of it cannot
/// have it.
TEST_F(PostgresHandedOnTest, WhatSomebodyQueuesForIsLeftToWhoHoldsIt) {
  ExpectAllRows(*session_, t_);
  const auto other = snapshot_->Attach({}).ValueOrDie();
  ExpectAllRows(*other, u_);
  TerminateLeader();
  const std::jthread truncate([this] {
    PgConnection connection =
        PgConnection::Connect(ParsePgUri(TestServerUri()).ValueOrDie(), {}).ValueOrDie();
    const arrow::Status done = connection.Execute("TRUNCATE " + PgQuoteIdentifier(schema_) + ".t");
    EXPECT_TRUE(done.ok()) << done;
  });
  const auto deadline = Deadline();
  while (Value("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 't'::regclass") !=
         "1") {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "nobody queues";
    std::this_thread::yield();
  }
  ExpectTableLost(*other, t_);
  ExpectAllRows(*other, u_);
  ExpectAllRows(*session_, t_);
  session_.reset();
  snapshot_->Release({});
}

/// Without room for another connection nobody can take the leader's place; who reads, reads on, and
/// hands it on as soon as there is room.
TEST_F(PostgresHandedOnTest, WithoutRoomForAnotherConnectionSessionsReadWhatTheyHold) {
  const std::string role = "limited_" + std::to_string(getpid());
  Run("CREATE ROLE " + role + " LOGIN; GRANT SELECT ON t, u TO " + role +
      "; GRANT USAGE ON SCHEMA " + PgQuoteIdentifier(schema_) + " TO " + role);
  session_.reset();
  snapshot_.reset();
  OptionValues options;
  options.Set("application_name", schema_);
  options.Set("user", role);
  snapshot_ = OpenSnapshot({Table("t"), Table("u")}, std::move(options));
  session_ = snapshot_->Attach({}).ValueOrDie();
  ExpectAllRows(*session_, t_);
  Run("ALTER ROLE " + role + " CONNECTION LIMIT 0");
  TerminateLeader();
  ExpectTableLost(*session_, u_);
  EXPECT_EQ(CodeOf(snapshot_->Attach({}).status()), kSnapshotWaitsCode);
  ExpectAllRows(*session_, t_);
  Run("ALTER ROLE " + role + " CONNECTION LIMIT -1");
  const auto deadline = Deadline();
  while (snapshot_->TakeNews().empty()) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "it is not tried again";
    ExpectAllRows(*session_, t_);
  }
  ExpectAllRows(*snapshot_->Attach({}).ValueOrDie(), t_);
  session_.reset();
  snapshot_.reset();
  Run("DROP OWNED BY " + role + "; DROP ROLE " + role);
}

}  // namespace
}  // namespace headrace
