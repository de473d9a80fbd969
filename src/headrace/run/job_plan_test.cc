#include "headrace/run/job_plan.h"

#include <arrow/type.h>
#include <gmock/gmock.h>

#include "headrace/run/memory_source.h"

namespace headrace {
namespace {

using testing::HasSubstr;

/// A table `t` of one column that is a test's own.
class OneColumnSnapshot : public MemorySnapshot {
 public:
  OneColumnSnapshot(const MemorySourceScript& script, MemoryOpens& opens,
                    std::atomic<int>& attaches, Column column)
      : MemorySnapshot(script, opens, attaches), column_(std::move(column)) {}

  arrow::Result<Description> Describe(const TableRef& table, std::stop_token /*stop*/) override {
    Description description;
    description.table = table;
    description.columns = {column_};
    return description;
  }

 private:
  Column column_;
};

Column TimestampColumn(bool may_overflow = true) {
  Column column;
  column.name = "at";
  column.source_type = "timestamp without time zone";
  column.type = arrow::timestamp(arrow::TimeUnit::MICRO);
  column.may_overflow = may_overflow;
  return column;
}

PlannedTable PlanOf(const Column& column, const ColumnRequest& request,
                    OverflowPolicy policy = OverflowPolicy::kError) {
  const MemorySourceScript script{
      .tables = {{"t", 10}}, .on_open = {}, .on_try = {}, .on_attach = {}, .on_snapshot = {}};
  MemorySource source(script);
  MemoryOpens opens;
  std::atomic<int> attaches{0};
  OneColumnSnapshot snapshot(script, opens, attaches, column);
  TableJob job;
  job.table.name = "t";
  job.columns = {request};
  job.on_overflow = policy;
  PlannedTable planned = PlanTable(job, {source, snapshot}, {"run", 0, 1}, TableHistory(), {});
  planned.job = nullptr;  // Does not outlive this function.
  return planned;
}

PlannedColumn PlannedColumnOf(const Column& column, const ColumnRequest& request,
                              OverflowPolicy policy = OverflowPolicy::kError) {
  const PlannedTable planned = PlanOf(column, request, policy);
  EXPECT_TRUE(planned.status.ok()) << planned.status.ToString();
  return planned.status.ok() ? planned.plan.columns.at(0) : PlannedColumn{};
}

ColumnRequest Request(std::optional<std::string> type,
                      std::optional<OverflowPolicy> policy = std::nullopt) {
  return {.name = "at", .as = {}, .type = std::move(type), .on_overflow = policy};
}

/// A table whose values the source knows much of.
class SampledSnapshot final : public OneColumnSnapshot {
 public:
  using OneColumnSnapshot::OneColumnSnapshot;

