#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>

#include <algorithm>
#include <chrono>

#include "conformance/source_suite.h"

namespace headrace {
namespace {

TEST_P(SourceConformance, AnEmptyTableHasOneUnitWithoutRows) {
  Make("CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT)");
  const TableJob job = JobOf("t");
  const auto snapshot = OpenSnapshot({job.table});
  const PlannedTable planned = Plan(*snapshot, job);
  EXPECT_EQ(planned.units.size(), 1);
  const auto session = snapshot->Attach({}).ValueOrDie();
  const auto reader = session->Open(planned.plan, planned.units[0], {}, {}).ValueOrDie();
  EXPECT_EQ(reader->Next().ValueOrDie(), nullptr);
  EXPECT_EQ(reader->Next().ValueOrDie(), nullptr);
  EXPECT_EQ(reader->nulled_values(), 0);
}

TEST_P(SourceConformance, ValuesAndNullsOfEveryCommonType) {
  Make(
      "CREATE TABLE t (id BIGINT PRIMARY KEY, i BIGINT, d DOUBLE PRECISION, s TEXT, b BOOLEAN, "
      "day DATE, at TIMESTAMP, amount DECIMAL(12,2), bytes " +
      quirks().bytes_type + ")");
  Make(
      "INSERT INTO t VALUES (1, 9223372036854775807, 0.1, 'Grüße', TRUE, '2024-02-29', "
      "'2024-02-29 12:34:56.789012', '-1234567.80', " +
      quirks().bytes_ab + ")");
  Make("INSERT INTO t (id) VALUES (2)");
  Make(
      "INSERT INTO t VALUES (3, -9223372036854775808, -2.5e-300, '', FALSE, '1969-12-31', "
      "'1969-12-31 23:59:59', '0', " +
      quirks().bytes_ab + ")");
  EXPECT_EQ(Sorted(ReadJob(JobOf("t"))),
            (TextRows{{"1", "9223372036854775807", "0.1", "Grüße", "true", "2024-02-29",
                       "2024-02-29 12:34:56.789012", "-1234567.80", "AB"},
                      {"2", "null", "null", "null", "null", "null", "null", "null", "null"},
                      {"3", "-9223372036854775808", "-2.5e-300", "", "false", "1969-12-31",
                       "1969-12-31 23:59:59.000000", "0.00", "AB"}}));
}

TEST_P(SourceConformance, TheSchemaIsTheReadSchemaOfThePlan) {
  Make("CREATE TABLE t (id BIGINT PRIMARY KEY, s TEXT)");
  Make("INSERT INTO t VALUES (1, 'x')");
  const TableJob job = JobOf("t");
  const auto snapshot = OpenSnapshot({job.table});
  const PlannedTable planned = Plan(*snapshot, job);
  const auto session = snapshot->Attach({}).ValueOrDie();
  const auto reader = session->Open(planned.plan, planned.units[0], {}, {}).ValueOrDie();
  const auto batch = reader->Next().ValueOrDie();
  ASSERT_NE(batch, nullptr);
  EXPECT_TRUE(batch->schema()->Equals(*ReadSchema(planned.plan)));
}

TEST_P(SourceConformance, SelectedColumnsComeInTheOrderOfTheJob) {
  Make("CREATE TABLE t (a BIGINT, b TEXT, c BIGINT)");
  Make("INSERT INTO t VALUES (1, 'x', 3), (4, 'y', 6)");
  TableJob job = JobOf("t");
  job.columns = {{.name = "c"}, {.name = "a"}};
  EXPECT_EQ(Sorted(ReadJob(job)), (TextRows{{"3", "1"}, {"6", "4"}}));
}

TEST_P(SourceConformance, TheFilterSelectsRowsOfEveryUnit) {
  Make("CREATE TABLE t (id BIGINT PRIMARY KEY, status TEXT)");
  Fill("t", 5'000, "i, CASE WHEN i % 3 = 0 THEN 'open' ELSE 'closed' END");
  TableJob job = JobOf("t");
  job.where = "status = 'open' OR id = 1";
  job.partition.target_rows = 500;
  EXPECT_EQ(Sorted(ReadJob(job)), Sorted(Select("SELECT id, status FROM t WHERE " + job.where)));
}

TEST_P(SourceConformance, ViewsAndQueriesAreOneUnit) {
  Make("CREATE TABLE t (id BIGINT PRIMARY KEY, v BIGINT)");
  Fill("t", 2'000, "i, i * 2");
  Make("CREATE VIEW doubled AS SELECT id, v AS twice FROM t WHERE id <= 1000");
  const TableJob query = QueryJob("SELECT id, v AS twice FROM " + Qualified("t") +
                                  " WHERE id <= 1000 -- half of them");
  for (TableJob job : {JobOf("doubled"), query}) {
    job.partition.target_rows = 100;
    const auto snapshot = OpenSnapshot({job.table});
    const PlannedTable planned = Plan(*snapshot, job);
    EXPECT_EQ(planned.units.size(), 1);
    EXPECT_FALSE(planned.plan.why.empty());
    const auto session = snapshot->Attach({}).ValueOrDie();
    EXPECT_EQ(Sorted(ReadPlan(*session, planned)), Sorted(Select("SELECT id, twice FROM doubled")));
  }
}

TEST_P(SourceConformance, AsManyColumnsAsATableCanHave) {
  std::string columns;
  std::string values;
  std::vector<std::string> expected;
  for (int i = 0; i < quirks().most_columns; ++i) {
    columns += (i == 0 ? "c" : ", c") + std::to_string(i) + " INTEGER";
    values += (i == 0 ? "" : ", ") + std::to_string(i);
    expected.push_back(std::to_string(i));
  }
  Make("CREATE TABLE t (" + columns + ")");
  Make("INSERT INTO t VALUES (" + values + ")");
  EXPECT_EQ(ReadJob(JobOf("t")), TextRows{expected});
}

TEST_P(SourceConformance, BatchesAreBoundedByRowsAndBytes) {
  Make("CREATE TABLE t (id BIGINT PRIMARY KEY, s TEXT)");
  Fill("t", 300, "i, '" + std::string(10'000, 'x') + "'");
  TableJob job = JobOf("t");
  job.partition.target_rows = 1'000'000;
  job.partition.target_bytes = 1LL << 30;
  const auto snapshot = OpenSnapshot({job.table});
  const PlannedTable planned = Plan(*snapshot, job);
  const auto session = snapshot->Attach({}).ValueOrDie();
  const auto read = [&](const ReadLimits& limits, int64_t most_rows, int64_t most_bytes) {
    int64_t rows = 0;
    for (const WorkUnit& unit : planned.units) {
      const auto reader = session->Open(planned.plan, unit, limits, {}).ValueOrDie();
      while (const auto batch = reader->Next().ValueOrDie()) {
        rows += batch->num_rows();
        EXPECT_LE(batch->num_rows(), most_rows);
        EXPECT_LE(arrow::util::ReferencedBufferSize(*batch).ValueOrDie(), most_bytes);
      }
    }
    EXPECT_EQ(rows, 300);
  };
  read({.batch_rows = 7}, 7, int64_t{7} * 11'000);
  // About: the row that fills the batch may stand over.
  read({.batch_bytes = 64 << 10}, 8, int64_t{64 << 10} + 11'000);
  read({.batch_bytes = 1}, 1, 11'000);
}

TEST_P(SourceConformance, RowsThatComeSlowlyDoNotWaitForTheirBatchToFill) {
  Make("CREATE TABLE t (id BIGINT PRIMARY KEY, s TEXT)");
  // More than a client takes from its connection at once.
  Fill("t", 20'000, "i, '" + std::string(200, 'x') + "'");
  TableJob job = JobOf("t");
  job.partition.target_rows = 1'000'000;
  const auto snapshot = OpenSnapshot({job.table});
  const PlannedTable planned = Plan(*snapshot, job);
  ASSERT_EQ(planned.units.size(), 1);
  const auto session = snapshot->Attach({}).ValueOrDie();
  const auto count = [&](const ReadLimits& limits) {
    const auto reader = session->Open(planned.plan, planned.units[0], limits, {}).ValueOrDie();
    int batches = 0;
    int64_t rows = 0;
    while (const auto batch = reader->Next().ValueOrDie()) {
      ++batches;
      rows += batch->num_rows();
    }
    EXPECT_EQ(rows, 20'000);
    return batches;
  };
  EXPECT_EQ(count({.batch_patience = std::chrono::hours(1)}), 1);
  EXPECT_GT(count({.batch_patience = std::chrono::milliseconds(0)}), 1);
}

TEST_P(SourceConformance, ARowMayBeLargerThanABatch) {
  Make("CREATE TABLE t (id BIGINT PRIMARY KEY, s TEXT)");
  const std::string large(3 << 20, 'y');
  Make("INSERT INTO t VALUES (1, '" + large + "')");
  const TableJob job = JobOf("t");
  const auto snapshot = OpenSnapshot({job.table});
  const PlannedTable planned = Plan(*snapshot, job);
  const auto session = snapshot->Attach({}).ValueOrDie();
  const TextRows rows =
      ReadUnitRows(*session, planned.plan, planned.units[0], {.batch_bytes = 1'000}).ValueOrDie();
  ASSERT_EQ(rows.size(), 1);
  EXPECT_EQ(rows[0][1].size(), large.size());
}

}  // namespace
}  // namespace headrace
