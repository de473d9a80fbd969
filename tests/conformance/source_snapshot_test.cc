#include <arrow/record_batch.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <mutex>
#include <thread>

#include "conformance/source_suite.h"

namespace headrace {
namespace {

/// Statements of a writer that change everything a reader could see.
constexpr const char* kChanges[] = {
    "INSERT INTO t VALUES (100001, 1), (-5, 1)",
    "UPDATE t SET v = -1",
    "DELETE FROM t WHERE id % 2 = 0",
    "UPDATE t SET id = id + 1000000 WHERE id % 3 = 0",
};

TEST_P(SourceConformance, SessionsSeeTheSnapshotWhateverAWriterDoesBetweenThem) {
  if (quirks().snapshot == SnapshotKind::kNone) return;  // Nothing is promised.
  Make("CREATE TABLE t (id BIGINT PRIMARY KEY, v BIGINT)");
  Fill("t", 2'000, "i, i");
  const TextRows before = Sorted(Select("SELECT id, v FROM t"));
  TableJob job = JobOf("t");
  job.partition.target_rows = 300;
  const auto snapshot = OpenSnapshot({job.table});
  const PlannedTable planned = Plan(*snapshot, job);
  std::vector<std::unique_ptr<Session>> sessions;
  sessions.push_back(snapshot->Attach({}).ValueOrDie());
  for (const char* change : kChanges) {
    SCOPED_TRACE(change);
    ASSERT_NO_FATAL_FAILURE(WriteBesideSnapshot(change));
    sessions.push_back(snapshot->Attach({}).ValueOrDie());
    EXPECT_EQ(Sorted(ReadPlan(*sessions.back(), planned)), before);
  }
  EXPECT_EQ(Sorted(ReadPlan(*sessions.front(), planned)), before);
}

TEST_P(SourceConformance, AUnitThatIsBeingReadSeesTheSnapshotToItsEnd) {
  if (quirks().snapshot == SnapshotKind::kNone) return;
  Make("CREATE TABLE t (id BIGINT PRIMARY KEY, v BIGINT)");
  Fill("t", 2'000, "i, i");
  TableJob job = JobOf("t");
  job.partition.strategy = Strategy::kNone;
  const auto snapshot = OpenSnapshot({job.table});
  const PlannedTable planned = Plan(*snapshot, job);
  const auto session = snapshot->Attach({}).ValueOrDie();
  const auto reader =
      session->Open(planned.plan, planned.units[0], {.batch_rows = 10}, {}).ValueOrDie();
  ASSERT_EQ(reader->Next().ValueOrDie()->num_rows(), 10);
  ASSERT_NO_FATAL_FAILURE(WriteBesideSnapshot("UPDATE t SET v = -1"));
  const TextRows rest = ReadRemaining(*reader).ValueOrDie();
  EXPECT_EQ(rest.size(), 1'990);
  for (const auto& row : rest) ASSERT_EQ(row[0], row[1]);
}

TEST_P(SourceConformance, WhenTheSnapshotIsGoneWritersAreFreeAndTheNextOneSeesTheirWork) {
  Make("CREATE TABLE t (id BIGINT PRIMARY KEY, v BIGINT)");
  Fill("t", 10, "i, i");
  const TableJob job = JobOf("t");
  EXPECT_EQ(ReadJob(job).size(), 10);
  Make("DELETE FROM t WHERE id > 3");
  EXPECT_EQ(Sorted(ReadJob(job)), (TextRows{{"1", "1"}, {"2", "2"}, {"3", "3"}}));
}

TEST_P(SourceConformance, TwoThreadsReadAllUnitsBetweenThem) {
  Make("CREATE TABLE t (id BIGINT PRIMARY KEY, s TEXT)");
  Fill("t", 20'000, "i, 'row number'");
  TableJob job = JobOf("t");
  job.partition.target_rows = 1'000;
  const auto snapshot = OpenSnapshot({job.table});
  const PlannedTable planned = Plan(*snapshot, job);
  ASSERT_GT(planned.units.size(), 2);
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  TextRows all;
  arrow::Status failure;
  const auto work = [&] {
    const auto session = snapshot->Attach({}).ValueOrDie();
    for (size_t i = next++; i < planned.units.size(); i = next++) {
      auto rows = ReadUnitRows(*session, planned.plan, planned.units[i]);
      const std::scoped_lock lock(mutex);
      failure &= rows.status();
      if (rows.ok()) std::ranges::move(*rows, std::back_inserter(all));
    }
  };
  {
    const std::jthread first(work);
    const std::jthread second(work);
  }
  EXPECT_TRUE(failure.ok()) << failure;
  EXPECT_EQ(Sorted(std::move(all)), Sorted(Select("SELECT id, s FROM t")));
}

TEST_P(SourceConformance, AllTablesOfASnapshotSeeOneState) {
  if (quirks().snapshot == SnapshotKind::kNone) return;
  Make("CREATE TABLE a (v BIGINT)");
  Make("CREATE TABLE b (v BIGINT)");
  const TableJob a = JobOf("a");
  const TableJob b = JobOf("b");
  const auto snapshot = OpenSnapshot({a.table, b.table});
  const PlannedTable planned_a = Plan(*snapshot, a);
  ASSERT_NO_FATAL_FAILURE(WriteBesideSnapshot("INSERT INTO b VALUES (1)"));
  const PlannedTable planned_b = Plan(*snapshot, b);
  const auto session = snapshot->Attach({}).ValueOrDie();
  EXPECT_EQ(ReadPlan(*session, planned_a), TextRows{});
  EXPECT_EQ(ReadPlan(*session, planned_b), TextRows{});
}

}  // namespace
}  // namespace headrace
