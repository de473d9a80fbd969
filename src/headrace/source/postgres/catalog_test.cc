#include "headrace/source/postgres/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "headrace/source/postgres/test_database.h"

namespace headrace {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class PostgresCatalogTest : public PostgresDatabaseTest {
 protected:
  /// Without locks: a foreign table whose wrapper has no handler cannot be read.
  bool IsNullable(const std::string& table, const std::string& column) {
    OptionValues options;
    options.Set("snapshot", std::string("off"));
    const auto description =
        OpenSnapshot({Table(table)}, std::move(options))->Describe(Table(table), {});
    EXPECT_TRUE(description.ok()) << description.status();
    return description->FindColumn(column)->nullable;
  }
};

TEST_F(PostgresCatalogTest, NotNullIsBelievedWhereTheServerChecksIt) {
  Run("CREATE TABLE t (id int PRIMARY KEY, v int NOT NULL, n int); CREATE VIEW w AS TABLE t");
  EXPECT_FALSE(IsNullable("t", "id"));
  EXPECT_FALSE(IsNullable("t", "v"));
  EXPECT_TRUE(IsNullable("t", "n"));
  EXPECT_TRUE(IsNullable("w", "id"));
}

TEST_F(PostgresCatalogTest, AForeignTableChecksNothing) {
  const std::string name = PgQuoteIdentifier(schema_);
  Run("CREATE FOREIGN DATA WRAPPER " + name + "; CREATE SERVER " + name + " FOREIGN DATA WRAPPER " +
      name);
  Run("CREATE FOREIGN TABLE f (id int NOT NULL) SERVER " + name);
  Run("CREATE TABLE p (id int NOT NULL) PARTITION BY RANGE (id);"
      "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10)");
  EXPECT_TRUE(IsNullable("f", "id"));
  EXPECT_FALSE(IsNullable("p", "id"));
  Run("CREATE FOREIGN TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20) SERVER " + name);
  EXPECT_TRUE(IsNullable("p", "id"));
  Run("DROP FOREIGN TABLE f, p2; DROP FOREIGN DATA WRAPPER " + name + " CASCADE");
}

TEST_F(PostgresCatalogTest, RowsThatAreOlderThanTheConstraintMayBeNull) {
  if (writer_->server_version() >= 180000) {
    Run("CREATE TABLE t (v int); ALTER TABLE t ADD CONSTRAINT c NOT NULL v NOT VALID");
  } else {
    Run("CREATE TABLE t (v int NOT NULL); CREATE TABLE child () INHERITS (t);"
        "ALTER TABLE child ALTER v DROP NOT NULL");
  }
  EXPECT_TRUE(IsNullable("t", "v"));
}

TEST_F(PostgresCatalogTest, AMissingTableNamesTheNearest) {
  Run("CREATE TABLE \"MixedCase\" (id int); CREATE TABLE orders (id int);"
      "CREATE VIEW orderz AS TABLE orders; CREATE TABLE \"odd.name\" (id int)");
  const auto refusal = [&](const TableRef& table, const std::string& mode) {
    OptionValues options;
    options.Set("snapshot", mode);
    const auto status = OpenSnapshot({table}, std::move(options))->Describe(table, {}).status();
    EXPECT_EQ(ClassOf(status), ErrorClass::kUser) << status;
    EXPECT_EQ(CodeOf(status), "42P01");
    return status.message();
  };
  for (const std::string mode : {"require", "off"}) {
    EXPECT_EQ(
        refusal(Table("mixedcase"), mode),
        "there is no table " + schema_ + ".mixedcase; did you mean " + schema_ + ".MixedCase?");
    EXPECT_EQ(refusal(Table("ordrs"), mode), "there is no table " + schema_ +
                                                 ".ordrs; did you mean " + schema_ + ".orders or " +
                                                 schema_ + ".orderz?");
    EXPECT_THAT(refusal(Table("odd.nam"), mode),
                HasSubstr("; did you mean " + schema_ + ".\"odd.name\"?"));
    EXPECT_THAT(refusal(Table("nothing_like_it"), mode), HasSubstr("; `headrace inspect` lists"));
    const TableRef elsewhere{.schema = "nowhere", .name = "ORDERZ", .query = {}, .alias = {}};
    EXPECT_EQ(refusal(elsewhere, mode),
              "there is no table nowhere.ORDERZ; did you mean " + schema_ + ".orderz?");
  }
}

TEST_F(PostgresCatalogTest, NamesTellWhatInheritsAndLeaveOutPartitions) {
  Run("CREATE TABLE parent (id int); CREATE TABLE other (v int);"
      "CREATE TABLE child () INHERITS (parent, other); CREATE TABLE grandchild () INHERITS (child);"
      "CREATE TABLE p (id int) PARTITION BY RANGE (id);"
      "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (id);"
      "CREATE TABLE p2 PARTITION OF p1 FOR VALUES FROM (0) TO (10);"
      "CREATE MATERIALIZED VIEW m AS TABLE p; CREATE TEMP TABLE temporary (id int)");
  std::map<std::string, NamedRelation> names;
  for (NamedRelation& name : MakeSource()->ListNames({}).ValueOrDie()) {
    EXPECT_NE(name.table.name, "temporary");
    EXPECT_NE(name.table.schema, "pg_catalog");
    if (name.table.schema == schema_) names.emplace(name.table.name, std::move(name));
  }
  ASSERT_EQ(names.size(), 6U);
  EXPECT_EQ(names.at("child").parents, (std::vector{Table("parent"), Table("other")}));
  EXPECT_EQ(names.at("grandchild").parents, std::vector{Table("child")});
  EXPECT_TRUE(names.at("parent").parents.empty());
  EXPECT_EQ(names.at("p").kind, RelationKind::kPartitioned);
  EXPECT_EQ(names.at("m").kind, RelationKind::kMaterializedView);
}

/// The schema is on the writer's search_path alone.
TEST_F(PostgresCatalogTest, NamesTellWhatTheSearchPathOfTheSourceFinds) {
  const std::string in_public = "public." + PgQuoteIdentifier(schema_ + "_t");
  Run("CREATE TABLE t (id int); CREATE TABLE " + in_public + " (id int)");
  const auto names = MakeSource()->ListNames({}).ValueOrDie();
  Run("DROP TABLE " + in_public);
  const auto is_found = [&](const TableRef& table) {
    return std::ranges::find(names, table, &NamedRelation::table)->found_without_schema;
  };
  EXPECT_FALSE(is_found(Table("t")));
  EXPECT_TRUE(is_found({.schema = "public", .name = schema_ + "_t", .query = {}, .alias = {}}));
}

TEST_F(PostgresCatalogTest, AQueryThatIsAnotherStatementIsToldWhatItMustBe) {
  Run("CREATE TABLE t (id int)");
  const auto refusal = [&](const std::string& query, const std::string& mode) {
    OptionValues options;
    options.Set("snapshot", mode);
    const TableRef table{.schema = {}, .name = {}, .query = query, .alias = "q"};
    return OpenSnapshot({table}, std::move(options))->Describe(table, {}).status().message();
  };
  for (const std::string mode : {"require", "off"}) {
    for (const std::string before : {"", " -- SELECT\n", "/* a /* b */ SELECT */\n (", "\t("}) {
      EXPECT_THAT(refusal(before + "Delete FROM t RETURNING *", mode),
                  HasSubstr("; a query must be one SELECT (or WITH, VALUES, TABLE), and this one "
                            "begins with delete"))
          << before;
    }
    for (const std::string query : {"(SELECT FRM t", "/* none", "", "1", "VALUES 1"}) {
      EXPECT_THAT(refusal(query, mode), Not(HasSubstr("must be one SELECT"))) << query;
    }
    EXPECT_EQ(refusal("/* delete */ VALUES (1)", mode), "");
    EXPECT_EQ(refusal("SELECT 1 ;\n", mode), "");
    EXPECT_THAT(refusal("SELECT 1; -- the end", mode), HasSubstr("leave the semicolon out"));
  }
}

TEST_F(PostgresCatalogTest, ANumericThatIsTextSaysWhy) {
  Run("CREATE TABLE t (free numeric, large numeric(90,5), fits numeric(76,5))");
  const Description t = OpenSnapshot({Table("t")})->Describe(Table("t"), {}).ValueOrDie();
  EXPECT_EQ(t.FindColumn("free")->note, "numeric without a fixed scale: as text, lossless");
  EXPECT_EQ(t.FindColumn("large")->note, "more digits than the 76 of a decimal: as text, lossless");
  EXPECT_EQ(t.FindColumn("fits")->note, "");
}

TEST_F(PostgresCatalogTest, AnAnalysedEmptyTableHasNoRows) {
  const auto rows = [&] {
    const Description t = OpenSnapshot({Table("t")})->Describe(Table("t"), {}).ValueOrDie();
    const auto listed = MakeSource()->List({}).ValueOrDie();
    const auto entry = std::ranges::find_if(
        listed, [&](const ListedTable& each) { return each.table == Table("t"); });
    EXPECT_EQ(entry->rows, t.leaves.at(0).rows);
    return t.leaves.at(0).rows;
  };
  Run("CREATE TABLE t (id int) WITH (autovacuum_enabled = off)");
  EXPECT_EQ(rows(), -1);
  Run("ANALYZE t");
  EXPECT_EQ(rows(), writer_->server_version() < 140000 ? -1 : 0) << "older servers do not tell";
  Run("INSERT INTO t VALUES (1)");
  EXPECT_EQ(rows(), -1) << "what was empty then says nothing of now";
  Run("ANALYZE t");
  EXPECT_EQ(rows(), 1);
}

}  // namespace
}  // namespace headrace
