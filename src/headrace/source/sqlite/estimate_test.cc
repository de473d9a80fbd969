#include "headrace/source/sqlite/estimate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <string>

#include "headrace/source/sqlite/catalog.h"
#include "headrace/source/sqlite/column_index.h"
#include "headrace/source/sqlite/test_database.h"

namespace headrace::sqlite {
namespace {

using ::testing::HasSubstr;

class SqliteEstimateTest : public testing::Test {
 protected:
  /// Fills `table` by `values`, an expression list over i = 1 … count.
  void Fill(const std::string& table, int count, const std::string& values) {
    database_.Execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
                      std::to_string(count) + ") INSERT INTO " + table + " SELECT " + values +
                      " FROM n");
  }

  Statistics Estimate(const TableRef& table, const std::vector<std::string>& columns,
                      const std::vector<std::string>& split_columns = {}) {
    const Description description = DescribeRelation(database_.writer(), table, {}).ValueOrDie();
    auto statistics = EstimateRelation(database_.writer(), description,
                                       {.columns = columns, .split_columns = split_columns}, {});
    EXPECT_TRUE(statistics.ok()) << statistics.status();
    return *std::move(statistics);
  }

  TestDatabase database_;
};

TEST_F(SqliteEstimateTest, SmallFilesAreCounted) {
  database_.Execute("CREATE TABLE t (id INTEGER PRIMARY KEY, s TEXT)");
  Fill("t", 5'000, "i, 'twelve chars'");
  const Statistics statistics = Estimate(TableNamed("t"), {"id", "s"});
  EXPECT_EQ(statistics.rows, 5'000);
  EXPECT_TRUE(statistics.exact);
  EXPECT_EQ(statistics.origin, "count(*)");
  EXPECT_NEAR(statistics.row_width, 8 + 4 + 12, 1);
  const ColumnStatistics& rowid = statistics.columns.at("rowid");
  EXPECT_EQ(rowid.minimum, 1);
  EXPECT_EQ(rowid.maximum, 5'000);
  EXPECT_TRUE(rowid.indexed);
  EXPECT_GT(rowid.histogram.size(), 10);
  EXPECT_EQ(statistics.columns.at("id").maximum, 5'000);
}

TEST_F(SqliteEstimateTest, AnalyseIsBelieved) {
  database_.Execute("CREATE TABLE t (v INTEGER); CREATE INDEX i ON t (v)");
  Fill("t", 100, "i");
  database_.Execute("ANALYZE; UPDATE sqlite_stat1 SET stat = '7000000 1'");
  const Statistics statistics = Estimate(TableNamed("t"), {"v"});
  EXPECT_EQ(statistics.rows, 7'000'000);
  EXPECT_FALSE(statistics.exact);
  EXPECT_EQ(statistics.origin, "sqlite_stat1");
}

TEST_F(SqliteEstimateTest, AnEmptyTableHasNoBounds) {
  database_.Execute("CREATE TABLE t (v INTEGER)");
  const Statistics statistics = Estimate(TableNamed("t"), {"v"});
  EXPECT_EQ(statistics.rows, 0);
  EXPECT_FALSE(statistics.columns.at("rowid").minimum.has_value());
}

TEST_F(SqliteEstimateTest, OnlySelectedColumnsHaveWidth) {
  database_.Execute("CREATE TABLE t (a INTEGER, b BLOB)");
  Fill("t", 1'000, "i, zeroblob(5000)");
  EXPECT_LT(Estimate(TableNamed("t"), {"a"}).row_width, 10);
  EXPECT_GT(Estimate(TableNamed("t"), {"a", "b"}).row_width, 5'000);
}

TEST_F(SqliteEstimateTest, IntegerKeysSplitTablesWithoutRowid) {
  database_.Execute(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, v) WITHOUT ROWID;"
      "CREATE TABLE pair (a INTEGER, b INTEGER, PRIMARY KEY (a, b)) WITHOUT ROWID");
  Fill("t", 1'000, "i * 10 - 5000, i");
  database_.Execute("INSERT INTO t VALUES ('text sorts last', 0), (0.5, 0)");
  const Statistics statistics = Estimate(TableNamed("t"), {"id"});
  EXPECT_EQ(statistics.columns.at("id").minimum, -4'990);
  EXPECT_EQ(statistics.columns.at("id").maximum, 5'000);
  Fill("pair", 5'000, "i / 100, i");
  const Statistics pair = Estimate(TableNamed("pair"), {"a"});
  EXPECT_EQ(pair.columns.at("a").minimum, 0);
  EXPECT_EQ(pair.columns.at("a").maximum, 50);
  EXPECT_FALSE(pair.columns.contains("b"));
}

TEST_F(SqliteEstimateTest, ViewsAndQueriesAreCountedWithinBounds) {
  database_.Execute("CREATE TABLE t (v INTEGER); CREATE VIEW few AS SELECT * FROM t WHERE v <= 10");
  Fill("t", 3'000, "i");
  const Statistics few = Estimate(TableNamed("few"), {"v"});
  EXPECT_EQ(few.rows, 10);
  EXPECT_TRUE(few.exact);
  const Statistics many =
      Estimate(QueryOf("SELECT a.v FROM t AS a, t AS b, t AS c WHERE a.v + b.v + c.v > 0"), {"v"});
  EXPECT_EQ(many.rows, -1);
  EXPECT_FALSE(many.exact);
}

TEST_F(SqliteEstimateTest, LargeFilesAreJudgedByTheDensityOfTheirRowids) {
  database_.Execute("CREATE TABLE t (id INTEGER PRIMARY KEY, s TEXT); CREATE TABLE filler (b)");
  Fill("t", 30'000, "i * 7, 'text'");
  Fill("filler", 260, "zeroblob(1 << 20)");
  const Statistics statistics = Estimate(TableNamed("t"), {"id", "s"});
  EXPECT_NEAR(static_cast<double>(statistics.rows), 30'000, 3'000);
  EXPECT_FALSE(statistics.exact);
  EXPECT_EQ(statistics.origin, "rowid density");
  const Statistics filler = Estimate(TableNamed("filler"), {"b"});
  EXPECT_NEAR(static_cast<double>(filler.rows), 260, 30);
}

struct TimesCase {
  std::string declared;
  std::string value;  ///< Of hour i of 2024, as SQL.
  TimeEncoding encoding;
};

TEST_F(SqliteEstimateTest, TimesAreSampledInTheFormThatTheyHave) {
  const std::string text = "datetime('2024-01-01', '+' || i || ' hours')";
  const std::vector<TimesCase> cases = {
      {"TIMESTAMP", text, TimeEncoding::kText},
      {"TIMESTAMP", "replace(" + text + ", ' ', 'T')", TimeEncoding::kTextT},
      {"DATETIME", "unixepoch('2024-01-01') + i * 3600", TimeEncoding::kSeconds},
      {"DATE", "date('2024-01-01', '+' || (i / 24) || ' days')", TimeEncoding::kText},
  };
  for (const TimesCase& one : cases) {
    SCOPED_TRACE(one.declared + " " + one.value);
    database_.Execute("CREATE TABLE t (id INTEGER PRIMARY KEY, at " + one.declared + ")");
    Fill("t", 4'000, "i, CASE WHEN i % 10 = 0 THEN NULL ELSE " + one.value + " END");
    const ColumnStatistics times = Estimate(TableNamed("t"), {"id"}, {"at"}).columns.at("at");
    EXPECT_EQ(times.time_encoding, one.encoding);
    EXPECT_NEAR(times.null_fraction, 0.1, 0.05);
    ASSERT_GT(times.histogram.size(), 500U);
    EXPECT_TRUE(std::ranges::is_sorted(times.histogram));
    EXPECT_LT(*times.minimum, *MicrosOfIsoTime("2024-01-03T00:00:00"));
    EXPECT_GT(*times.maximum, *MicrosOfIsoTime("2024-06-10T00:00:00"));
    EXPECT_FALSE(times.indexed);
    database_.Execute("CREATE INDEX i ON t (at, id)");
    EXPECT_TRUE(Estimate(TableNamed("t"), {"id"}, {"at"}).columns.at("at").indexed);
    database_.Execute("DROP TABLE t");
  }
}

TEST_F(SqliteEstimateTest, NothingIsKnownOfTimesOfSeveralForms) {
  for (const char* value : {"CASE WHEN i % 2 = 0 THEN '2024-01-01' ELSE 1704067200 END",
                            "julianday('2024-01-01') + i / 7.0", "'soon'", "NULL", "x'00'"}) {
    SCOPED_TRACE(value);
    database_.Execute("CREATE TABLE t (at TIMESTAMP)");
    Fill("t", 2'000, value);
    const ColumnStatistics at = Estimate(TableNamed("t"), {"at"}, {"at"}).columns.at("at");
    EXPECT_FALSE(at.minimum.has_value());
    EXPECT_THAT(at.unknown_because, HasSubstr("no form of time"));
    database_.Execute("DROP TABLE t");
  }
}

TEST_F(SqliteEstimateTest, IntegersThatNoIndexOrdersAreLeftAlone) {
  database_.Execute("CREATE TABLE t (at INTEGER)");
  Fill("t", 2'000, "i * 1000");
  const auto at = [this] { return Estimate(TableNamed("t"), {"at"}, {"at"}).columns.at("at"); };
  EXPECT_EQ(at().unknown_because, kNoIndex);
  database_.Execute("CREATE INDEX partial ON t (at) WHERE at > 7");
  EXPECT_FALSE(at().minimum.has_value());
  database_.Execute("CREATE INDEX whole ON t (at)");
  EXPECT_EQ(at().time_encoding, TimeEncoding::kNative);
  EXPECT_LE(*at().maximum, 2'000'000);
  EXPECT_EQ(at().unknown_because, "");
}

TEST_F(SqliteEstimateTest, AnIndexOfAnotherCollationIsNone) {
  database_.Execute(
      "CREATE TABLE t (at TIMESTAMP, code TEXT COLLATE NOCASE);"
      "CREATE INDEX i ON t (at COLLATE NOCASE); CREATE INDEX k ON t (code COLLATE BINARY)");
  Fill("t", 2'000, "datetime('2024-01-01', '+' || i || ' hours'), 'c' || i");
  const auto columns = Estimate(TableNamed("t"), {"at"}, {"at"}).columns;
  EXPECT_TRUE(columns.at("at").minimum.has_value());
  EXPECT_FALSE(columns.at("at").indexed);
  const auto keys = Estimate(TableNamed("t"), {"code"}, {"code"}).columns.at("code");
  EXPECT_EQ(keys.unknown_because, kNoIndex);
  database_.Execute("CREATE INDEX own ON t (code)");
  EXPECT_TRUE(Estimate(TableNamed("t"), {"code"}, {"code"}).columns.at("code").indexed);
}

/// By it SQLite seeks once for each value of the column before: no range lies together.
TEST_F(SqliteEstimateTest, AnIndexWhoseFirstColumnIsSkippedIsNone) {
  database_.Execute("CREATE TABLE t (k, code TEXT, at TIMESTAMP)");
  Fill("t", 20'000, "i % 2, 'c' || i, datetime('2024-01-01', '+' || i || ' hours')");
  database_.Execute("CREATE INDEX i ON t (k, code); CREATE INDEX j ON t (k, at); ANALYZE");
  const auto column = [this](const std::string& name) {
    return Estimate(TableNamed("t"), {name}, {name}).columns.at(name);
  };
  EXPECT_EQ(column("code").unknown_because, kNoIndex);
  EXPECT_FALSE(column("at").indexed);
}

TEST_F(SqliteEstimateTest, TimesOfATableWithoutRowidAreSampledAlongTheirIndex) {
  database_.Execute("CREATE TABLE t (at TIMESTAMP, k, PRIMARY KEY (at, k)) WITHOUT ROWID");
  // Nine of ten rows in the last hundredth of the time.
  Fill("t", 20'000,
       "datetime('2024-01-01', '+' || (CASE WHEN i % 10 = 0 THEN i / 2 ELSE 9900 + i / 200 END) || "
       "' hours'), i");
  const ColumnStatistics at = Estimate(TableNamed("t"), {"at"}, {"at"}).columns.at("at");
  EXPECT_TRUE(at.indexed);
  ASSERT_GT(at.histogram.size(), 900U);
  const auto late = std::ranges::count_if(
      at.histogram, [](int64_t time) { return time >= *MicrosOfIsoTime("2025-02-16T12:00:00"); });
  EXPECT_NEAR(static_cast<double>(late) / static_cast<double>(at.histogram.size()), 0.9, 0.02);
  database_.Execute("CREATE TABLE u (k PRIMARY KEY, at TIMESTAMP) WITHOUT ROWID");
  Fill("u", 2'000, "i, datetime('2024-01-01', '+' || i || ' hours')");
  EXPECT_EQ(Estimate(TableNamed("u"), {"at"}, {"at"}).columns.at("at").unknown_because, kNoIndex);
}

TEST_F(SqliteEstimateTest, KeysAscendInTheOrderOfTheColumnAndKnowTheirShare) {
  database_.Execute(
      "CREATE TABLE t (code TEXT COLLATE NOCASE, n, PRIMARY KEY (code, n)) WITHOUT ROWID");
  // Half of the rows have one code, and each letter is there in both cases.
  Fill("t", 8'000,
       "CASE WHEN i % 2 = 0 THEN 'm' ELSE char(65 + i % 26 + 32 * (i % 4 / 2)) || (i % 90) END, i");
  database_.Execute("INSERT INTO t VALUES (7, 1), (x'00', 2), ('', 3), ('broken ' || x'ff', 4)");
  const ColumnStatistics code = Estimate(TableNamed("t"), {"n"}, {"code"}).columns.at("code");
  ASSERT_GT(code.keys.size(), 100U);
  for (size_t i = 1; i < code.keys.size(); ++i) {
    EXPECT_GT(code.keys[i].share_below, code.keys[i - 1].share_below);
    EXPECT_LT(sqlite3_strnicmp(code.keys[i - 1].value.c_str(), code.keys[i].value.c_str(), 100), 0);
  }
  const auto m = std::ranges::find(code.keys, "m", &KeyBound::value);
  ASSERT_NE(m, code.keys.end());
  ASSERT_NE(m + 1, code.keys.end());
  EXPECT_NEAR((m + 1)->share_below - m->share_below, 0.5, 0.01);
}

TEST_F(SqliteEstimateTest, NullsAreNotBookedOnTheLastKeys) {
  database_.Execute("CREATE TABLE t (id INTEGER PRIMARY KEY, k TEXT); CREATE INDEX i ON t (k)");
  Fill("t", 10'000, "i, CASE WHEN i % 10 < 6 THEN NULL ELSE 'k' || (10000 + i) END");
  const ColumnStatistics k = Estimate(TableNamed("t"), {"id"}, {"k"}).columns.at("k");
  EXPECT_NEAR(k.null_fraction, 0.6, 0.001);
  EXPECT_NEAR(k.keys.back().share_below, 1, 0.01);
}

TEST_F(SqliteEstimateTest, KeysAreFewHoweverFewRowsANALYZEOnceSaw) {
  database_.Execute("CREATE TABLE t (code TEXT PRIMARY KEY, at TIMESTAMP) WITHOUT ROWID");
  database_.Execute("INSERT INTO t VALUES ('first', '2023-12-31'); ANALYZE");
  Fill("t", 30'000, "'c' || i, datetime('2024-01-01', '+' || i || ' hours')");
  const ColumnStatistics code = Estimate(TableNamed("t"), {"code"}, {"code"}).columns.at("code");
  EXPECT_GT(code.keys.size(), 4'000U);
  EXPECT_LE(code.keys.size(), 8'192U);
  EXPECT_LT(code.keys.back().share_below, 1);
  database_.Execute("CREATE TABLE u (at TIMESTAMP, k, PRIMARY KEY (at, k)) WITHOUT ROWID");
  database_.Execute("INSERT INTO u VALUES ('2023-12-31', 0); ANALYZE");
  Fill("u", 30'000, "datetime('2024-01-01', '+' || i || ' hours'), i");
  const ColumnStatistics at = Estimate(TableNamed("u"), {"at"}, {"at"}).columns.at("at");
  EXPECT_GT(at.histogram.size(), 1'000U);
  EXPECT_LE(at.histogram.size(), 4'200U);
}

TEST_F(SqliteEstimateTest, WhatWasCountedAlongAnIndexTellsThatANALYZEWasLongAgo) {
  database_.Execute("CREATE TABLE t (code TEXT PRIMARY KEY, v) WITHOUT ROWID");
  Fill("t", 1'000, "'a' || i, i");
  database_.Execute("ANALYZE");
  EXPECT_EQ(Estimate(TableNamed("t"), {"code"}, {"code"}).origin, "sqlite_stat1");
  Fill("t", 50'000, "'b' || i, i");
  const Statistics statistics = Estimate(TableNamed("t"), {"code"}, {"code"});
  EXPECT_EQ(statistics.rows, 51'000);
  EXPECT_FALSE(statistics.exact);
  EXPECT_EQ(statistics.origin, "values of \"code\"; sqlite_stat1 is stale, it says 1,000");
  EXPECT_EQ(statistics.columns.at("code").null_fraction, 0);
  database_.Execute("CREATE TABLE u (at TIMESTAMP, k, PRIMARY KEY (at, k)) WITHOUT ROWID");
  Fill("u", 1'000, "datetime('2024-01-01', '+' || i || ' hours'), i");
  database_.Execute("ANALYZE");
  Fill("u", 50'000, "datetime('2025-01-01', '+' || i || ' hours'), i");
  EXPECT_EQ(Estimate(TableNamed("u"), {"at"}, {"at"}).rows, 51'000);
}

TEST_F(SqliteEstimateTest, ADecimalKeyDoesNotStandBeforeOneOfTexts) {
  database_.Execute(
      "CREATE TABLE t (amount DECIMAL(10,2) PRIMARY KEY, code TEXT UNIQUE) WITHOUT ROWID");
  Fill("t", 5'000, "i, 'c' || i");
  const auto columns = Estimate(TableNamed("t"), {"code"}, {"amount", "code"}).columns;
  EXPECT_THAT(columns.at("amount").unknown_because, HasSubstr("texts"));
  EXPECT_GT(columns.at("code").keys.size(), 1'000U);
}

/// SQLite then reads a table from its beginning for each range, and would for each seek.
TEST_F(SqliteEstimateTest, ATableThatSqliteTakesForTinyHasNoRanges) {
  database_.Execute("CREATE TABLE t (id INTEGER PRIMARY KEY, s TEXT)");
  database_.Execute("INSERT INTO t VALUES (-1, 'first'); ANALYZE");
  Fill("t", 30'000, "i, 'text'");
  const Statistics statistics = Estimate(TableNamed("t"), {"id", "s"});
  EXPECT_EQ(statistics.columns.at("id").unknown_because, kNoIndex);
}

TEST_F(SqliteEstimateTest, RowidsTellThatANALYZEWasLongAgo) {
  database_.Execute("CREATE TABLE t (id INTEGER PRIMARY KEY, s TEXT)");
  Fill("t", 1'000, "i, 'text'");
  database_.Execute("ANALYZE");
  EXPECT_EQ(Estimate(TableNamed("t"), {"id"}).origin, "sqlite_stat1");
  database_.Execute(
      "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1001 UNION ALL SELECT i + 1 FROM n WHERE i < "
      "29999) SELECT i, 'text' FROM n");
  const Statistics statistics = Estimate(TableNamed("t"), {"id"});
  EXPECT_NEAR(static_cast<double>(statistics.rows), 30'000, 3'000);
  EXPECT_EQ(statistics.origin, "rowid density; sqlite_stat1 is stale, it says 1,000");
}

TEST_F(SqliteEstimateTest, ACollationOfAnotherApplicationIsNoReasonNotToCount) {
  database_.Execute("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, more TEXT)");
  Fill("t", 1'000, "i, 'n' || i, 'more and more'");
  database_.Execute("CREATE INDEX names ON t (name COLLATE NOCASE)");
  database_.Execute(
      "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'NOCASE', "
      "'LOCALIZED'); PRAGMA writable_schema = RESET");
  const Statistics statistics = Estimate(TableNamed("t"), {"id", "name"}, {"name"});
  EXPECT_EQ(statistics.rows, 1'000);
  EXPECT_TRUE(statistics.exact);
}

}  // namespace
}  // namespace headrace::sqlite
