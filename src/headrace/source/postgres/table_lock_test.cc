// Statements of others that come between the locks of a run and its reads.

#include <arrow/table.h>
#include <gtest/gtest.h>

#include <chrono>
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
  const TablePlan t = PlanOf(snapshot->Describe(Table("t"), {}).ValueOrDie());
  PgConnection other = Other();
  {
    const std::jthread truncate([&] { static_cast<void>(other.Execute("TRUNCATE t")); });
    AwaitQueued("t");
    auto first = snapshot->Attach({}).ValueOrDie();
    auto second = snapshot->Attach({}).ValueOrDie();
    auto reader = first->Open(t, UnitOf(WholeTable{}), {}, {}).ValueOrDie();
    std::stop_source stop;
    const StopWhenAsleep stopper(stop);
    const auto refused = second->Open(t, UnitOf(WholeTable{}), {}, stop.get_token());
    EXPECT_EQ(CodeOf(refused.status()), kInterruptedCode) << refused.status();
    reader.reset();
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

}  // namespace
}  // namespace headrace
