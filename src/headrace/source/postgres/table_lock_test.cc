// Statements of others that come between the locks of a run and its reads.

#include <arrow/table.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "headrace/client/postgres/stop_when_asleep.h"
#include "headrace/source/postgres/test_database.h"

namespace headrace {
namespace {

class PostgresTableLockTest : public PostgresDatabaseTest {
 protected:
  /// Until `sql` gives `value`.
  void Await(const std::string& sql, const std::string& value) {
    constexpr std::chrono::seconds kPatience{60};
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (Value(sql) != value) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "in vain: " << sql;
      std::this_thread::yield();
    }
  }

  /// ACCESS SHARE locks that are held on `table`, or locks of `mode` that are waited for.
  std::string Holders(const std::string& table) {
    return LockCount(table, "AccessShareLock", true);
  }

  void AwaitQueued(const std::string& table, const std::string& mode = "AccessExclusiveLock") {
    Await(LockCountSql(table, mode, false), "1");
  }

  std::string LockCount(const std::string& table, const std::string& mode, bool granted) {
    return Value(LockCountSql(table, mode, granted));
  }

  static std::string LockCountSql(const std::string& table, const std::string& mode, bool granted) {
    return "SELECT count(*) FROM pg_locks WHERE mode = '" + mode + "' AND relation = '" + table +
           "'::regclass AND granted = " + (granted ? "true" : "false");
  }

