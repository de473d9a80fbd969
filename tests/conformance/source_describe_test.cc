#include <arrow/type.h>

#include <algorithm>

#include "conformance/source_suite.h"

namespace headrace {
namespace {

TEST_P(SourceConformance, CapabilitiesAreWhatTheQuirksSay) {
  const Capabilities capabilities = source().GetCapabilities({}).ValueOrDie();
  EXPECT_EQ(capabilities.strategies, live_->strategies());
  EXPECT_EQ(capabilities.snapshot, quirks().snapshot);
  EXPECT_EQ(OpenSnapshot({})->kind(), quirks().snapshot);
  EXPECT_FALSE(OpenSnapshot({})->about().empty());
}

TEST_P(SourceConformance, DescribesColumnsInTheOrderOfTheTable) {
  Make("CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT NOT NULL, price DECIMAL(12,2), day DATE)");
  const TableRef table = live_->Table("t");
  const Description description = OpenSnapshot({table})->Describe(table, {}).ValueOrDie();
  EXPECT_EQ(description.table, table);
  EXPECT_EQ(description.kind, RelationKind::kTable);
  ASSERT_EQ(description.columns.size(), 4);
  const std::vector<std::string> names = {"id", "name", "price", "day"};
  const arrow::DataTypeVector types = {arrow::int64(), arrow::utf8(), arrow::decimal128(12, 2),
                                       arrow::date32()};
  for (size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(description.columns[i].name, names[i]);
    EXPECT_TRUE(description.columns[i].type->Equals(types[i])) << names[i];
    EXPECT_FALSE(description.columns[i].source_type.empty());
  }
  EXPECT_FALSE(description.columns[1].nullable);
  EXPECT_TRUE(description.columns[2].nullable);
}

TEST_P(SourceConformance, DescribesKeysWithThePrimaryKeyFirst) {
  Make(
      "CREATE TABLE t (a BIGINT NOT NULL, b BIGINT NOT NULL UNIQUE, c BIGINT NOT NULL, "
      "PRIMARY KEY (c, a))");
  const TableRef table = live_->Table("t");
  const Description description = OpenSnapshot({table})->Describe(table, {}).ValueOrDie();
  ASSERT_EQ(description.keys.size(), 2);
  EXPECT_TRUE(description.keys[0].primary);
  EXPECT_EQ(description.keys[0].columns, (std::vector<std::string>{"c", "a"}));
  EXPECT_FALSE(description.keys[1].primary);
  EXPECT_EQ(description.keys[1].columns, std::vector<std::string>{"b"});
}

TEST_P(SourceConformance, ListsTablesAndViews) {
  Make("CREATE TABLE orders (id BIGINT)");
  Make("CREATE VIEW recent AS SELECT id FROM orders");
  const std::vector<ListedTable> listed = source().List({}).ValueOrDie();
  const auto kind_of = [&](const std::string& name) {
    const auto found = std::ranges::find(listed, live_->Table(name), &ListedTable::table);
    return found == listed.end() ? std::optional<RelationKind>() : found->kind;
  };
  EXPECT_EQ(kind_of("orders"), RelationKind::kTable);
  EXPECT_EQ(kind_of("recent"), RelationKind::kView);
}

TEST_P(SourceConformance, ListsTheNamesOfTheSameTables) {
  Make("CREATE TABLE orders (id BIGINT)");
  Make("CREATE TABLE \"odd.name*\" (id BIGINT)");
  Make("CREATE VIEW recent AS SELECT id FROM orders");
  std::vector<ListedTable> listed = source().List({}).ValueOrDie();
  std::vector<NamedRelation> names = source().ListNames({}).ValueOrDie();
  // Others may use the server.
  const std::string schema = live_->Table("orders").schema;
  std::erase_if(listed, [&](const ListedTable& each) { return each.table.schema != schema; });
  std::erase_if(names, [&](const NamedRelation& each) {
    return !schema.empty() && each.table.schema != schema;
  });
  ASSERT_EQ(names.size(), 3U);
  ASSERT_EQ(listed.size(), names.size());
  for (size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(names[i].table.name, listed[i].table.name);
    EXPECT_EQ(names[i].kind, listed[i].kind) << names[i].table.label();
    EXPECT_FALSE(names[i].table.schema.empty());
  }
  // What they say is described as a job would name it.
  for (const NamedRelation& name : names) {
    if (name.table.name != "odd.name*") continue;
    EXPECT_TRUE(OpenSnapshot({name.table})->Describe(name.table, {}).ok());
  }
}

TEST_P(SourceConformance, StopsToListNames) {
  const std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(CodeOf(source().ListNames(stop.get_token()).status()), kInterruptedCode);
}

TEST_P(SourceConformance, AMissingTableIsAUserErrorThatNamesItAndHarmsNoOther) {
  Make("CREATE TABLE present (id BIGINT)");
  Make("INSERT INTO present VALUES (1)");
  const TableJob present = JobOf("present");
  const TableJob missing = JobOf("missing");
  const auto snapshot = OpenSnapshot({missing.table, present.table});
  const auto refused = snapshot->Describe(missing.table, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(ClassOf(refused.status()), ErrorClass::kUser) << refused.status();
  EXPECT_NE(refused.status().message().find("missing"), std::string::npos) << refused.status();
  const PlannedTable planned = Plan(*snapshot, present);
  const auto session = snapshot->Attach({}).ValueOrDie();
  EXPECT_EQ(ReadPlan(*session, planned), (TextRows{{"1"}}));
}

TEST_P(SourceConformance, ABadFilterIsAUserErrorOfThePlanAndHarmsNoOtherTable) {
  Make("CREATE TABLE t (id BIGINT)");
  Make("CREATE TABLE present (id BIGINT)");
  Make("INSERT INTO present VALUES (1)");
  const TableJob present = JobOf("present");
  TableJob job = JobOf("t");
  const auto snapshot = OpenSnapshot({job.table, present.table});
  for (const std::string wrong : {"no_such_column > 1", "id >", "no_such_function(id)"}) {
    SCOPED_TRACE(wrong);
    job.where = wrong;
    const arrow::Status status =
        PlanTable(job, {source(), *snapshot}, {.run = "r1"}, TableHistory(), {}).status;
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(ClassOf(status), ErrorClass::kUser) << status;
    EXPECT_NE(status.message().find("table " + job.table.label() + ": where"), std::string::npos)
        << status;
    if (wrong != "id >") {
      EXPECT_NE(status.message().find(wrong.substr(0, 10)), std::string::npos) << status;
    }
  }
  const PlannedTable planned = Plan(*snapshot, present);
  const auto session = snapshot->Attach({}).ValueOrDie();
  EXPECT_EQ(ReadPlan(*session, planned), (TextRows{{"1"}}));
}

TEST_P(SourceConformance, ARightFilterIsTriedWithoutReadingAnything) {
  Make("CREATE TABLE t (id BIGINT)");
  Make("CREATE TABLE other (id BIGINT)");
  Make("INSERT INTO t VALUES (1)");
  TableJob job = JobOf("t");
  job.where = "id IN (SELECT id FROM " + Qualified("other") + ") OR id = 1";
  const auto snapshot = OpenSnapshot({job.table});
  const PlannedTable planned = Plan(*snapshot, job);
  EXPECT_TRUE(snapshot->TryUnit(planned.plan, planned.units.front(), {}).ok());
  const std::stop_source stopped;
  stopped.request_stop();
  EXPECT_EQ(CodeOf(snapshot->TryUnit(planned.plan, planned.units.front(), stopped.get_token())),
            kInterruptedCode);
  const auto session = snapshot->Attach({}).ValueOrDie();
  EXPECT_EQ(ReadPlan(*session, planned), (TextRows{{"1"}}));
}

TEST_P(SourceConformance, ABadQueryIsAUserErrorAndHarmsNoTable) {
  Make("CREATE TABLE t (id BIGINT)");
  Make("INSERT INTO t VALUES (1)");
  const TableJob good = JobOf("t");
  for (const char* sql : {"SELECT id FROM no_such_table", "SELECT id, FROM t", "SELECT 'open"}) {
    SCOPED_TRACE(sql);
    const TableJob bad = QueryJob(sql);
    const std::vector<SnapshotTable> wanted = {{bad.table, {}}, {good.table, {}}};
    auto snapshot = source().OpenSnapshot(wanted, {});
    ASSERT_TRUE(snapshot.ok()) << snapshot.status();
    EXPECT_EQ(ClassOf((*snapshot)->Describe(bad.table, {}).status()), ErrorClass::kUser);
    const PlannedTable planned = Plan(**snapshot, good);
    const auto session = (*snapshot)->Attach({}).ValueOrDie();
    EXPECT_EQ(ReadPlan(*session, planned), (TextRows{{"1"}}));
  }
}

TEST_P(SourceConformance, NamesOfAnyKindAreTakenAsTheyAre) {
  Make("CREATE TABLE \"Odd. \"\"näme\"\"\" (\"select\" BIGINT, \"A b\" TEXT, \"c.d\" TEXT)");
  Make("INSERT INTO \"Odd. \"\"näme\"\"\" VALUES (1, 'x', 'y')");
  TableJob job = JobOf("Odd. \"näme\"");
  job.columns = {{.name = "c.d"}, {.name = "select"}};
  job.where = "\"A b\" = 'x'";
  EXPECT_EQ(ReadJob(job), (TextRows{{"y", "1"}}));
}

}  // namespace
}  // namespace headrace
