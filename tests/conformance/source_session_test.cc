#include <arrow/record_batch.h>

#include <stop_token>
#include <thread>

#include "conformance/source_suite.h"

namespace headrace {
namespace {

constexpr const char* kEndlessRows =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT (i % 1000) + 1 FROM n) SELECT i FROM n";

TEST_P(SourceConformance, ASessionReadsAfterAReaderThatFinishedOrWasAbandoned) {
  Make("CREATE TABLE t (id BIGINT PRIMARY KEY)");
  Fill("t", 1'000, "i");
  TableJob job = JobOf("t");
  job.partition.strategy = Strategy::kNone;
  const auto snapshot = OpenSnapshot({job.table});
  const PlannedTable planned = Plan(*snapshot, job);
  const auto session = snapshot->Attach({}).ValueOrDie();
  EXPECT_EQ(ReadPlan(*session, planned).size(), 1'000);
  {
    const auto abandoned =
        session->Open(planned.plan, planned.units[0], {.batch_rows = 10}, {}).ValueOrDie();
    EXPECT_EQ(abandoned->Next().ValueOrDie()->num_rows(), 10);
  }
  {
    const auto never_read = session->Open(planned.plan, planned.units[0], {}, {}).ValueOrDie();
  }
  EXPECT_EQ(ReadPlan(*session, planned).size(), 1'000);
}

TEST_P(SourceConformance, ASessionMayEndOnAnotherThread) {
  Make("CREATE TABLE t (id BIGINT PRIMARY KEY)");
  const TableJob job = JobOf("t");
  const auto snapshot = OpenSnapshot({job.table});
  const PlannedTable planned = Plan(*snapshot, job);
  auto session = snapshot->Attach({}).ValueOrDie();
  EXPECT_EQ(ReadPlan(*session, planned), TextRows{});
  const std::jthread other([moved = std::move(session)]() mutable { moved.reset(); });
}

TEST_P(SourceConformance, AStoppedTokenEndsAReadBetweenBatches) {
  const TableJob job = QueryJob(kEndlessRows);
  const auto snapshot = OpenSnapshot({job.table});
  const PlannedTable planned = Plan(*snapshot, job);
  const auto session = snapshot->Attach({}).ValueOrDie();
  const std::stop_source stop;
  const auto reader =
      session->Open(planned.plan, planned.units[0], {.batch_rows = 100}, stop.get_token())
          .ValueOrDie();
  EXPECT_EQ(reader->Next().ValueOrDie()->num_rows(), 100);
  stop.request_stop();
  // What was on its way may still come; then it ends.
  const arrow::Result<TextRows> rest = ReadRemaining(*reader);
  ASSERT_FALSE(rest.ok());
  EXPECT_EQ(CodeOf(rest.status()), kInterruptedCode) << rest.status();
  EXPECT_EQ(ClassOf(rest.status()), ErrorClass::kTransient);
}

/// Its column is one of a table, whose type is known without a row.
TEST_P(SourceConformance, AStoppedTokenEndsAReadThatYieldsNothing) {
  Make("CREATE TABLE t (never BIGINT)");
  Make("INSERT INTO t VALUES (1)");
  const TableJob job = QueryJob("SELECT never FROM " + Qualified("t") + " AS t, (" + kEndlessRows +
                                ") AS endless WHERE i < never");
  const auto snapshot = OpenSnapshot({job.table});
  const PlannedTable planned = Plan(*snapshot, job);
  const auto session = snapshot->Attach({}).ValueOrDie();
  const std::stop_source stop;
  arrow::Result<TextRows> rows = TextRows{};
  {
    const std::jthread reader([&] {
      rows = ReadUnitRows(*session, planned.plan, planned.units[0], {}, stop.get_token());
    });
    stop.request_stop();
  }
  ASSERT_FALSE(rows.ok());
  EXPECT_EQ(CodeOf(rows.status()), kInterruptedCode) << rows.status();
}

TEST_P(SourceConformance, AStoppedTokenKeepsConnectionsFromBeingMade) {
  const std::stop_source stop;
  const auto snapshot = OpenSnapshot({});
  stop.request_stop();
  EXPECT_EQ(CodeOf(snapshot->Attach(stop.get_token()).status()), kInterruptedCode);
  EXPECT_EQ(CodeOf(source().OpenSnapshot({}, stop.get_token()).status()), kInterruptedCode);
}

TEST_P(SourceConformance, AReaderIsFinishedAfterAnError) {
  Make("CREATE TABLE t (id BIGINT PRIMARY KEY, v " + quirks().overflow.type + ")");
  Make("INSERT INTO t VALUES (1, " + quirks().overflow.unfit + ")");
  const TableJob job = JobOf("t");
  const auto snapshot = OpenSnapshot({job.table});
  const PlannedTable planned = Plan(*snapshot, job);
  const auto session = snapshot->Attach({}).ValueOrDie();
  {
    const auto reader = session->Open(planned.plan, planned.units[0], {}, {}).ValueOrDie();
    ASSERT_FALSE(reader->Next().ok());
    const auto after = reader->Next();
    EXPECT_TRUE(!after.ok() || *after == nullptr);
  }
}

TEST_P(SourceConformance, NothingCanBeWrittenThroughIt) {
  Make("CREATE TABLE t (a BIGINT)");
  Make("INSERT INTO t VALUES (1)");
  if (!quirks().writing_setup.empty()) Make(quirks().writing_setup);
  for (const std::string& sql : quirks().writing_queries) {
    SCOPED_TRACE(sql);
    const TableJob job = QueryJob(sql);
    const auto snapshot = OpenSnapshot({job.table});
    const PlannedTable planned =
        PlanTable(job, {source(), *snapshot}, {.run = "r1"}, TableHistory(), {});
    arrow::Status status = planned.status;
    if (status.ok()) {
      const auto session = snapshot->Attach({}).ValueOrDie();
      status = ReadUnitRows(*session, planned.plan, planned.units[0]).status();
    }
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(ClassOf(status), ErrorClass::kUser) << status;
  }
  EXPECT_EQ(Select("SELECT a FROM t"), (TextRows{{"1"}}));
}

TEST_P(SourceConformance, AConditionIsOneConditionAndNoMore) {
  Make("CREATE TABLE t (a BIGINT)");
  Make("INSERT INTO t VALUES (1)");
  for (const char* condition :
       {"true) TO STDOUT; COMMIT; DELETE FROM t; --", "1 = 1); DELETE FROM t; --",
        "1 = 1)) q; COMMIT; DELETE FROM t; --", "a = 5) OR (a = 1", "a = 5) OR (a = 1 -- more",
        "a = 1 ORDER BY a", "a = 1;"}) {
    SCOPED_TRACE(condition);
    const TableJob job = JobOf("t");
    const auto snapshot = OpenSnapshot({job.table});
    PlannedTable planned = Plan(*snapshot, job);
    planned.plan.filter.where = condition;
    const arrow::Status tried = snapshot->TryUnit(planned.plan, planned.units[0], {});
    EXPECT_EQ(ClassOf(tried), ErrorClass::kUser) << tried;
    const auto session = snapshot->Attach({}).ValueOrDie();
    const arrow::Status status = ReadUnitRows(*session, planned.plan, planned.units[0]).status();
    EXPECT_EQ(ClassOf(status), ErrorClass::kUser) << status;
  }
  EXPECT_EQ(Select("SELECT a FROM t"), (TextRows{{"1"}}));
}

TEST_P(SourceConformance, AConditionMayHoldWhatAConditionMay) {
  Make("CREATE TABLE t (a BIGINT)");
  Make("INSERT INTO t VALUES (1), (2)");
  for (const char* condition : {"a = 1 OR a = 7", "a = 1 -- ) OR (1 = 1", "(a = 1) OR (a = 7)",
                                "a IN (SELECT 1)", "a = 1 AND ') OR (' <> ''"}) {
    SCOPED_TRACE(condition);
    TableJob job = JobOf("t");
    job.where = condition;
    EXPECT_EQ(ReadJob(job), (TextRows{{"1"}}));
  }
}

}  // namespace
}  // namespace headrace
