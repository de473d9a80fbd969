#include "headrace/source/postgres/estimate.h"

#include <arrow/table.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <vector>

#include "headrace/source/postgres/estimate_query.h"
#include "headrace/source/postgres/key_sample.h"
#include "headrace/source/postgres/test_database.h"

namespace headrace {
namespace {

using Names = std::vector<std::string>;

constexpr std::string_view kGate = "4711";

/// Estimates as a role of the test's own, which has the rights that the test gives it.
class PostgresEstimateTest : public PostgresDatabaseTest {
 protected:
  void SetUp() override {
    PostgresDatabaseTest::SetUp();
    role_ = schema_ + "_role";
    Run("CREATE ROLE " + Role() + " LOGIN; GRANT USAGE ON SCHEMA " + PgQuoteIdentifier(schema_) +
        " TO " + Role());
  }
  void TearDown() override {
    snapshot_.reset();
    Run("SELECT pg_advisory_unlock_all(); DROP OWNED BY " + Role() + " CASCADE; DROP ROLE " +
        Role());
    PostgresDatabaseTest::TearDown();
  }

  std::string Role() const { return PgQuoteIdentifier(role_); }

  Description Describe(const TableRef& table) {
    OptionValues options;
    options.Set("user", role_);
    options.Set("row_security", std::string("accept"));
    snapshot_ = OpenSnapshot({table}, std::move(options));
    auto description = snapshot_->Describe(table, {});
    EXPECT_TRUE(description.ok()) << description.status();
    return description.ok() ? *std::move(description) : Description();
  }

  /// A connection of the role, in a transaction like a leader's.
  PgConnection BeginAsRole() {
    PgConnectSettings settings = ParsePgUri(TestServerUri()).ValueOrDie();
    settings.Set("user", role_);
    PgConnection connection = PgConnection::Connect(settings, {}).ValueOrDie();
    EXPECT_TRUE(connection.Execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").ok());
    return connection;
  }

  arrow::Result<Statistics> Estimate(const Description& description, const Names& columns,
                                     const Names& split = {}, std::stop_token stop = {}) {
    return snapshot_->Estimate(description, {.columns = columns, .split_columns = split},
                               std::move(stop));
  }

  /// Who reads a row of `table` stands still until the test ends.
  void CloseGate(const std::string& table) {
    const std::string gate(kGate);
    Run("CREATE FUNCTION gate() RETURNS boolean LANGUAGE sql AS 'SELECT pg_advisory_xact_lock(" +
        gate + ") IS NOT NULL'; SELECT pg_advisory_lock(" + gate + ")");
    Run("GRANT SELECT ON " + table + " TO " + Role() + "; CREATE POLICY slow ON " + table +
        " USING (gate()); ALTER TABLE " + table + " ENABLE ROW LEVEL SECURITY");
  }

  void Await(const std::string& question, std::string_view answer) {
    constexpr std::chrono::seconds kPatience{60};
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (Value(question) != answer) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << question;
      std::this_thread::yield();
    }
  }

  void AwaitReaderAtGate() {
    Await("SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND objid = " +
              std::string(kGate) + " AND NOT granted",
          "t");
  }

  /// A session tells the server now and then how many rows it has changed.
  void AwaitChanges(int changes) {
    Await("SELECT pg_stat_get_mod_since_analyze('t'::regclass)", std::to_string(changes));
  }

  /// Behind it the server counts from here on.
  void AnalyzeBehindChanges(int changes) {
    AwaitChanges(changes);
    Run("ANALYZE t");
    AwaitChanges(0);
  }

