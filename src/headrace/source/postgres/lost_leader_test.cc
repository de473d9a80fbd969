// The connection that holds the snapshot is lost while the tables are planned.

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
    Run("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 100)");
  }

  /// A snapshot whose leader the server knows by a name of its own.
  std::unique_ptr<Snapshot> OpenNamed(const std::string& mode) {
    OptionValues options;
    options.Set("application_name", schema_);
    options.Set("snapshot", mode);
    return OpenSnapshot({Table("t")}, std::move(options));
  }

  /// The oldest connection of that name: sessions come after it.
  void TerminateLeader() {
    const std::string leader = Value(
        "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        " AND application_name = " +
        PgQuoteLiteral(schema_) + " ORDER BY backend_start LIMIT 1");
    EXPECT_EQ(Value("SELECT pg_terminate_backend(" + leader + ")"), "t");
    constexpr std::chrono::seconds kPatience{60};
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (Value("SELECT count(*) FROM pg_stat_activity WHERE pid = " + leader) != "0") {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "the leader does not end";
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
  EXPECT_EQ(CodeOf(lost), kSnapshotLostCode) << lost;
}

}  // namespace
}  // namespace headrace
