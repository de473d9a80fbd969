#include "headrace/run/execute_options.h"

#include <gtest/gtest.h>

#include <utility>

namespace headrace {
namespace {

std::pair<int, int> WorkersOf(const WorkerSettings& settings, int cores) {
  Job job;
  job.workers = settings;
  const ExecuteOptions options = ExecuteOptionsOf(job, cores);
  return {options.initial_workers, options.max_workers};
}

TEST(ExecuteOptionsTest, ByDefaultTwoWorkersBeginAndCoresCapThem) {
  EXPECT_EQ(WorkersOf({}, 1), std::make_pair(2, 2));
  EXPECT_EQ(WorkersOf({}, 2), std::make_pair(2, 3));
  EXPECT_EQ(WorkersOf({}, 64), std::make_pair(2, 10));
}

TEST(ExecuteOptionsTest, AMostThatIsWrittenIsNotCapped) {
  EXPECT_EQ(WorkersOf({.initial = 1, .max = 8, .max_written = true}, 2), std::make_pair(1, 8));
}

TEST(ExecuteOptionsTest, AnInitialNumberIsObeyedWhateverTheCores) {
  EXPECT_EQ(WorkersOf({.initial = 6, .max = 10, .max_written = false}, 2), std::make_pair(6, 6));
}

TEST(ExecuteOptionsTest, TheSequentialEngineHasOneWorker) {
  Job job;
  job.engine = EngineType::kSequential;
  EXPECT_EQ(ExecuteOptionsOf(job, 8).initial_workers, 1);
  EXPECT_EQ(ExecuteOptionsOf(job, 8).max_workers, 1);
}

}  // namespace
}  // namespace headrace
