#include "headrace/cli/plan_text.h"

#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace headrace {
namespace {

using testing::HasSubstr;
using testing::Not;

PlannedColumn MakeColumn(std::string name, std::string source_type,
                         std::shared_ptr<arrow::DataType> type) {
  PlannedColumn column;
  column.source_name = name;
  column.name = std::move(name);
  column.source_type = std::move(source_type);
  column.read_type = type;
  column.type = std::move(type);
  return column;
}

TableJob EventsJob() {
  TableJob job;
  job.table = ParseTableName("public.events");
  return job;
}

PlannedTable PlanEvents(const TableJob& job, uint32_t units) {
  PlannedTable planned;
  planned.job = &job;
  planned.plan.table = job.table;
  planned.plan.strategy = Strategy::kPages;
  planned.plan.why = "a heap table of a server with ctid range scans";
  planned.plan.statistics = {
      .rows = 5'000'000, .bytes = 365'000'000, .row_width = 86, .origin = "pg_class"};
  planned.plan.columns = {MakeColumn("id", "bigint", arrow::int64()),
                          MakeColumn("amount", "numeric(12,2)", arrow::decimal128(12, 2))};
  planned.plan.columns[0].nullable = false;
  planned.plan.columns[1].name = "amount_usd";
  planned.plan.columns[1].on_overflow = OverflowPolicy::kNull;
  for (uint32_t unit = 0; unit < units; ++unit) {
    const bool last = unit + 1 == units;
    planned.units.push_back(
        {.plan_id = "plan",
         .id = std::to_string(unit),
         .split = PageRange{"public", "events", unit * 512,
                            last ? std::nullopt : std::optional(unit * 512 + 512)},
         .estimated_rows = 50'000,
         .estimated_bytes = 4'300'000});
  }
  return planned;
}

TEST(PlanText, ShowsHowEachTableIsCutAndMapped) {
  const TableJob job = EventsJob();
  JobPlan plan{.job = "shop",
               .source = "postgresql://etl@127.0.0.1:5432/shop",
               .destination = "/data/lake",
               .snapshot = SnapshotKind::kTransaction,
               .snapshot_about = "PostgreSQL 15.18, REPEATABLE READ, exported snapshot"};
  plan.tables.push_back(PlanEvents(job, 100));
  plan.tables[0].plan.warnings = {"never analysed"};
  EXPECT_EQ(PlanText(plan, {.width = 80}),
            R"(Plan of job shop
  source       postgresql://etl@127.0.0.1:5432/shop
  snapshot     transaction: PostgreSQL 15.18, REPEATABLE READ, exported snapshot
  destination  /data/lake

public.events
  write        replace
  estimate     about 5,000,000 rows (pg_class), 365 MB at the source, 86 bytes a
               row as Arrow
  strategy     pages, 100 units: a heap table of a server with ctid range scans
  warning      never analysed

  COLUMN  SOURCE TYPE    OUTPUT      TYPE               NOTE
  id      bigint         id          int64 not null
  amount  numeric(12,2)  amount_usd  decimal128(12, 2)  on_overflow: null

  UNIT  TAKES                           ROWS  AS ARROW
  0     pages 0 to 511 of events      50,000    4.3 MB
  1     pages 512 to 1023 of events   50,000    4.3 MB
  2     pages 1024 to 1535 of events  50,000    4.3 MB
  …     96 more, --units shows them
  99    pages from 50688 of events    50,000    4.3 MB

1 table, 100 units, about 5,000,000 rows
)");
}

/// One that is broken into lines is none that can be pasted.
TEST(PlanText, RightsThatAreMissingStandAtTheEndInOneLineEach) {
  JobPlan plan{.job = "shop"};
  const std::string grant =
      "GRANT SELECT (identifier, created_at, amount) ON public.events_of_all_kinds TO \"a reader\"";
  plan.rights = {.needed = {grant, "GRANT USAGE ON SCHEMA \"a\nb\" TO etl"},
                 .helpful = {"GRANT pg_read_all_stats TO etl"}};
  EXPECT_THAT(PlanText(plan, {.width = 40}), testing::EndsWith(R"(
  rights that the job needs and the role
  lacks, for the owner of the tables or
  a superuser to run:

    )" + grant + R"(;
    GRANT USAGE ON SCHEMA "a\nb" TO etl;
)"));
}

TEST(PlanText, ALongTypeKeepsToTheWidth) {
  const TableJob job = EventsJob();
  JobPlan plan{.job = "shop"};
  plan.tables.push_back(PlanEvents(job, 1));
  arrow::FieldVector fields;
  for (int i = 0; i < 20; ++i) {
    fields.push_back(arrow::field("field_" + std::to_string(i), arrow::int32()));
  }
  plan.tables[0].plan.columns[1].type = arrow::struct_(fields);
  std::istringstream lines(PlanText(plan, {.width = 100}));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100) << line;
}

TEST(PlanText, ShowsEveryUnitOnRequest) {
  const TableJob job = EventsJob();
  JobPlan plan{.job = "shop"};
  plan.tables.push_back(PlanEvents(job, 9));
  const std::string some = PlanText(plan, {});
  EXPECT_THAT(some, HasSubstr("5 more, --units shows them"));
  EXPECT_THAT(some, HasSubstr("pages from 4096 of events"));
  const std::string all = PlanText(plan, {.all_units = true});
  EXPECT_THAT(all, Not(HasSubstr("more")));
  EXPECT_THAT(all, HasSubstr("pages 2048 to 2559 of events"));
}

TEST(PlanText, SaysWhereTheValuesOfATimeEndBesideTheWindow) {
  const TableJob job = EventsJob();
  JobPlan plan{.job = "shop"};
  plan.tables.push_back(PlanEvents(job, 1));
  plan.tables[0].plan.cursor = CursorPlan{.column = "created_at",
                                          .last = {},
                                          .next = "2024-01-31T09:15:00Z",
                                          .about = "the clock",
                                          .now = {},
                                          .newest = {},
                                          .waiting = {}};
  EXPECT_THAT(PlanText(plan, {.width = 200}),
              HasSubstr("  window       created_at to before 2024-01-31T09:15:00Z (the clock)\n"));
  plan.tables[0].plan.cursor->greatest = "2024-01-30T23:00:00Z";
  EXPECT_THAT(PlanText(plan, {.width = 200}),
              HasSubstr("to before 2024-01-31T09:15:00Z (the clock); the greatest value known is "
                        "2024-01-30T23:00:00Z\n"));
}

TEST(PlanText, AnEstimateOfAViewIsAGuess) {
  const TableJob job = EventsJob();
  JobPlan plan{.job = "shop"};
  plan.tables.push_back(PlanEvents(job, 1));
  plan.tables[0].plan.description.kind = RelationKind::kView;
  plan.tables[0].plan.statistics = {.rows = 1, .origin = "EXPLAIN"};
  EXPECT_THAT(PlanText(plan, {}), HasSubstr("about 1 row (the source's guess: EXPLAIN)\n"));
}

TEST(PlanText, SaysWhyATableCannotRunAndGoesOn) {
  const TableJob job = EventsJob();
  JobPlan plan{.job = "shop"};
  plan.tables.push_back(PlanEvents(job, 3));
  plan.tables[0].status = UserError("there is no table public.events");  // Found behind its units.
  plan.tables.push_back(PlanEvents(job, 1));
  const std::string text = PlanText(plan, {});
  EXPECT_THAT(text, HasSubstr("  cannot run   there is no table public.events\n"));
  EXPECT_THAT(text, HasSubstr("2 tables, 1 unit, about 5,000,000 rows; 1 table cannot run\n"));
}

}  // namespace
}  // namespace headrace
