#include <cstdlib>
#include <filesystem>
#include <functional>

#include "conformance/source_suite.h"
#include "headrace/engine/local/local_engine.h"
#include "headrace/run/coordinator.h"
#include "headrace/run/memory_destination.h"

/// When a source lets go of what its snapshot holds.
namespace headrace {
namespace {

/// A run of one table from a live source into memory, which asks `during_commit` while it
/// publishes.
arrow::Result<RunReport> RunWhile(Source& source, const TableJob& table,
                                  const std::function<void()>& during_commit) {
  std::string pattern = (std::filesystem::temp_directory_path() / "headrace_XXXXXX").string();
  const std::filesystem::path state = mkdtemp(pattern.data());
  Job job;
  job.name = "release";
  job.tables = {table};
  job.verify = VerifyLevel::kOff;
  MemoryDestination destination(
      {.on_end_unit = {}, .on_seal = {}, .on_commit = [&](const CommitIntent&, bool published) {
         if (!published) during_commit();
         return arrow::Status::OK();
       }});
  LocalEngine engine;
  Observer observer;
  Progress progress;
  arrow::Result<RunReport> report = arrow::Status::UnknownError("not run");
  {
    ARROW_ASSIGN_OR_RAISE(const std::unique_ptr<Journal> journal, Journal::Open(state));
    Coordinator coordinator({job, source, destination, engine, *journal, observer, progress});
    report = coordinator.Run({}, {});
  }
  std::error_code ignored;
  std::filesystem::remove_all(state, ignored);
  return report;
}

TEST_P(SourceConformance, WhileTheLastTableIsPublishedWritersAreFree) {
  Make("CREATE TABLE t (id BIGINT PRIMARY KEY)");
  Fill("t", 2'000, "i");
  TableJob table = JobOf("t");
  table.partition.target_rows = 200;
  int commits = 0;
  const auto report = RunWhile(source(), table, [&] {
    ++commits;
    // A lock that no reader of the table may hold beside.
    const arrow::Status written = live_->Execute("ALTER TABLE t ADD COLUMN later INTEGER");
    EXPECT_TRUE(written.ok()) << written;
  });
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->exit_code(), 0);
  EXPECT_EQ(report->rows(), 2'000);
  EXPECT_EQ(commits, 1);
}

TEST_P(SourceConformance, AReleasedSnapshotIsLostToWhoeverComesAfter) {
  Make("CREATE TABLE t (id BIGINT PRIMARY KEY)");
  const TableJob job = JobOf("t");
  const auto snapshot = OpenSnapshot({job.table});
  const PlannedTable planned = Plan(*snapshot, job);
  snapshot->Release({});
  snapshot->Release({});
  EXPECT_EQ(CodeOf(snapshot->Attach({}).status()), kSnapshotLostCode);
  EXPECT_EQ(CodeOf(snapshot->Describe(job.table, {}).status()), kSnapshotLostCode);
  EXPECT_EQ(CodeOf(snapshot->Estimate(planned.plan.description, {}, {}).status()),
            kSnapshotLostCode);
  const arrow::Status written = live_->Execute("ALTER TABLE t ADD COLUMN later INTEGER");
  EXPECT_TRUE(written.ok()) << written;
}

TEST_P(SourceConformance, ASessionThatOutlivesTheReleaseEndsByItself) {
  Make("CREATE TABLE t (id BIGINT PRIMARY KEY)");
  Fill("t", 100, "i");
  const TableJob job = JobOf("t");
  const auto snapshot = OpenSnapshot({job.table});
  const PlannedTable planned = Plan(*snapshot, job);
  auto session = snapshot->Attach({}).ValueOrDie();
  EXPECT_EQ(ReadPlan(*session, planned).size(), 100U);
  snapshot->Release({});
  session.reset();
  const arrow::Status written = live_->Execute("ALTER TABLE t ADD COLUMN later INTEGER");
  EXPECT_TRUE(written.ok()) << written;
}

TEST_P(SourceConformance, AStoppedReleaseLetsGoToo) {
  Make("CREATE TABLE t (id BIGINT PRIMARY KEY)");
  const TableJob job = JobOf("t");
  const auto snapshot = OpenSnapshot({job.table});
  const std::stop_source stop;
  stop.request_stop();
  snapshot->Release(stop.get_token());
  const arrow::Status written = live_->Execute("ALTER TABLE t ADD COLUMN later INTEGER");
  EXPECT_TRUE(written.ok()) << written;
}

}  // namespace
}  // namespace headrace