  std::string role_;
  std::unique_ptr<Snapshot> snapshot_;
};

TEST_F(PostgresEstimateTest, GrantsOnColumnsAreEnoughForThem) {
  Run("CREATE TABLE t (id bigint PRIMARY KEY, secret int UNIQUE, name text);"
      "INSERT INTO t SELECT i, i, 'x' FROM generate_series(1, 1000) AS i; ANALYZE t");
  Run("GRANT SELECT (id, name) ON t TO " + Role());
  const Description t = Describe(Table("t"));
  const auto estimated = Estimate(t, {"id", "name"}, {"id"});
  ASSERT_TRUE(estimated.ok()) << estimated.status();
  EXPECT_EQ(estimated->rows, 1000);
  EXPECT_EQ(estimated->columns.at("id").minimum, 1);
  EXPECT_EQ(estimated->columns.at("id").maximum, 1000);
  EXPECT_EQ(estimated->columns.at("secret").minimum, std::nullopt);

  const auto refused = Estimate(t, {"id", "name"}, {"secret", "id"});
  ASSERT_TRUE(refused.ok()) << refused.status();
  EXPECT_EQ(refused->columns.at("secret").minimum, std::nullopt);
  EXPECT_EQ(refused->columns.at("id").maximum, 1000);
}

TEST_F(PostgresEstimateTest, AViewIsExplainedForTheColumnsThatAreRead) {
  Run("CREATE TABLE t (id int, secret int); INSERT INTO t SELECT i, i FROM generate_series(1, 500) "
      "i;"
      "ANALYZE t; CREATE VIEW v AS TABLE t");
  Run("GRANT SELECT (id) ON v TO " + Role());
  const Description v = Describe(Table("v"));
  EXPECT_EQ(Estimate(v, {"id"}).ValueOrDie().rows, 500);
  EXPECT_EQ(Estimate(v, {"id", "secret"}).ValueOrDie().rows, -1) << "unknown";
}

TEST_F(PostgresEstimateTest, ALeafThatMayNotBeReadDirectlyIsJudgedByItsPages) {
  Run("CREATE TABLE p (id int, name text) PARTITION BY RANGE (id);"
      "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100000) WITH (autovacuum_enabled = "
      "off);"
      "INSERT INTO p SELECT i, 'a name' FROM generate_series(1, 20000) AS i");
  Run("GRANT SELECT ON p TO " + Role());
  const Description p = Describe(Table("p"));
  const auto estimated = Estimate(p, {"id", "name"});
  ASSERT_TRUE(estimated.ok()) << estimated.status();
  EXPECT_GT(estimated->rows, 5'000);
  EXPECT_LT(estimated->rows, 80'000);
  EXPECT_EQ(estimated->origin, "number of pages, never analysed");
  EXPECT_EQ(ReadWhole(*snapshot_, Table("p")).ValueOrDie()->num_rows(), 20'000);
}

TEST_F(PostgresEstimateTest, EndsAreAskedForWhereTheTableIsCutByValuesAndAnErrorLeavesThemUnknown) {
  Run("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 100); ANALYZE "
      "t;"
      "CREATE FUNCTION refuse() RETURNS boolean LANGUAGE plpgsql AS"
      " 'BEGIN RAISE EXCEPTION ''a row was read''; END';"
      "CREATE POLICY none ON t USING (refuse()); ALTER TABLE t ENABLE ROW LEVEL SECURITY");
  Run("GRANT SELECT ON t TO " + Role());
  const Description t = Describe(Table("t"));
  const auto estimated = Estimate(t, {"id"}, {"id"});
  ASSERT_TRUE(estimated.ok()) << estimated.status();
  EXPECT_EQ(estimated->rows, 100);
  EXPECT_EQ(estimated->columns.at("id").minimum, std::nullopt);
  EXPECT_NE(ReadWhole(*snapshot_, Table("t")).status().message().find("a row was read"),
            std::string::npos)
      << "who reads is told";
}

TEST_F(PostgresEstimateTest, KeysWhoseSampleHasNoRoomToBeSortedStayUnknown) {
  Run("CREATE TABLE t (key text PRIMARY KEY);"
      "INSERT INTO t SELECT repeat(md5(i::text), 4) FROM generate_series(1, 20000) AS i; ANALYZE "
      "t");
  Run("GRANT SELECT ON t TO " + Role());
  const Description t = Describe(Table("t"));
  EXPECT_FALSE(Estimate(t, {"key"}, {"key"}).ValueOrDie().columns.at("key").keys.empty());
  snapshot_.reset();

  // Room for all locks of a server that others use too, which the leader looks through.
  Run("ALTER ROLE " + Role() + " SET temp_file_limit = 0; ALTER ROLE " + Role() +
      " SET work_mem = '512kB'");
  const auto estimated = Estimate(Describe(Table("t")), {"key"}, {"key"});
  ASSERT_TRUE(estimated.ok()) << estimated.status();
  EXPECT_TRUE(estimated->columns.at("key").keys.empty());
  EXPECT_NE(estimated->columns.at("key").unknown_because, "");
  EXPECT_EQ(ReadWhole(*snapshot_, Table("t")).ValueOrDie()->num_rows(), 20'000);
}

/// Each partition has the same key in the same block: a sample that takes the same blocks of each
/// one misses some for good.
TEST_F(PostgresEstimateTest, PartitionsAreSampledInBlocksOfTheirOwn) {
  Run("CREATE TABLE t (part int, key text, filler text) PARTITION BY LIST (part);"
      "ALTER TABLE t ALTER filler SET STORAGE PLAIN;"
      "DO $$ BEGIN FOR i IN 1..100 LOOP"
      " EXECUTE format('CREATE TABLE t%s PARTITION OF t FOR VALUES IN (%s)', i, i);"
      "END LOOP; END $$;"
      "INSERT INTO t SELECT part, 'k' || 1000 + block, repeat('x', 5000)"
      " FROM generate_series(1, 100) AS part, generate_series(1, 40) AS block; ANALYZE t");
  Run("GRANT SELECT ON t TO " + Role());
  const Description t = Describe(Table("t"));
  const auto keys = [&] {
    return Estimate(t, {"key"}, {"key"}).ValueOrDie().columns.at("key").keys;
  };
  const std::vector<KeyBound> first = keys();
  EXPECT_EQ(first.size(), 40);
  const auto is_same = [](const KeyBound& one, const KeyBound& other) {
    return one.value == other.value && one.share_below == other.share_below;
  };
  EXPECT_TRUE(std::ranges::equal(first, keys(), is_same)) << "two plans are the same";
}

TEST(PostgresKeyOrderTest, ListsHaveNone) {
  const auto has_order = [](std::string type) {
    Column column;
    column.source_type = std::move(type);
    return HasKeyOrder(column);
  };
  for (const char* type : {"text", "uuid", "numeric", "numeric(10,2)", "character varying",
                           "character varying(5)", "character(3)"}) {
    EXPECT_TRUE(has_order(type)) << type;
    EXPECT_FALSE(has_order(std::string(type) + "[]")) << type;
  }
}

TEST_F(PostgresEstimateTest, AColumnThatIsNullInAllRowsIsSaidToBe) {
  Run("CREATE TABLE t (id int, at timestamp, plain int);"
      "INSERT INTO t SELECT FROM generate_series(1, 100); CREATE INDEX ON t (id);"
      "CREATE INDEX ON t (at); ANALYZE t");
  Run("GRANT SELECT ON t TO " + Role());
  const Description t = Describe(Table("t"));
  for (const auto& [column, reason] :
       {std::pair("id", "it is NULL in all rows"),
        std::pair("at", "it is NULL, or infinite, in all rows"),
        std::pair("plain", "it is NULL in all rows that ANALYZE has seen")}) {
    const std::string name = column;
    EXPECT_EQ(Estimate(t, {name}, {name}).ValueOrDie().columns.at(name).unknown_because, reason);
  }
}

/// A statement that ends in an error with this SQLSTATE.
std::string FailingSql(const std::string& sqlstate) { return "SELECT raise('" + sqlstate + "')"; }

TEST_F(PostgresEstimateTest, WhatAPlanCanDoWithoutMayFailButForTheConnection) {
  Run("CREATE FUNCTION raise(code text) RETURNS int LANGUAGE plpgsql AS"
      " 'BEGIN RAISE EXCEPTION ''no'' USING ERRCODE = code; END'");
  PgConnection connection = BeginAsRole();
  ASSERT_TRUE(connection.Execute("SET LOCAL search_path = " + PgQuoteIdentifier(schema_)).ok());
  EstimateQueries queries(connection, std::chrono::milliseconds(0), {});
  // Not supported, out of room, not in the state that it needs, a data error, damaged.
  for (const std::string code : {"0A000", "53400", "53200", "55000", "22012", "P0001", "XX001"}) {
    const auto answer = queries.AskBriefly(FailingSql(code));
    ASSERT_TRUE(answer.ok()) << code << ": " << answer.status();
    EXPECT_FALSE(answer->has_value());
    EXPECT_EQ(connection.Query("SELECT 1").ValueOrDie().Text(0, 0), "1") << "it lives on";
    const arrow::Status said = queries.AskIfAllowed(FailingSql(code)).status();
    EXPECT_NE(said.message().find("(while it was asked: SELECT raise("), std::string::npos) << said;
  }
  for (const std::string code : {"08006", "57P01"}) {
    EXPECT_FALSE(queries.AskBriefly(FailingSql(code)).ok()) << code;
  }
  EXPECT_FALSE(queries.AskBriefly("SELECT pg_terminate_backend(pg_backend_pid())").ok());
}

TEST_F(PostgresEstimateTest, TimesAreMicrosecondsAndInfinityIsCountedByItself) {
  constexpr int64_t kDay = 86'400'000'000;
  for (const std::string type : {"date", "timestamp", "timestamptz"}) {
    SCOPED_TRACE(type);
    Run("DROP TABLE IF EXISTS t; CREATE TABLE t (at " + type + ");" +
        "INSERT INTO t SELECT date '1970-01-01' + i FROM generate_series(0, 999) AS i;"
        "INSERT INTO t SELECT 'infinity' FROM generate_series(1, 500);"
        "INSERT INTO t SELECT '-infinity' FROM generate_series(1, 300);"
        "INSERT INTO t SELECT NULL FROM generate_series(1, 200);"
        "CREATE INDEX ON t (at); ANALYZE t; INSERT INTO t VALUES ('0044-03-15 BC')");
    Run("GRANT SELECT ON t TO " + Role());
    const auto estimated = Estimate(Describe(Table("t")), {"at"}, {"at"});
    ASSERT_TRUE(estimated.ok()) << estimated.status();
    const ColumnStatistics& at = estimated->columns.at("at");
    EXPECT_TRUE(at.indexed);
    EXPECT_NEAR(at.share_before, 0.15, 0.001);
    EXPECT_NEAR(at.share_after, 0.25, 0.001);
    EXPECT_NEAR(at.null_fraction, 0.1, 0.001);
    EXPECT_LT(at.minimum, -kDay * 365 * 2'000);
    EXPECT_EQ(at.maximum, 999 * kDay);
    ASSERT_GE(at.histogram.size(), 50);
    EXPECT_GE(at.histogram.front(), 0);
    EXPECT_EQ(at.histogram.back(), 999 * kDay);
    snapshot_.reset();
  }
}

/// 30,000 rows, 60 % of them in one hour of a year, or between 10,000,000 and 10,001,000.
constexpr const char* kSkewed =
    "INSERT INTO t SELECT CASE WHEN i % 5 < 3 THEN 10000000 + i % 1000 ELSE i * 1000 END,"
    " CASE WHEN i % 5 < 3 THEN timestamp '2024-07-01' + i % 3600 * interval '1 s'"
    " ELSE timestamp '2024-01-01' + i * interval '17 min' END"
    " FROM generate_series(1, 30000) AS i; ";
constexpr const char* kTable =
    "CREATE TABLE t (id int, at timestamp) WITH (autovacuum_enabled = off); ";

/// The share of the rows between the two values, by what the estimate says of a column.
double ShareBetween(const ColumnStatistics& column, int64_t first, int64_t last) {
  const auto within = [&](int64_t value) { return first <= value && value <= last; };
  double common = 0;
  double inside = 0;
  for (const CommonValue& one : column.common) {
    common += one.share;
    if (within(one.value)) inside += one.share;
  }
  const auto found = static_cast<double>(std::ranges::count_if(column.histogram, within));
  const auto bounds = static_cast<double>(column.histogram.size());
  return inside + (1 - common) * found / std::max(bounds, 1.0);
}

constexpr int64_t kHour = 3'600'000'000;
constexpr int64_t kJuly = 1'719'792'000'000'000;  ///< 2024-07-01.

void ExpectSkewSeen(const Statistics& estimated, const std::string& because) {
  const ColumnStatistics& id = estimated.columns.at("id");
  EXPECT_NEAR(ShareBetween(id, 10'000'000, 10'001'000), 0.6, 0.05);
  EXPECT_EQ(id.sampled_because, because);
}

TEST_F(PostgresEstimateTest, WhatWasNeverAnalysedIsLookedAt) {
  for (const std::string index : {"", "CREATE INDEX ON t (id); CREATE INDEX ON t (at); "}) {
    Run("DROP TABLE IF EXISTS t; " + std::string(kTable) + kSkewed + index +
        "GRANT SELECT ON t TO " + Role());
    const Description t = Describe(Table("t"));
    const Statistics ids = Estimate(t, {"id", "at"}, {"id"}).ValueOrDie();
    // The server counts the rows when it makes an index.
    EXPECT_EQ(ids.origin, index.empty() ? "some pages counted, never analysed" : "pg_class");
    EXPECT_NEAR(static_cast<double>(ids.rows), 30'000, 3'000);
    ExpectSkewSeen(ids, "the server has no statistics of it");
    EXPECT_EQ(ids.columns.at("at").sampled_because, "") << "nobody wants to cut by it";
    const ColumnStatistics at = Estimate(t, {"id", "at"}, {"at"}).ValueOrDie().columns.at("at");
    EXPECT_NEAR(ShareBetween(at, kJuly, kJuly + kHour), 0.6, 0.05);
    EXPECT_EQ(at.sampled_because, "the server has no statistics of it");
    ASSERT_TRUE(at.minimum && at.maximum);
    EXPECT_EQ(at.null_fraction, 0);
    snapshot_.reset();
  }
}

TEST_F(PostgresEstimateTest, ValuesOfEachTypeAreSampledAsTheyAre) {
  for (const auto& [type, value, first, last] :
       {std::tuple("smallint", "i", 1, 100), std::tuple("bigint", "i * 1000", 1'000, 100'000),
        std::tuple("date", "date '1970-01-01' + i", 1, 100),
        std::tuple("timestamptz", "timestamptz 'epoch' + i * interval '1 day'", 1, 100)}) {
    SCOPED_TRACE(type);
    const bool is_time = std::string_view(value).find("1970") != std::string_view::npos ||
                         std::string_view(value).find("epoch") != std::string_view::npos;
    const int64_t unit = is_time ? 24 * kHour : 1;
    Run("DROP TABLE IF EXISTS t; CREATE TABLE t (v " + std::string(type) +
        ") WITH (autovacuum_enabled = off); INSERT INTO t SELECT " + value +
        " FROM generate_series(1, 100) AS i; INSERT INTO t SELECT FROM generate_series(1, 300);"
        "GRANT SELECT ON t TO " +
        Role());
    const ColumnStatistics v =
        Estimate(Describe(Table("t")), {"v"}, {"v"}).ValueOrDie().columns.at("v");
    EXPECT_EQ(v.null_fraction, 0.75);
    EXPECT_EQ(v.minimum, first * unit);
    EXPECT_EQ(v.maximum, last * unit);
    EXPECT_EQ(v.histogram.size(), 100U);
    EXPECT_TRUE(std::ranges::is_sorted(v.histogram));
    snapshot_.reset();
  }
}

TEST_F(PostgresEstimateTest, OneRowIsASampleToo) {
  Run("CREATE TABLE t (v int) WITH (autovacuum_enabled = off); INSERT INTO t VALUES (7);"
      "GRANT SELECT ON t TO " +
      Role());
  const ColumnStatistics v =
      Estimate(Describe(Table("t")), {"v"}, {"v"}).ValueOrDie().columns.at("v");
  EXPECT_EQ(v.histogram, (std::vector<int64_t>{7, 7}));
}

TEST_F(PostgresEstimateTest, WhatWasAnalysedIsBelievedAsLongAsItHolds) {
  Run(std::string(kTable) + "CREATE INDEX ON t (id); " + kSkewed + "GRANT SELECT ON t TO " +
      Role());
  AnalyzeBehindChanges(30'000);
  const auto estimate = [&] {
    snapshot_.reset();
    return Estimate(Describe(Table("t")), {"id"}, {"id"}).ValueOrDie();
  };
  ExpectSkewSeen(estimate(), "");
  Run("INSERT INTO t SELECT 30000000 + i FROM generate_series(1, 2000) AS i");
  EXPECT_EQ(estimate().columns.at("id").sampled_because, "") << "so few more are no matter";
  Run("INSERT INTO t SELECT 2000000000");
  EXPECT_EQ(estimate().columns.at("id").sampled_because, "") << "somebody made it up";
  Run("UPDATE t SET id = 50000000 WHERE id = 2000000000");
  EXPECT_EQ(estimate().columns.at("id").sampled_because, "the server's statistics of it are stale")
      << "two fifths of the numbers lie outside of them";
  Run("DELETE FROM t WHERE id > 30000000; INSERT INTO t SELECT 10000000 FROM generate_series(1, "
      "30000)");
  const ColumnStatistics id = estimate().columns.at("id");
  EXPECT_EQ(id.sampled_because, "the server's statistics of it are stale") << "so many more rows";
  EXPECT_NEAR(ShareBetween(id, 10'000'000, 10'001'000), 0.8, 0.05);
}

/// VACUUM counts the rows anew, and keeps the histograms.
TEST_F(PostgresEstimateTest, HistogramsThatAVacuumMakesLookFreshAreLookedInto) {
  Run(std::string(kTable) +
      "CREATE INDEX ON t (id); INSERT INTO t SELECT i * 100000 FROM "
      "generate_series(1, 10000) AS i; GRANT SELECT ON t TO " +
      Role());
  AnalyzeBehindChanges(10'000);
  Run("INSERT INTO t SELECT 10000000 + i % 1000 FROM generate_series(1, 15000) AS i");
  AwaitChanges(15'000);
  Run("VACUUM t");
  const Statistics t = Estimate(Describe(Table("t")), {"id"}, {"id"}).ValueOrDie();
  EXPECT_EQ(t.rows, 25'000);
  EXPECT_EQ(t.origin, "pg_class");
  ExpectSkewSeen(t, "the server counts many changes since it was analysed");
}

/// One row at the end of the table keeps its pages, and the count says one row for all of them.
TEST_F(PostgresEstimateTest, RowsOfATableThatWasEmptiedVacuumedAndFilledAgainAreCounted) {
  Run("CREATE TABLE t (id int) WITH (autovacuum_enabled = off);"
      "INSERT INTO t SELECT generate_series(1, 50000); GRANT SELECT ON t TO " +
      Role());
  AnalyzeBehindChanges(50'000);
  Run("DELETE FROM t WHERE id < 50000");
  Run("VACUUM t");
  Run("INSERT INTO t SELECT generate_series(1, 49999)");
  AwaitChanges(99'998);
  const Statistics t = Estimate(Describe(Table("t")), {"id"}).ValueOrDie();
  EXPECT_NEAR(static_cast<double>(t.rows), 50'000, 10'000);
  EXPECT_EQ(t.origin, "some pages counted, statistics are stale");
}

/// A sample that finds fewer rows may have missed the pages where they are, as the one of this seed
/// does.
TEST_F(PostgresEstimateTest, ACountIsBelievedWhereMostPagesAreEmpty) {
  Run("CREATE TABLE t (id int) WITH (autovacuum_enabled = off);"
      "INSERT INTO t SELECT generate_series(1, 50000); GRANT SELECT ON t TO " +
      Role());
  AnalyzeBehindChanges(50'000);
  Run("DELETE FROM t WHERE id <= 49900");
  AwaitChanges(49'900);
  Run("VACUUM t");
  const Statistics t = Estimate(Describe(Table("t")), {"id"}).ValueOrDie();
  EXPECT_EQ(t.rows, 100);
  EXPECT_EQ(t.origin, "pg_class");
}

TEST_F(PostgresEstimateTest, RowsOfPartitionsAreKnownOneByOne) {
  Run("CREATE TABLE t (id int) PARTITION BY RANGE (id);"
      "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (1000) WITH (autovacuum_enabled = "
      "off);"
      "CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (1000) TO (9000) WITH (autovacuum_enabled = "
      "off);"
      "INSERT INTO t SELECT generate_series(0, 2999); GRANT SELECT ON t, t1, t2 TO " +
      Role());
  Run("ANALYZE t2");
  const Statistics t = Estimate(Describe(Table("t")), {"id"}).ValueOrDie();
  EXPECT_EQ(t.leaf_rows, (std::vector<double>{1'000, 2'000}));
  EXPECT_EQ(t.rows, 3'000);
}

TEST_F(PostgresEstimateTest, APartitionedTableOfWhichOnlyThePartsWereAnalysedIsLookedAt) {
  Run("CREATE TABLE t (id int, at timestamp) PARTITION BY RANGE (at);"
      "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM ('2024-01-01') TO ('2024-06-01');"
      "CREATE TABLE t2 PARTITION OF t FOR VALUES FROM ('2024-06-01') TO ('2026-01-01');" +
      std::string(kSkewed) + "ANALYZE t1; ANALYZE t2; GRANT SELECT ON t TO " + Role());
  ExpectSkewSeen(Estimate(Describe(Table("t")), {"id"}, {"id"}).ValueOrDie(),
                 "the server has no statistics of it");
}

TEST_F(PostgresEstimateTest, WhatTheRoleMayNotReadIsNotLookedAt) {
  Run(std::string(kTable) + kSkewed + "GRANT SELECT (at) ON t TO " + Role());
  const Description t = Describe(Table("t"));
  const auto estimate = [&](const std::string& column) {
    return Estimate(t, {"at"}, {column}).ValueOrDie().columns.at(column);
  };
  EXPECT_FALSE(estimate("id").minimum);
  EXPECT_NE(estimate("id").unknown_because, "");
  EXPECT_TRUE(estimate("at").minimum);
}

/// Nobody would cut by it, unless the job says so: then it is the first.
TEST_F(PostgresEstimateTest, OnlyTheFirstColumnWithoutAnIndexIsLookedAt) {
  Run(std::string(kTable) + kSkewed + "GRANT SELECT ON t TO " + Role());
  const auto columns = Estimate(Describe(Table("t")), {"id"}, {"id", "at"}).ValueOrDie().columns;
  EXPECT_TRUE(columns.at("id").minimum);
  EXPECT_FALSE(columns.at("at").minimum);
}

TEST_F(PostgresEstimateTest, WhatTakesTooLongStaysUnknown) {
  Run("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 100)");
  CloseGate("t");
  const Description t = Describe(Table("t"));
  PgConnection connection = BeginAsRole();
  // It counts for what stands at the gate, and for nothing that has to be done by then.
  EstimateQueries queries(connection, std::chrono::milliseconds(100), {});
  const Names id = {"id"};
  const auto estimated = EstimateRelation(queries, t, {.columns = id, .split_columns = id});
  ASSERT_TRUE(estimated.ok()) << estimated.status();
  EXPECT_EQ(estimated->columns.at("id").minimum, std::nullopt);
  EXPECT_EQ(estimated->origin, "number of pages, never analysed");
  EXPECT_EQ(connection.Query("SHOW statement_timeout").ValueOrDie().Text(0, 0), "0");
  EXPECT_TRUE(connection.in_transaction()) << "it lives on";
}

TEST_F(PostgresEstimateTest, WhatTakesTooLongLeavesTheLeaderAsItWas) {
  Run("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 100)");
  CloseGate("t");
  const Description t = Describe(Table("t"));
  const auto estimated = Estimate(t, {"id"});
  ASSERT_TRUE(estimated.ok()) << estimated.status();
  EXPECT_EQ(estimated->origin, "number of pages, never analysed");
  EXPECT_TRUE(snapshot_->Describe(Table("t"), {}).ok()) << "its transaction lives on";
}

TEST_F(PostgresEstimateTest, AStopEndsIt) {
  Run("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 100)");
  CloseGate("t");
  const Description t = Describe(Table("t"));
  std::stop_source stop;
  arrow::Status status;
  {
    const std::jthread estimating(
        [&] { status = Estimate(t, {"id"}, {"id"}, stop.get_token()).status(); });
    AwaitReaderAtGate();
    stop.request_stop();
  }
  EXPECT_EQ(CodeOf(status), kInterruptedCode) << status;
  EXPECT_EQ(CodeOf(snapshot_->Describe(Table("t"), stop.get_token()).status()), kInterruptedCode);
  EXPECT_TRUE(snapshot_->Describe(Table("t"), {}).ok()) << "the leader's transaction lives on";
}

}  // namespace
}  // namespace headrace