  arrow::Result<Statistics> Estimate(const Description& description, const EstimateRequest& request,
                                     std::stop_token stop) override {
    ARROW_ASSIGN_OR_RAISE(Statistics statistics,
                          MemorySnapshot::Estimate(description, request, std::move(stop)));
    statistics.columns["at"] = {.histogram = {1, 2}, .common = {{1, 0.5}}, .keys = {{"a", 0}}};
    statistics.columns["id"].keys = {{"a", 0}, {"b", 0.5}};
    return statistics;
  }
};

TEST(JobPlanTest, WhatUnitsWereCutByDoesNotStayInThePlan) {
  const MemorySourceScript script{.tables = {{"t", 10}}};
  MemorySource source(script);
  MemoryOpens opens;
  std::atomic<int> attaches{0};
  SampledSnapshot snapshot(script, opens, attaches, TimestampColumn());
  TableJob job;
  job.table.name = "t";
  const PlannedTable planned =
      PlanTable(job, {source, snapshot}, {"run", 0, 1}, TableHistory(), {});
  ASSERT_TRUE(planned.status.ok()) << planned.status;
  const Statistics& statistics = planned.plan.statistics;
  EXPECT_EQ(statistics.rows, 10);
  EXPECT_EQ(statistics.origin, "memory");
  ASSERT_EQ(statistics.columns.size(), 1U) << "of a column without an index nothing is asked later";
  const ColumnStatistics& id = statistics.columns.at("id");
  EXPECT_TRUE(id.indexed);
  EXPECT_FALSE(id.minimum.has_value());
  EXPECT_TRUE(id.keys.empty());
}

TEST(JobPlanTest, AColumnThatIsToBeTextIsReadAsTheSourcesText) {
  for (const OverflowPolicy policy :
       {OverflowPolicy::kError, OverflowPolicy::kNull, OverflowPolicy::kString}) {
    const PlannedColumn column = PlannedColumnOf(TimestampColumn(), Request("string", policy));
    EXPECT_TRUE(column.read_type->Equals(*arrow::utf8()));
    EXPECT_TRUE(column.type->Equals(*arrow::utf8()));
    EXPECT_EQ(column.note, "as text, straight from the source");
  }
}

TEST(JobPlanTest, AColumnWhoseValuesAllFitIsCast) {
  const PlannedColumn column = PlannedColumnOf(TimestampColumn(false), Request("string"));
  EXPECT_TRUE(column.read_type->Equals(*TimestampColumn().type));
  EXPECT_TRUE(column.type->Equals(*arrow::utf8()));
}

TEST(JobPlanTest, ListsBecomeJsonAndNotTheSourcesText) {
  Column column = TimestampColumn();
  column.type = arrow::list(column.type);
  EXPECT_TRUE(PlannedColumnOf(column, Request("string")).read_type->Equals(*column.type));
}

TEST(JobPlanTest, ATypeAndOverflowAsTextContradictEachOther) {
  for (const bool inherited : {false, true}) {
    for (const char* type : {"date", "timestamp"}) {
      const auto policy = inherited ? std::nullopt : std::optional(OverflowPolicy::kString);
      const PlannedTable planned =
          PlanOf(TimestampColumn(), Request(type, policy),
                 inherited ? OverflowPolicy::kString : OverflowPolicy::kError);
      EXPECT_EQ(ClassOf(planned.status), ErrorClass::kUser) << planned.status.ToString();
      EXPECT_THAT(planned.status.message(), HasSubstr("column \"at\""));
      EXPECT_THAT(planned.status.message(), HasSubstr("on_overflow: string"));
    }
  }
}

TEST(JobPlanTest, OnlyWhereTheJobAsksForNoOtherTypeMayAColumnBecomeText) {
  EXPECT_TRUE(PlannedColumnOf(TimestampColumn(), Request({})).may_be_text);
  EXPECT_TRUE(PlannedColumnOf(TimestampColumn(), Request("string")).may_be_text);
  EXPECT_FALSE(PlannedColumnOf(TimestampColumn(), Request("date")).may_be_text);
  EXPECT_FALSE(PlannedColumnOf(TimestampColumn(), Request("timestamp")).may_be_text);
}

TEST(JobPlanTest, ATypeWithAnotherPolicyIsPlanned) {
  EXPECT_TRUE(
      PlanOf(TimestampColumn(), Request("date", OverflowPolicy::kNull), OverflowPolicy::kString)
          .status.ok());
  EXPECT_TRUE(
      PlanOf(TimestampColumn(false), Request("timestamp", OverflowPolicy::kString)).status.ok());
}

TEST(JobPlanTest, WithoutATypeThePolicyReadsText) {
  const PlannedColumn column =
      PlannedColumnOf(TimestampColumn(), Request({}, OverflowPolicy::kString));
  EXPECT_TRUE(column.type->Equals(*arrow::utf8()));
  EXPECT_EQ(column.note, "as text, because of on_overflow: string");
}

TEST(JobPlanTest, ACastThatDoesNotExistIsRefusedWithThoseThatDo) {
  for (const auto& [type, wanted] :
       {std::pair(arrow::int64(), "timestamp"), std::pair(arrow::binary(), "int32"),
        std::pair(arrow::list(arrow::int32()), "int32"),
        std::pair(TimestampColumn().type, "time")}) {
    Column column = TimestampColumn();
    column.type = type;
    const PlannedTable planned = PlanOf(column, Request(wanted));
    EXPECT_EQ(ClassOf(planned.status), ErrorClass::kUser) << planned.status.ToString();
    EXPECT_THAT(planned.status.message(),
                HasSubstr("column \"at\": there is no cast from " + type->ToString()));
    EXPECT_THAT(planned.status.message(), HasSubstr("`type` can be "));
  }
}

TEST(JobPlanTest, ANameThatIsNotUtf8IsRefused) {
  Column column = TimestampColumn();
  ColumnRequest request = Request({});
  column.name = request.name = "x\xff";
  const arrow::Status refused = PlanOf(column, request).status;
  EXPECT_EQ(ClassOf(refused), ErrorClass::kUser) << refused;
  EXPECT_THAT(refused.message(), HasSubstr(R"(table t: column "x\xff": its name is not UTF-8)"));
}

TEST(JobPlanTest, ANameInsideOfAColumnThatIsNotUtf8IsRefused) {
  Column column = TimestampColumn(false);
  column.type = arrow::list(
      arrow::struct_({arrow::field("good", arrow::utf8()), arrow::field("f\xff", arrow::utf8())}));
  for (const auto& type : {std::optional<std::string>(), std::optional<std::string>("string")}) {
    const arrow::Status refused = PlanOf(column, Request(type)).status;
    EXPECT_EQ(ClassOf(refused), ErrorClass::kUser) << refused;
    EXPECT_THAT(refused.message(), HasSubstr(R"(column "at": the name of its field "f\xff")"));
  }
}

TEST(JobPlanTest, AColumnOfUnknownTypeNeedsOneOfTheJob) {
  Column column;
  column.name = "at";
  column.type = arrow::utf8();
  column.may_overflow = true;
  column.type_unknown = true;
  const arrow::Status untyped = PlanOf(column, Request({})).status;
  EXPECT_EQ(ClassOf(untyped), ErrorClass::kUser);
  EXPECT_THAT(untyped.message(), HasSubstr("\"at\""));
  EXPECT_THAT(untyped.message(), HasSubstr("`type`"));
  EXPECT_EQ(PlannedColumnOf(column, Request("int64")).type->id(), arrow::Type::INT64);
  EXPECT_EQ(PlannedColumnOf(column, Request({}, OverflowPolicy::kString)).type->id(),
            arrow::Type::STRING);
}

TEST(JobPlanTest, ACastThatRoundsSaysSo) {
  Column column = TimestampColumn(false);
  column.type = arrow::float64();
  EXPECT_EQ(PlannedColumnOf(column, Request("float")).note, "cast from double, rounds to 24 bits");
  column.type = arrow::int32();
  EXPECT_EQ(PlannedColumnOf(column, Request("double")).note, "cast from int32");
}

TEST(JobPlanTest, WhereTheSourceCanATypeOfTheJobIsReadAndNotCast) {
  Column column = TimestampColumn();
  column.type = arrow::int64();
  column.readable_as = {arrow::Type::INT64, arrow::Type::DOUBLE, arrow::Type::DECIMAL128,
                        arrow::Type::DATE32};
  const PlannedColumn real = PlannedColumnOf(column, Request("double"));
  EXPECT_TRUE(real.read_as_asked);
  EXPECT_TRUE(real.read_type->Equals(*arrow::float64()));
  EXPECT_EQ(real.note, "read as double, not as int64, rounds to 53 bits");
  const PlannedColumn decimal = PlannedColumnOf(column, Request("decimal(38,5)"));
  EXPECT_TRUE(decimal.read_type->Equals(*arrow::decimal128(38, 5)));
  EXPECT_EQ(decimal.note, "read as decimal128(38, 5), not as int64");
  const PlannedColumn same = PlannedColumnOf(column, Request("int64"));
  EXPECT_TRUE(same.read_as_asked);
  EXPECT_EQ(same.note, "");
  const PlannedColumn cast = PlannedColumnOf(column, Request("int32"));
  EXPECT_FALSE(cast.read_as_asked);
  EXPECT_EQ(cast.note, "cast from int64");
  EXPECT_FALSE(PlannedColumnOf(column, Request({})).read_as_asked);
  EXPECT_FALSE(PlannedColumnOf(column, Request("string")).read_as_asked);
  EXPECT_THAT(PlanOf(column, Request("date")).status.message(), HasSubstr("there is no cast"));
  EXPECT_THAT(PlanOf(column, Request("double", OverflowPolicy::kString)).status.message(),
              HasSubstr("contradict"));
}

TEST(JobPlanTest, AColumnThatIsReadAsItsOwnTypeRoundsWhatElseIsStoredInIt) {
  Column column = TimestampColumn(false);
  column.type = arrow::float64();
  column.note = "from a sample of its values: no type is declared";
  EXPECT_EQ(PlannedColumnOf(column, Request("double")).note, column.note);
  column.readable_as = {arrow::Type::INT64, arrow::Type::FLOAT, arrow::Type::DOUBLE};
  EXPECT_EQ(PlannedColumnOf(column, Request("double")).note, "read as double, rounds to 53 bits");
  EXPECT_EQ(PlannedColumnOf(column, Request("float")).note,
            "read as float, not as double, rounds to 24 bits");
  EXPECT_EQ(PlannedColumnOf(column, Request({})).note, column.note);
  column.type = arrow::int64();
  EXPECT_EQ(PlannedColumnOf(column, Request("int64")).note, column.note);
}

PlannedTable PlannedOf(const std::string& name, uint64_t oid, const std::string& where = {}) {
  PlannedTable planned;
  planned.plan.table.name = name;
  planned.plan.filter.where = where;
  planned.plan.description.leaves = {{.schema = "public", .name = "t", .oid = oid}};
  return planned;
}

TEST(JobPlanTest, ATableUnderTwoNamesIsWarnedOf) {
  JobPlan plan;
  plan.tables = {PlannedOf("t", 1), PlannedOf("public.t", 1), PlannedOf("other", 2),
                 PlannedOf("some", 1, "id > 5")};
  plan.tables.push_back(PlannedOf("refused", 1));
  plan.tables.back().status = UserError("no");
  WarnOfTablesReadTwice(plan);
  EXPECT_THAT(plan.tables[1].plan.warnings,
              testing::ElementsAre("the same table as t, which this job copies too"));
  for (const size_t other : {0, 2, 3, 4}) EXPECT_TRUE(plan.tables[other].plan.warnings.empty());
}

TEST(JobPlanTest, WhatTheSourceSaysOfItsFirstUnitIsTheTablesError) {
  arrow::Status answer = UserError("where: no such column");
  std::vector<std::string> tried;
  const auto on_try = [&](const TablePlan& plan, const WorkUnit& unit) {
    tried.push_back(plan.filter.where + " of unit " + unit.id);
    return answer;
  };
  const MemorySourceScript script{
      .tables = {{"t", 10}}, .on_open = {}, .on_try = on_try, .on_attach = {}, .on_snapshot = {}};
  MemorySource source(script);
  MemoryOpens opens;
  std::atomic<int> attaches{0};
  MemorySnapshot snapshot(script, opens, attaches);
  TableJob job;
  job.table.name = "t";
  job.where = "nope > 1";
  const arrow::Status refused =
      PlanTable(job, {source, snapshot}, {"run", 0, 1}, TableHistory(), {}).status;
  EXPECT_EQ(refused.message(), "table t: where: no such column");
  EXPECT_EQ(ClassOf(refused), ErrorClass::kUser);
  answer = InterruptedError();
  const arrow::Status stopped =
      PlanTable(job, {source, snapshot}, {"run", 0, 1}, TableHistory(), {}).status;
  EXPECT_EQ(CodeOf(stopped), kInterruptedCode);
  EXPECT_EQ(stopped.message(), answer.message());
  EXPECT_EQ(tried, (std::vector<std::string>(2, "nope > 1 of unit 0")));
}

}  // namespace
}  // namespace headrace
