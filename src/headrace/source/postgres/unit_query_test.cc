#include "headrace/source/postgres/unit_query.h"

#include <arrow/type.h>
#include <gtest/gtest.h>

#include "headrace/model/civil_time.h"

namespace headrace {
namespace {

/// The condition of a unit of a table with one column of each type that dates cut by.
std::string Condition(const std::string& column, const char* lower, const char* upper) {
  TablePlan plan;
  plan.description.leaves = {{.schema = "public", .name = "t", .oid = 16'400}};
  const auto add = [&](const char* name, std::shared_ptr<arrow::DataType> type) {
    Column& added = plan.description.columns.emplace_back();
    added.name = name;
    added.type = std::move(type);
  };
  add("zoned", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"));
  add("plain", arrow::timestamp(arrow::TimeUnit::MICRO));
  add("day", arrow::date32());
  const auto bound = [](const char* iso) {
    return iso == nullptr ? std::nullopt : MicrosOfIsoTime(iso);
  };
  WorkUnit unit;
  unit.split = DateRange{.column = column, .lower = bound(lower), .upper = bound(upper)};
  return ConditionOf(plan, unit);
}

TEST(UnitQueryTest, BoundsOfTimesAreOfTheColumnsOwnType) {
  EXPECT_EQ(
      Condition("zoned", "2024-01-01T00:00:00", "2024-01-01T00:15:00"),
      "\"zoned\" OPERATOR(pg_catalog.>=) '2024-01-01 00:00:00+00'::pg_catalog.timestamptz AND "
      "\"zoned\" OPERATOR(pg_catalog.<) '2024-01-01 00:15:00+00'::pg_catalog.timestamptz");
  EXPECT_EQ(Condition("plain", "2024-01-01T00:00:00.000001", nullptr),
            "\"plain\" OPERATOR(pg_catalog.>=) '2024-01-01 00:00:00.000001'::pg_catalog.timestamp");
  EXPECT_EQ(Condition("day", nullptr, "2024-01-01T00:00:00"),
            "\"day\" OPERATOR(pg_catalog.<) '2024-01-01'::pg_catalog.date");
  EXPECT_EQ(Condition("day", nullptr, nullptr), "\"day\" IS NOT NULL");
}

TEST(UnitQueryTest, YearsBeforeChristAndAfter9999) {
  EXPECT_EQ(
      Condition("zoned", "-0043-03-15T00:00:00", nullptr),
      "\"zoned\" OPERATOR(pg_catalog.>=) '0044-03-15 00:00:00+00 BC'::pg_catalog.timestamptz");
  EXPECT_EQ(Condition("day", "0000-12-31T00:00:00", "+12024-01-01T00:00:00"),
            "\"day\" OPERATOR(pg_catalog.>=) '0001-12-31 BC'::pg_catalog.date AND "
            "\"day\" OPERATOR(pg_catalog.<) '12024-01-01'::pg_catalog.date");
}

TEST(UnitQueryTest, ADateIsBelowATimeOfItsDay) {
  EXPECT_EQ(Condition("day", "2024-02-29T12:00:00", "2024-12-31T00:00:00.000001"),
            "\"day\" OPERATOR(pg_catalog.>=) '2024-03-01'::pg_catalog.date AND \"day\" "
            "OPERATOR(pg_catalog.<) '2025-01-01'::pg_catalog.date");
}

/// FROM and WHERE of a unit of `public.t`, whose rows lie in so many relations.
std::string Query(RelationKind kind, size_t relations, Split split, std::string indivisible = {}) {
  TablePlan plan;
  plan.description.indivisible = std::move(indivisible);
  plan.description.table = {.schema = "public", .name = "t", .query = {}, .alias = {}};
  plan.description.kind = kind;
  for (size_t i = 0; i < relations; ++i) {
    plan.description.leaves.push_back(
        {.schema = "public", .name = "t" + std::to_string(i), .oid = 16'400 + i});
  }
  WorkUnit unit;
  unit.split = std::move(split);
  return SelectStatement("1", TargetOf(plan, unit), ConditionOf(plan, unit));
}

/// The condition of a unit where NULLs of `column`, which is of `type`, are left out.
std::string NotNullCondition(std::shared_ptr<arrow::DataType> type, std::string source_type,
                             Split split) {
  TablePlan plan;
  plan.description.leaves = {{.schema = "public", .name = "t", .oid = 16'400}};
  Column& column = plan.description.columns.emplace_back();
  column.name = "c";
  column.type = std::move(type);
  column.source_type = std::move(source_type);
  plan.filter.not_null = "c";
  WorkUnit unit;
  unit.split = std::move(split);
  return ConditionOf(plan, unit);
}

TEST(UnitQueryTest, ATableOfWhichRowsMayLieElsewhereIsNotReadAlone) {
  TablePlan plan;
  plan.description.table = {.schema = "public", .name = "t", .query = {}, .alias = {}};
  plan.description.leaves = {{.schema = "public", .name = "t"}};
  const WorkUnit unit;
  EXPECT_EQ(TargetOf(plan, unit).from, R"(ONLY "public"."t")");
  plan.description.leaves[0].has_rows_elsewhere = true;
  EXPECT_EQ(TargetOf(plan, unit).from, R"("public"."t")");
}

TEST(UnitQueryTest, NullsOfCompositesAreAskedForByTheirOwnOperator) {
  const auto row = arrow::struct_({arrow::field("a", arrow::int32())});
  EXPECT_EQ(NotNullCondition(row, "pt", NullRows{"c"}), "\"c\" IS NOT DISTINCT FROM NULL");
  EXPECT_EQ(NotNullCondition(row, "pt", PageRange{}), "\"c\" IS DISTINCT FROM NULL");
  EXPECT_EQ(NotNullCondition(arrow::utf8(), "pt", WholeTable{}), "\"c\" IS DISTINCT FROM NULL");
  EXPECT_EQ(NotNullCondition(arrow::utf8(), "text", WholeTable{}), "\"c\" IS NOT NULL");
  EXPECT_EQ(NotNullCondition(arrow::int64(), "bigint", NullRows{"c"}), "\"c\" IS NULL");
}

TEST(UnitQueryTest, NullRowsOfAnotherColumnAreFilteredToo) {
  EXPECT_EQ(NotNullCondition(arrow::int64(), "bigint", NullRows{"other"}),
            "\"other\" IS NULL AND \"c\" IS NOT NULL");
}

TEST(UnitQueryTest, KeysAreLiteralsOfTheColumnsTypeAndCollation) {
  EXPECT_EQ(Query(RelationKind::kTable, 1, KeyRange{"Code", "it's", "z\\"}),
            "SELECT 1 FROM ONLY \"public\".\"t\" WHERE \"Code\" OPERATOR(pg_catalog.>=) 'it''s' "
            "AND \"Code\" OPERATOR(pg_catalog.<) "
            " E'z\\\\'");
  EXPECT_EQ(Query(RelationKind::kTable, 1, KeyRange{"c", std::nullopt, std::nullopt}),
            "SELECT 1 FROM ONLY \"public\".\"t\" WHERE \"c\" IS NOT NULL");
}

TEST(UnitQueryTest, HashesAreOfTheTextAndNeverNegativeNorNull) {
  EXPECT_EQ(Query(RelationKind::kTable, 1, HashPart{"c", 2, 3}),
            "SELECT 1 FROM ONLY \"public\".\"t\" WHERE \"c\" IS NOT NULL AND"
            " ((coalesce(pg_catalog.hashtext(\"c\"::pg_catalog.text COLLATE pg_catalog.\"C\"), 0)"
            " OPERATOR(pg_catalog.&) 2147483647) OPERATOR(pg_catalog.%) 3)"
            " OPERATOR(pg_catalog.=) 2");
}

TEST(UnitQueryTest, PartsThatCameLaterAreLeftOut) {
  const IdRange ids{.column = "id", .lower = 5, .upper = {}};
  EXPECT_EQ(Query(RelationKind::kTable, 1, ids),
            "SELECT 1 FROM ONLY \"public\".\"t\" WHERE \"id\" OPERATOR(pg_catalog.>=) '5'::bigint");
  EXPECT_EQ(Query(RelationKind::kTable, 2, ids),
            "SELECT 1 FROM \"public\".\"t\" WHERE \"id\" OPERATOR(pg_catalog.>=) '5'::bigint AND "
            "tableoid OPERATOR(pg_catalog.=) ANY ('{16400,16401}'::pg_catalog.oid[])");
  EXPECT_EQ(Query(RelationKind::kPartitioned, 1, NullRows{"id"}),
            "SELECT 1 FROM \"public\".\"t\" WHERE \"id\" IS NULL AND "
            "tableoid OPERATOR(pg_catalog.=) ANY ('{16400}'::pg_catalog.oid[])");
  EXPECT_EQ(Query(RelationKind::kPartitioned, 2, WholeTable{}),
            "SELECT 1 FROM \"public\".\"t\" WHERE "
            "tableoid OPERATOR(pg_catalog.=) ANY ('{16400,16401}'::pg_catalog.oid[])");
  EXPECT_EQ(Query(RelationKind::kPartitioned, 2, WholeTable{}, "some columns only"),
            "SELECT 1 FROM \"public\".\"t\"");
  EXPECT_EQ(Query(RelationKind::kTable, 1, WholeTable{}), "SELECT 1 FROM ONLY \"public\".\"t\"");
  EXPECT_EQ(Query(RelationKind::kMaterializedView, 1, ids),
            "SELECT 1 FROM \"public\".\"t\" WHERE \"id\" OPERATOR(pg_catalog.>=) '5'::bigint");
  EXPECT_EQ(Query(RelationKind::kPartitioned, 2, PageRange{"public", "t1", 0, 9}),
            "SELECT 1 FROM ONLY \"public\".\"t1\" AS \"t\" WHERE ctid OPERATOR(pg_catalog.<) "
            "'(9,0)'::pg_catalog.tid");
}

}  // namespace
}  // namespace headrace
