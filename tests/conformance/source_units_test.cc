#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "conformance/source_suite.h"
#include "headrace/plan/divide.h"

/// Whatever the strategy and however the values lie: every row is in exactly one unit.
namespace headrace {
namespace {

struct UnitsCase {
  std::string name;
  std::string setup;  ///< Makes t (id BIGINT …, v BIGINT).
};

std::string Numbers(int count) {
  return "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
         std::to_string(count) + ") INSERT INTO t ";
}

std::vector<UnitsCase> UnitsCases() {
  const std::string keyed = "CREATE TABLE t (id BIGINT PRIMARY KEY, v BIGINT); ";
  return {
      {"dense", keyed + Numbers(3'000) + "SELECT i, i % 7 FROM n"},
      {"one row", keyed + "INSERT INTO t VALUES (42, 1)"},
      {"negative and sparse", keyed + Numbers(2'000) + "SELECT (i - 1000) * 1000003, i FROM n"},
      {"clusters far apart",
       keyed + Numbers(2'000) +
           "SELECT CASE WHEN i % 2 = 0 THEN i ELSE 4000000000000000000 + i END, i FROM n"},
      {"the extremes",
       keyed +
           "INSERT INTO t VALUES (-9223372036854775808, 1), (-9223372036854775807, 2), (-1, 3), "
           "(0, 4), (9223372036854775806, 5), (9223372036854775807, 6); " +
           Numbers(1'000) + "SELECT i, i FROM n"},
      {"deleted in the middle",
       keyed + Numbers(4'000) + "SELECT i, i FROM n; DELETE FROM t WHERE id BETWEEN 500 AND 3800"},
      {"no key", "CREATE TABLE t (id BIGINT, v BIGINT); " + Numbers(2'000) +
                     "SELECT CASE WHEN i % 10 = 0 THEN NULL ELSE i % 100 END, i FROM n"},
      {"unique with NULLs", "CREATE TABLE t (id BIGINT UNIQUE, v BIGINT); " + Numbers(2'000) +
                                "SELECT CASE WHEN i % 10 = 0 THEN NULL ELSE i * 3 END, i FROM n"},
      {"key of two columns", "CREATE TABLE t (id BIGINT, v BIGINT, PRIMARY KEY (v, id)); " +
                                 Numbers(2'000) + "SELECT i, i % 20 FROM n"},
  };
}

TEST_P(SourceConformance, UnitsCoverEveryRowOnceWhateverTheStrategy) {
  std::vector<Strategy> strategies = live_->strategies();
  strategies.push_back(Strategy::kAuto);
  for (const UnitsCase& units : UnitsCases()) {
    Make(units.setup);
    const TextRows expected = Sorted(Select("SELECT id, v FROM t"));
    for (const Strategy strategy : strategies) {
      SCOPED_TRACE(units.name + ", " + std::string(StrategyName(strategy)));
      TableJob job = JobOf("t");
      job.partition.strategy = strategy;
      job.partition.target_rows = 100;
      EXPECT_EQ(Sorted(ReadJob(job)), expected);
    }
    Make("DROP TABLE t");
  }
}

TEST_P(SourceConformance, UnitsOfAColumnThatTheJobNames) {
  for (const UnitsCase& units : UnitsCases()) {
    Make(units.setup);
    SCOPED_TRACE(units.name);
    TableJob job = JobOf("t");
    job.partition.strategy = Strategy::kIdRange;
    job.partition.column = "id";
    job.partition.target_rows = 100;
    EXPECT_EQ(Sorted(ReadJob(job)), Sorted(Select("SELECT id, v FROM t")));
    Make("DROP TABLE t");
  }
}

/// A unit that turns out to be too large is cut where the source says; `parts`: how many were made.
TextRows ReadParts(Snapshot& snapshot, const TableJob& job, const PlannedTable& planned,
                   size_t& parts) {
  const auto session = snapshot.Attach({}).ValueOrDie();
  TextRows rows;
  for (const WorkUnit& unit : planned.units) {
    const auto sample = snapshot.SampleUnit(planned.plan, unit, {});
    EXPECT_TRUE(sample.has_value()) << "nobody else looks";
    std::vector<WorkUnit> divided = DivideUnit(unit, *sample, 50);
    parts += divided.size();
    if (divided.empty()) divided.push_back(unit);
    for (const WorkUnit& part : divided) {
      const auto read = ReadUnitRows(*session, planned.plan, part);
      EXPECT_TRUE(read.ok()) << job.table.label() << ", " << part.id << ": " << read.status();
      if (read.ok()) rows.insert(rows.end(), read->begin(), read->end());
    }
  }
  return rows;
}

TEST_P(SourceConformance, PartsOfAUnitHoldItsRowsOnceWhateverTheStrategy) {
  for (const UnitsCase& units : UnitsCases()) {
    Make(units.setup);
    const TextRows expected = Sorted(Select("SELECT id, v FROM t"));
    for (const Strategy strategy : live_->strategies()) {
      SCOPED_TRACE(units.name + ", " + std::string(StrategyName(strategy)));
      TableJob job = JobOf("t");
      job.partition.strategy = strategy;
      job.partition.target_rows = 1'000;
      const auto snapshot = OpenSnapshot({job.table});
      const PlannedTable planned = Plan(*snapshot, job);
      size_t parts = 0;
      EXPECT_EQ(Sorted(ReadParts(*snapshot, job, planned, parts)), expected);
      if (units.name == "dense" && strategy == Strategy::kIdRange) EXPECT_GE(parts, 50);
    }
    Make("DROP TABLE t");
  }
}

/// Whatever the strategy: a filter chooses the rows, not the way they are cut.
TEST_P(SourceConformance, NullsOfTheSplitColumnAreLeftOutOrRefusedWhereTheJobWantsIt) {
  for (const UnitsCase& units : UnitsCases()) {
    Make(units.setup);
    const std::string nulls = Select("SELECT count(*) FROM t WHERE id IS NULL")[0][0];
    for (const Strategy strategy : live_->strategies()) {
      SCOPED_TRACE(units.name + ", " + std::string(StrategyName(strategy)));
      TableJob job = JobOf("t");
      job.partition = {.strategy = strategy,
                       .column = "id",
                       .target_rows = 100,
                       .nulls = NullRowsPolicy::kExclude};
      const PlannedTable excluding = PlanAlone(job);
      ASSERT_TRUE(excluding.status.ok()) << excluding.status;
      EXPECT_EQ(Sorted(ReadJob(job)), Sorted(Select("SELECT id, v FROM t WHERE id IS NOT NULL")));
      const auto says_how_many = [&](const std::string& warning) {
        return warning.starts_with(nulls + " row");
      };
      EXPECT_EQ(std::ranges::any_of(excluding.plan.warnings, says_how_many), nulls != "0");
      job.partition.nulls = NullRowsPolicy::kError;
      const arrow::Status refused = PlanAlone(job).status;
      EXPECT_EQ(refused.ok(), nulls == "0") << refused;
      if (nulls != "0") EXPECT_THAT(refused.message(), testing::HasSubstr(": " + nulls + " row"));
    }
    Make("DROP TABLE t");
  }
}

/// Doubles cut no table: what the planner takes instead may be NULL in other rows.
TEST_P(SourceConformance, NullsOfAColumnThatDoesNotCutTheTable) {
  Make("CREATE TABLE t (u BIGINT UNIQUE, x DOUBLE PRECISION, id BIGINT)");
  std::string insert = "INSERT INTO t VALUES (0, 0.5, 0)";
  for (int row = 1; row < 1'000; ++row) {
    const std::string number = std::to_string(row);
    insert.append(row % 10 == 0 ? ", (NULL" : ", (" + number);
    insert.append(", ").append(row % 7 == 0 ? "NULL" : number).append(", ").append(number);
    insert.append(")");
  }
  Make(insert);
  TableJob job = JobOf("t");
  job.columns = {{.name = "id", .as = {}, .type = {}, .on_overflow = {}}};
  job.partition.column = "x";
  job.partition.target_rows = 100;
  job.partition.nulls = NullRowsPolicy::kExclude;
  EXPECT_EQ(Sorted(ReadJob(job)), Sorted(Select("SELECT id FROM t WHERE x IS NOT NULL")));
  Make("UPDATE t SET x = 1 WHERE x IS NULL");
  job.partition.nulls = NullRowsPolicy::kError;
  EXPECT_EQ(Sorted(ReadJob(job)), Sorted(Select("SELECT id FROM t")));
}

TEST_P(SourceConformance, OnlyTheRowsOfAWindowAreReadWhateverTheStrategy) {
  Make("CREATE TABLE t (id BIGINT, v BIGINT)");
  std::string insert = "INSERT INTO t VALUES (NULL, 0)";
  for (int row = 1; row < 1'000; ++row) {
    insert.append(", (").append(std::to_string(row)).append(", 1)");
  }
  Make(insert);
  const WorkUnit whole{.plan_id = {}, .id = "0", .split = WholeTable{}};
  for (const Strategy strategy : live_->strategies()) {
    SCOPED_TRACE(StrategyName(strategy));
    TableJob job = JobOf("t");
    job.where = "v = 1 OR v = 0";
    job.partition = {.strategy = strategy, .column = "id", .target_rows = 100};
    const auto snapshot = OpenSnapshot({job.table});
    PlannedTable planned = Plan(*snapshot, job);
    planned.plan.filter.window = IdRange{"id", 250, 650};
    EXPECT_EQ(snapshot->CountRows(planned.plan, whole, {}).ValueOr(-1), 400);
    const auto session = snapshot->Attach({}).ValueOrDie();
    EXPECT_EQ(Sorted(ReadPlan(*session, planned)),
              Sorted(Select("SELECT id, v FROM t WHERE id >= 250 AND id < 650")));
  }
}

TEST_P(SourceConformance, NullsAreCountedAmongTheRowsThatTheJobWants) {
  Make("CREATE TABLE t (id BIGINT, v BIGINT); INSERT INTO t VALUES (1, 1), (NULL, 2), (NULL, 3)");
  TableJob job = JobOf("t");
  job.where = "v <> 2";
  job.partition.column = "id";
  job.partition.nulls = NullRowsPolicy::kError;
  EXPECT_THAT(PlanAlone(job).status.message(), testing::HasSubstr(": 1 row has NULL in \"id\""));
  job.where = "v < 2";
  EXPECT_TRUE(PlanAlone(job).status.ok());
}

/// Ranges that no statistics made: the bounds of one unit are the next one's, whatever lies there.
TEST_P(SourceConformance, NeighbouringRangesShareTheirBound) {
  Make("CREATE TABLE t (id BIGINT, v BIGINT)");
  Make(
      "INSERT INTO t VALUES (NULL, 0), (-9223372036854775808, 1), (-5, 2), (-5, 3), (0, 4), (7, "
      "5), "
      "(9223372036854775807, 6)");
  const TableJob job = JobOf("t");
  const auto snapshot = OpenSnapshot({job.table});
  PlannedTable planned = Plan(*snapshot, job);
  planned.units.clear();
  const auto add = [&](Split split) {
    const std::string id = std::to_string(planned.units.size());
    planned.units.push_back({.plan_id = planned.plan.id, .id = id, .split = std::move(split)});
  };
  add(NullRows{"id"});
  std::optional<int64_t> lower;
  for (const int64_t bound : {int64_t{-5}, int64_t{-4}, int64_t{0}, int64_t{7}, int64_t{8}}) {
    add(IdRange{"id", lower, bound});
    lower = bound;
  }
  add(IdRange{"id", lower, std::nullopt});
  const auto session = snapshot->Attach({}).ValueOrDie();
  EXPECT_EQ(Sorted(ReadPlan(*session, planned)), Sorted(Select("SELECT id, v FROM t")));
}

TEST_P(SourceConformance, UnitIdsAreUniqueAndUnitsNameTheirPlan) {
  Make("CREATE TABLE t (id BIGINT PRIMARY KEY, v BIGINT)");
  Fill("t", 3'000, "i, i");
  TableJob job = JobOf("t");
  job.partition.target_rows = 100;
  const auto snapshot = OpenSnapshot({job.table});
  const PlannedTable planned = Plan(*snapshot, job);
  EXPECT_GT(planned.units.size(), 1);
  std::set<std::string> ids;
  for (const WorkUnit& unit : planned.units) {
    EXPECT_TRUE(ids.insert(unit.id).second) << unit.id;
    EXPECT_EQ(unit.plan_id, planned.plan.id);
    EXPECT_EQ(ParseWorkUnit(SerializeWorkUnit(unit, planned.plan)).ValueOrDie(), unit);
  }
}

TEST_P(SourceConformance, EstimatesAreAboutRight) {
  Make("CREATE TABLE t (id BIGINT PRIMARY KEY, s TEXT)");
  Fill("t", 20'000, "i * 5, 'twenty characters ..'");
  Make("ANALYZE");
  const TableRef table = live_->Table("t");
  const auto snapshot = OpenSnapshot({table});
  const Description description = snapshot->Describe(table, {}).ValueOrDie();
  const std::vector<std::string> columns = {"id", "s"};
  const std::vector<std::string> split = {"id"};
  const Statistics statistics =
      snapshot->Estimate(description, {.columns = columns, .split_columns = split}, {})
          .ValueOrDie();
  EXPECT_NEAR(static_cast<double>(statistics.rows), 20'000, 1'000);
  EXPECT_NEAR(statistics.row_width, 8 + 4 + 20, 8);
  EXPECT_FALSE(statistics.origin.empty());
  ASSERT_TRUE(statistics.columns.contains("id"));
  EXPECT_NEAR(static_cast<double>(statistics.columns.at("id").maximum.value_or(0)), 100'000, 1'000);
}

}  // namespace
}  // namespace headrace