  /// Another connection, whose search_path is the test's schema.
  PgConnection Other() {
    auto other = PgConnection::Connect(ParsePgUri(TestServerUri()).ValueOrDie(), {}).ValueOrDie();
    EXPECT_TRUE(other.Execute("SET search_path = " + PgQuoteIdentifier(schema_)).ok());
    return other;
  }
};

IdRange Below(int64_t id) { return {.column = "id", .lower = {}, .upper = id}; }
IdRange From(int64_t id) { return {.column = "id", .lower = id, .upper = {}}; }

int64_t RowsOf(Session& session, const TablePlan& plan, const Split& split) {
  const auto rows = ReadUnit(session, plan, split);
  EXPECT_TRUE(rows.ok()) << rows.status();
  return rows.ok() ? (*rows)->num_rows() : -1;
}

TEST_F(PostgresTableLockTest, BehindAQueuedTruncateALateSessionReadsThroughTheLeader) {
  Run("CREATE TABLE t (id int); INSERT INTO t SELECT generate_series(1, 1000)");
  Run("CREATE TABLE u (id int); INSERT INTO u SELECT generate_series(1, 10)");
  auto snapshot = OpenSnapshot({Table("t"), Table("u")});
  const TablePlan t = PlanOf(snapshot->Describe(Table("t"), {}).ValueOrDie());
  const TablePlan u = PlanOf(snapshot->Describe(Table("u"), {}).ValueOrDie());
  auto early = snapshot->Attach({}).ValueOrDie();
  EXPECT_EQ(RowsOf(*early, t, Below(101)), 100);
  PgConnection other = Other();
  arrow::Status truncated;
  {
    const std::jthread truncate([&] { truncated = other.Execute("TRUNCATE t"); });
    AwaitQueued("t");
    {
      // Late by its thread as well: it waits for the leader where another late one has it.
      std::vector<std::jthread> late;
      for (int64_t part = 1; part <= 3; ++part) {
        late.emplace_back([&, part] {
          const auto session = snapshot->Attach({}).ValueOrDie();
          const IdRange share{.column = "id", .lower = part * 300 - 199, .upper = part * 300 + 101};
          EXPECT_EQ(RowsOf(*session, t, share), 300);
          EXPECT_EQ(RowsOf(*session, u, WholeTable{}), 10) << "its transaction lives on";
        });
      }
    }
    EXPECT_EQ(RowsOf(*early, t, From(501)), 500) << "its own lock is enough";
    EXPECT_EQ(Holders("t"), "2") << "the leader and the early session";
    EXPECT_EQ(LockCount("t", "AccessExclusiveLock", false), "1") << "still queued";
    early.reset();
    snapshot.reset();
  }
  EXPECT_TRUE(truncated.ok()) << truncated;
  EXPECT_EQ(Value("SELECT count(*) FROM t"), "0");
}

TEST_F(PostgresTableLockTest, ALateSessionThatWaitsForTheLeaderCanBeStopped) {
  Run("CREATE TABLE t (id int); INSERT INTO t SELECT generate_series(1, 1000)");
  auto snapshot = OpenSnapshot({Table("t")});
  TablePlan t = PlanOf(snapshot->Describe(Table("t"), {}).ValueOrDie());
  t.statistics.columns["id"].indexed = true;
  PgConnection other = Other();
  {
    const std::jthread truncate([&] { static_cast<void>(other.Execute("TRUNCATE t")); });
    AwaitQueued("t");
    auto first = snapshot->Attach({}).ValueOrDie();
    auto second = snapshot->Attach({}).ValueOrDie();
    auto reader = first->Open(t, UnitOf(WholeTable{}), {}, {}).ValueOrDie();
    EXPECT_FALSE(snapshot->SampleUnit(t, UnitOf(Below(500)), {}).has_value()) << "it is busy";
    std::stop_source stop;
    const StopWhenAsleep stopper(stop);
    const auto refused = second->Open(t, UnitOf(WholeTable{}), {}, stop.get_token());
    EXPECT_EQ(CodeOf(refused.status()), kInterruptedCode) << refused.status();
    reader.reset();
    EXPECT_EQ(snapshot->SampleUnit(t, UnitOf(Below(500)), {}).value().rows, 499);
    EXPECT_EQ(RowsOf(*second, t, WholeTable{}), 1000);
    first.reset();
    second.reset();
    snapshot.reset();
  }
}

TEST_F(PostgresTableLockTest, APartitionAttachedWhileTheLocksAreTakenIsLockedToo) {
  Run("CREATE TABLE p (id int) PARTITION BY RANGE (id); CREATE TABLE waits (id int)");
  Run("CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10); INSERT INTO p VALUES (1)");
  Run("CREATE TABLE p2 (id int); INSERT INTO p2 VALUES (11), (12)");
  // The leader holds p and waits for the next table.
  Run("BEGIN; LOCK TABLE waits IN ACCESS EXCLUSIVE MODE");
  std::unique_ptr<Snapshot> snapshot;
  {
    const std::jthread opening([&] { snapshot = OpenSnapshot({Table("p"), Table("waits")}); });
    AwaitQueued("waits", "AccessShareLock");
    EXPECT_EQ(Holders("p"), "1");
    ASSERT_TRUE(
        Other().Execute("ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM (10) TO (20)").ok());
    Run("COMMIT");
  }
  const TablePlan plan = PlanOf(snapshot->Describe(Table("p"), {}).ValueOrDie());
  EXPECT_EQ(plan.description.leaves.size(), 2);
  EXPECT_EQ(Holders("p2"), "1") << "the leader's";
  EXPECT_TRUE(snapshot->warnings().empty());
  const arrow::Status truncate = writer_->Execute("SET lock_timeout = '50ms'; TRUNCATE p2");
  EXPECT_EQ(CodeOf(truncate), "55P03") << truncate;
  Run("ROLLBACK; RESET lock_timeout");
  const auto session = snapshot->Attach({}).ValueOrDie();
  EXPECT_EQ(RowsOf(*session, plan, WholeTable{}), 3);
}

TEST_F(PostgresTableLockTest, ATableThatIsMissingDoesNotKeepTheOthersFromBeingLocked) {
  Run("CREATE TABLE p (id int) PARTITION BY RANGE (id)");
  Run("CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10); CREATE VIEW v AS TABLE p");
  const auto snapshot = OpenSnapshot({Table("none"), Table("p"), Table("v")});
  EXPECT_FALSE(snapshot->Describe(Table("none"), {}).ok());
  EXPECT_TRUE(snapshot->Describe(Table("v"), {}).ok());
  EXPECT_EQ(Holders("p1"), "1");
}

/// What wants an index for itself, and of its table no more than a reader leaves it.
constexpr std::array<const char*, 3> kOfAnIndex = {"REINDEX INDEX t_id", "REINDEX TABLE t",
                                                   "ALTER INDEX t_id SET TABLESPACE pg_default"};

/// Where a session waits for a lock all the same, it ends in an error.
OptionValues WaitingForTenSeconds() {
  OptionValues options;
  options.Set("lock_timeout", int64_t{10'000});
  return options;
}

TEST_F(PostgresTableLockTest, BehindWhatQueuesForAnIndexALateSessionReadsThroughTheLeader) {
  Run("CREATE TABLE t (id int); INSERT INTO t SELECT generate_series(1, 1000)");
  Run("CREATE INDEX t_id ON t (id)");
  for (const char* const statement : kOfAnIndex) {
    SCOPED_TRACE(statement);
    auto snapshot = OpenSnapshot({Table("t")}, WaitingForTenSeconds());
    const TablePlan t = PlanOf(snapshot->Describe(Table("t"), {}).ValueOrDie());
    ASSERT_TRUE(snapshot->TryUnit(t, UnitOf(Below(101)), {}).ok());
    auto early = snapshot->Attach({}).ValueOrDie();
    EXPECT_EQ(RowsOf(*early, t, Below(101)), 100);
    PgConnection other = Other();
    arrow::Status changed;
    {
      const std::jthread change([&] { changed = other.Execute(statement); });
      AwaitQueued("t_id");
      auto late = snapshot->Attach({}).ValueOrDie();
      EXPECT_EQ(RowsOf(*late, t, From(501)), 500);
      EXPECT_EQ(RowsOf(*early, t, From(301)), 700) << "its own locks are enough";
      EXPECT_EQ(Holders("t_id"), "2") << "the leader and the early session";
      EXPECT_EQ(LockCount("t_id", "AccessExclusiveLock", false), "1") << "still queued";
      late.reset();
      early.reset();
      snapshot.reset();
    }
    EXPECT_TRUE(changed.ok()) << changed;
  }
}

TEST_F(PostgresTableLockTest, AnIndexOfAnotherPartIsNotWaitedForEither) {
  Run("CREATE TABLE p (id int) PARTITION BY RANGE (id)");
  Run("CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (101)");
  Run("CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (101) TO (1001)");
  Run("INSERT INTO p SELECT generate_series(1, 1000)");
  Run("CREATE INDEX p1_id ON p1 (id); CREATE INDEX p2_id ON p2 (id)");
  auto snapshot = OpenSnapshot({Table("p")}, WaitingForTenSeconds());
  const TablePlan p = PlanOf(snapshot->Describe(Table("p"), {}).ValueOrDie());
  ASSERT_TRUE(snapshot->TryUnit(p, UnitOf(Below(101)), {}).ok());
  auto early = snapshot->Attach({}).ValueOrDie();
  auto late = snapshot->Attach({}).ValueOrDie();
  EXPECT_EQ(RowsOf(*early, p, Below(101)), 100);
  EXPECT_EQ(Holders("p1_id"), "2");
  EXPECT_EQ(Holders("p2_id"), "2") << "the leader, and the session that is to read it";
  PgConnection other = Other();
  const std::jthread reindex([&] { static_cast<void>(other.Execute("REINDEX INDEX p2_id")); });
  AwaitQueued("p2_id");
  EXPECT_EQ(RowsOf(*early, p, From(101)), 900);
  EXPECT_EQ(RowsOf(*late, p, From(101)), 900);
  EXPECT_EQ(RowsOf(*late, p, Below(101)), 100);
  EXPECT_EQ(Holders("p2_id"), "2");
  early.reset();
  late.reset();
  snapshot.reset();
}

/// All of them, in the leader and in each session, would be more locks than a server has room for.
TEST_F(PostgresTableLockTest, OfVeryManyPartsIndexesAreHeldUnitByUnit) {
  Run("CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id)");
  Run("DO $$ BEGIN FOR i IN 0..100 LOOP EXECUTE format('CREATE TABLE p%s PARTITION OF p FOR VALUES "
      "FROM (%s) TO (%s)', i, i * 10, i * 10 + 10); END LOOP; END $$");
  Run("INSERT INTO p SELECT generate_series(0, 1009)");
  auto snapshot = OpenSnapshot({Table("p")});
  const TablePlan p = PlanOf(snapshot->Describe(Table("p"), {}).ValueOrDie());
  ASSERT_TRUE(snapshot->TryUnit(p, UnitOf(Below(10)), {}).ok());
  EXPECT_EQ(Holders("p0_pkey"), "0");
  auto session = snapshot->Attach({}).ValueOrDie();
  EXPECT_EQ(RowsOf(*session, p, Below(10)), 10);
  EXPECT_EQ(Holders("p0_pkey"), "1");
  EXPECT_EQ(Holders("p1_pkey"), "0");
}

TEST_F(PostgresTableLockTest, TheLeaderHoldsTheIndexesOfAllThatIsRead) {
  Run("CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE child () INHERITS (t)");
  Run("CREATE INDEX child_id ON child (id); CREATE TABLE notes (id int PRIMARY KEY, note text)");
  Run("CREATE VIEW shown AS SELECT id, (SELECT note FROM notes WHERE notes.id = t.id) FROM t");
  Run("CREATE TABLE p (id int) PARTITION BY RANGE (id)");
  Run("CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10)");
  Run("CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20)");
  Run("CREATE INDEX p1_id ON p1 (id); CREATE INDEX p2_id ON p2 (id)");
  Run("CREATE MATERIALIZED VIEW m AS SELECT 1 AS id; CREATE INDEX m_id ON m (id)");
  struct Case {
    std::string table;
    Split split;
    std::vector<std::string> indexes;
  };
  const std::vector<Case> cases = {
      {"t", Below(5), {"t_pkey", "child_id"}},
      {"shown", WholeTable{}, {"t_pkey", "child_id", "notes_pkey"}},
      {"m", WholeTable{}, {"m_id"}},
      {"p", Below(5), {"p1_id", "p2_id"}},
      {"p", PageRange{schema_, "p1", 0, {}}, {"p1_id", "p2_id"}},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.table);
    auto snapshot = OpenSnapshot({Table(each.table)});
    const TablePlan plan = PlanOf(snapshot->Describe(Table(each.table), {}).ValueOrDie());
    const arrow::Status tried = snapshot->TryUnit(plan, UnitOf(each.split), {});
    EXPECT_TRUE(tried.ok()) << tried;
    for (const std::string& index : each.indexes) EXPECT_EQ(Holders(index), "1") << index;
    auto late = snapshot->Attach({}).ValueOrDie();
    {
      PgConnection other = Other();
      const std::string& last = each.indexes.back();
      const std::jthread reindex(
          [&] { static_cast<void>(other.Execute("REINDEX INDEX " + last)); });
      AwaitQueued(last);
      if (each.split.index() != Split(PageRange{}).index()) {
        EXPECT_TRUE(ReadUnit(*late, plan, each.split, {}).ok());
        EXPECT_EQ(Holders(last), "1") << "the leader reads for the session";
      }
      late.reset();
      snapshot.reset();
    }
  }
}

}  // namespace
}  // namespace headrace
