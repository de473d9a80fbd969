#include "headrace/source/sqlite/catalog.h"

#include <gtest/gtest.h>

#include <string>

#include "headrace/source/sqlite/test_database.h"

namespace headrace::sqlite {
namespace {

class SqliteCatalogTest : public testing::Test {
 protected:
  Description Describe(const TableRef& table) {
    auto description = DescribeRelation(database_.writer(), table, {});
    EXPECT_TRUE(description.ok()) << description.status();
    return *std::move(description);
  }
  Description Describe(const std::string& name) { return Describe(TableNamed(name)); }

  arrow::Status Refusal(const TableRef& table) {
    return DescribeRelation(database_.writer(), table, {}).status();
  }

  TestDatabase database_;
};

TEST_F(SqliteCatalogTest, ColumnsAreWhatTheTableDeclares) {
  database_.Execute(
      "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INT NOT NULL, \"odd \"\"name\"\"\" "
      "VARCHAR(10), total DECIMAL(12,2), twice AS (customer * 2), stored INT AS (id + 1) STORED)");
  const Description orders = Describe("orders");
  EXPECT_EQ(orders.kind, RelationKind::kTable);
  EXPECT_EQ(orders.row_identity, "rowid");
  ASSERT_EQ(orders.leaves.size(), 1);
  EXPECT_EQ(orders.leaves[0].schema, "main");
  std::vector<std::string> names;
  for (const Column& column : orders.columns) names.push_back(column.name);
  EXPECT_EQ(names, (std::vector<std::string>{"id", "customer", "odd \"name\"", "total", "twice",
                                             "stored"}));
  EXPECT_FALSE(orders.columns[0].nullable);
  EXPECT_FALSE(orders.columns[0].may_overflow);
  EXPECT_FALSE(orders.columns[1].nullable);
  EXPECT_TRUE(orders.columns[1].may_overflow);
  EXPECT_EQ(orders.columns[3].source_type, "DECIMAL(12,2)");
  EXPECT_TRUE(orders.columns[3].type->Equals(arrow::decimal128(12, 2)));
}

TEST_F(SqliteCatalogTest, AQueryWithAMisspeltColumnInDoubleQuotesIsRefused) {
  database_.Execute("CREATE TABLE t (a TEXT); CREATE VIEW v AS SELECT \"text\" AS b");
  EXPECT_EQ(Describe(QueryOf("SELECT \"a\" AS \"c\" FROM t, v")).columns.at(0).name, "c");
  const arrow::Status status = Refusal(QueryOf("SELECT \"aa\" FROM t"));
  EXPECT_EQ(ClassOf(status), ErrorClass::kUser);
  EXPECT_NE(status.message().find("no such column: aa"), std::string::npos) << status;
}

TEST_F(SqliteCatalogTest, KeysComePrimaryFirst) {
  database_.Execute(
      "CREATE TABLE t (a, b, c UNIQUE, PRIMARY KEY (b, a));"
      "CREATE UNIQUE INDEX u ON t (a, c); CREATE INDEX plain ON t (a);"
      "CREATE UNIQUE INDEX partial ON t (b) WHERE b > 0;"
      "CREATE UNIQUE INDEX expression ON t (a + b)");
  const Description t = Describe("t");
  ASSERT_EQ(t.keys.size(), 3);
  EXPECT_TRUE(t.keys[0].primary);
  EXPECT_EQ(t.keys[0].columns, (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ(t.keys[1].columns, std::vector<std::string>{"c"});
  EXPECT_EQ(t.keys[2].columns, (std::vector<std::string>{"a", "c"}));
}

TEST_F(SqliteCatalogTest, OnlyARealAliasOfTheRowidIsNeverNull) {
  database_.Execute(
      "CREATE TABLE alias (id INTEGER PRIMARY KEY AUTOINCREMENT);"
      "CREATE TABLE descending (id INTEGER PRIMARY KEY DESC);"
      "CREATE TABLE short_int (id INT PRIMARY KEY);"
      "CREATE TABLE without (id INTEGER PRIMARY KEY, v) WITHOUT ROWID");
  EXPECT_FALSE(Describe("alias").columns[0].nullable);
  EXPECT_TRUE(Describe("descending").columns[0].nullable);
  EXPECT_TRUE(Describe("short_int").columns[0].nullable);
  EXPECT_FALSE(Describe("without").columns[0].nullable);
  EXPECT_TRUE(Describe("without").columns[0].may_overflow);
  EXPECT_EQ(Describe("without").row_identity, "");
}

TEST_F(SqliteCatalogTest, TheRowidGoesByANameThatNoColumnHasTaken) {
  database_.Execute(
      "CREATE TABLE one (RowId TEXT); CREATE TABLE two (rowid, _rowid_);"
      "CREATE TABLE three (rowid, oid, _rowid_)");
  EXPECT_EQ(Describe("one").row_identity, "_rowid_");
  EXPECT_EQ(Describe("two").row_identity, "oid");
  EXPECT_EQ(Describe("three").row_identity, "");
}

TEST_F(SqliteCatalogTest, StrictTablesHoldWhatTheyDeclare) {
  database_.Execute("CREATE TABLE t (i INT, r REAL, s TEXT, b BLOB, a ANY) STRICT");
  const Description t = Describe("t");
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(t.columns[i].may_overflow) << i;
  EXPECT_TRUE(t.columns[4].may_overflow);
}

TEST_F(SqliteCatalogTest, ViewsAndQueriesHaveTheTypesOfTheirColumns) {
  database_.Execute(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, day DATE, n NUMERIC);"
      "INSERT INTO t VALUES (1, '2024-01-01', 5);"
      "CREATE VIEW v AS SELECT id, day, n + 0.5 AS half FROM t");
  const Description view = Describe("v");
  EXPECT_EQ(view.kind, RelationKind::kView);
  EXPECT_EQ(view.row_identity, "");
  EXPECT_TRUE(view.leaves.empty());
  const Description query = Describe(QueryOf("SELECT id, day, n + 0.5 AS half FROM t -- all"));
  EXPECT_EQ(query.kind, RelationKind::kQuery);
  for (const Description& relation : {view, query}) {
    ASSERT_EQ(relation.columns.size(), 3);
    EXPECT_TRUE(relation.columns[0].type->Equals(arrow::int64()));
    EXPECT_TRUE(relation.columns[1].type->Equals(arrow::date32()));
    EXPECT_EQ(relation.columns[2].name, "half");
    EXPECT_TRUE(relation.columns[2].type->Equals(arrow::float64()));
  }
}

TEST_F(SqliteCatalogTest, ColumnsOfAQueryKeepTheNamesThatItGivesThem) {
  database_.Execute("CREATE TABLE t (a)");
  const Description query =
      Describe(QueryOf("SELECT count(*), max(a), 'it''s', a AS \"x.y\" FROM t"));
  std::vector<std::string> names;
  for (const Column& column : query.columns) names.push_back(column.name);
  EXPECT_EQ(names, (std::vector<std::string>{"count(*)", "max(a)", "'it''s'", "x.y"}));
  const Rows rows = ReadTable(*database_.MakeSource(), query.table).ValueOrDie();
  EXPECT_EQ(rows, (Rows{{"0", "null", "it's", "null"}}));
}

TEST_F(SqliteCatalogTest, WhatCannotBeReadIsAUserErrorThatSaysWhy) {
  database_.Execute(
      "CREATE TABLE Orders (a); CREATE VIEW broken AS SELECT * FROM gone; CREATE TABLE ok (a)");
  const auto expect_refused = [&](const TableRef& table, const std::string& part) {
    const arrow::Status status = Refusal(table);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(ClassOf(status), ErrorClass::kUser) << status;
    EXPECT_NE(status.message().find(part), std::string::npos) << status;
    EXPECT_TRUE(status.message().starts_with(table.label() + ": ")) << status;
  };
  expect_refused(TableNamed("nowhere"), "there is no table or view \"nowhere\"");
  expect_refused(TableNamed("brokn"), "did you mean broken?");
  expect_refused(TableNamed("orders"), "did you mean Orders?");
  expect_refused(TableNamed("broken"), "gone");
  for (const std::string name : {"sqlite_sequence", "SQLite_schema"}) {
    expect_refused(TableNamed(name), "a query can read it: SELECT * FROM " + name);
  }
  expect_refused({.schema = "temp", .name = "ok", .query = {}, .alias = {}},
                 "only the schema main");
  expect_refused(QueryOf("SELECT nothing FROM ok"), "nothing");
  expect_refused(QueryOf("SELECT a, a FROM ok"), "two columns called \"a\"");
  expect_refused(QueryOf("PRAGMA user_version"), "PRAGMA");
  expect_refused(QueryOf("DELETE FROM ok RETURNING a"), "syntax error");
  expect_refused(QueryOf("SELECT 1 AS a; DROP TABLE ok"), "more than one");
  EXPECT_TRUE(Refusal(TableNamed("ok")).ok());
}

/// SQLite tells letters apart by case that are not of ASCII.
TEST_F(SqliteCatalogTest, ATableIsFoundByItsVeryNameWhateverItHolds) {
  database_.Execute(
      "CREATE TABLE \"a'b\"\"c\" (x); CREATE TABLE \"Ä\" (y); CREATE TABLE \"ä\" (z);"
      "CREATE TABLE \"100%_\" (p); CREATE TABLE \"1000_\" (q); CREATE TEMP TABLE \"ä\" (r)");
  EXPECT_EQ(Describe("a'b\"c").columns.at(0).name, "x");
  EXPECT_EQ(Describe("Ä").columns.at(0).name, "y");
  EXPECT_EQ(Describe("ä").columns.at(0).name, "z");
  EXPECT_EQ(Describe("100%_").columns.at(0).name, "p");
}

TEST_F(SqliteCatalogTest, ListsWhatAUserMade) {
  database_.Execute(
      "CREATE TABLE b (id INTEGER PRIMARY KEY AUTOINCREMENT); CREATE VIEW a AS SELECT 1 AS one;"
      "CREATE VIEW broken AS SELECT * FROM gone;"
      "CREATE VIRTUAL TABLE c USING fts5(body); INSERT INTO b VALUES (1), (2)");
  const auto tables = database_.MakeSource()->List({}).ValueOrDie();
  std::vector<std::string> names;
  for (const ListedTable& table : tables) names.push_back(table.table.name);
  EXPECT_EQ(names, (std::vector<std::string>{"a", "b", "broken", "c"}));
  EXPECT_EQ(tables[0].kind, RelationKind::kView);
  EXPECT_EQ(tables[1].rows, 2);
  EXPECT_EQ(tables[2].rows, -1);
}

TEST_F(SqliteCatalogTest, TheNamesHaveTheOneSchemaAndTellVirtualTables) {
  database_.Execute(
      "CREATE TABLE b (id INTEGER PRIMARY KEY AUTOINCREMENT); CREATE VIEW a AS SELECT 1 AS one;"
      "CREATE VIRTUAL TABLE c USING fts5(body); CREATE TEMP TABLE d (x); INSERT INTO b VALUES (1)");
  const auto names = database_.MakeSource()->ListNames({}).ValueOrDie();
  ASSERT_EQ(names.size(), 3U);
  EXPECT_EQ(names[0].table.label(), "main.a");
  EXPECT_EQ(names[0].kind, RelationKind::kView);
  EXPECT_EQ(names[1].table.label(), "main.b");
  EXPECT_EQ(names[1].kind, RelationKind::kTable);
  EXPECT_TRUE(names[1].found_without_schema);
  EXPECT_EQ(names[2].kind, RelationKind::kForeign);
}

TEST_F(SqliteCatalogTest, AVirtualTableIsReadAsOne) {
  database_.Execute(
      "CREATE VIRTUAL TABLE docs USING fts5(body); INSERT INTO docs VALUES ('words')");
  EXPECT_EQ(Describe("docs").row_identity, "");
  EXPECT_EQ(ReadTable(*database_.MakeSource(), TableNamed("docs")).ValueOrDie(), (Rows{{"words"}}));
}

}  // namespace
}  // namespace headrace::sqlite
