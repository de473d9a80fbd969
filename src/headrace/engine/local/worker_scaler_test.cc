#include "headrace/engine/local/worker_scaler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

namespace headrace {
namespace {

using Advice = WorkerScaler::Advice;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// A run whose speed depends on its workers, asked for advice twice a second and following it.
class ScaledRun {
 public:
  ScaledRun(int initial, int max, std::function<double(int workers)> rows_per_second)
      : scaler_(initial, max), workers_(initial), speed_(std::move(rows_per_second)) {}

  void Pass(seconds time) {
    for (milliseconds passed{0}; passed < time; passed += kStep) {
      now_ += kStep;
      rows_ += pace_ * speed_(workers_) * std::chrono::duration<double>(kStep).count();
      Follow(scaler_.Judge(
          now_, {.rows = static_cast<int64_t>(rows_), .tables = tables_, .workers = workers_}));
    }
  }

  void LoseOne() { --workers_; }

  /// The next table, whose rows come so many times as fast as those of the first one.
  void NextTable(double pace) {
    ++tables_;
    pace_ = pace;
  }

  int workers() const { return workers_; }
  int most() const { return most_; }
  int trials() const { return trials_; }

 private:
  static constexpr milliseconds kStep{500};

  void Follow(Advice advice) {
    if (advice == Advice::kGrow) ++trials_;
    workers_ += advice == Advice::kGrow ? 1 : advice == Advice::kRetire ? -1 : 0;
    most_ = std::max(most_, workers_);
  }

  WorkerScaler scaler_;
  WorkerScaler::TimePoint now_{seconds(1'000)};
  double rows_ = 0;
  int workers_;
  int tables_ = 1;
  double pace_ = 1;
  int most_ = 0;
  int trials_ = 0;
  std::function<double(int)> speed_;
};

double EachAddsAsMuch(int workers) { return 100'000.0 * workers; }
double NobodyAddsAnything(int /*workers*/) { return 200'000; }

TEST(WorkerScalerTest, AShortRunKeepsTheWorkersItBeganWith) {
  ScaledRun run(2, 10, EachAddsAsMuch);
  run.Pass(seconds(5));
  EXPECT_EQ(run.most(), 2);
  run.Pass(seconds(1));
  EXPECT_EQ(run.workers(), 3);
}

TEST(WorkerScalerTest, WhereEachWorkerPaysItGrowsOneByOneUpToTheMost) {
  ScaledRun run(2, 5, EachAddsAsMuch);
  run.Pass(seconds(8));
  EXPECT_EQ(run.workers(), 3);
  run.Pass(seconds(60));
  EXPECT_EQ(run.workers(), 5);
  EXPECT_EQ(run.most(), 5);
}

TEST(WorkerScalerTest, AWorkerThatBringsNothingRetiresAndGrowthPausesLongerEachTime) {
  ScaledRun run(2, 10, NobodyAddsAnything);
  run.Pass(seconds(13));
  EXPECT_EQ(run.trials(), 1);
  EXPECT_EQ(run.workers(), 2);
  run.Pass(seconds(25));
  EXPECT_EQ(run.trials(), 1);
  run.Pass(seconds(25));
  EXPECT_EQ(run.trials(), 2);
  EXPECT_EQ(run.workers(), 2);
  run.Pass(seconds(40));
  EXPECT_EQ(run.trials(), 2);
  run.Pass(seconds(1'800));
  EXPECT_LE(run.trials(), 8);
  EXPECT_EQ(run.most(), 3);
}

TEST(WorkerScalerTest, ItStopsAtTheTopOfTheHill) {
  ScaledRun run(1, 10, [](int workers) { return 100'000.0 * std::min(workers, 4); });
  run.Pass(seconds(50));
  EXPECT_EQ(run.workers(), 4);
  EXPECT_EQ(run.most(), 5);
}

TEST(WorkerScalerTest, LessThanTenPercentMoreIsNotEnough) {
  ScaledRun run(2, 10, [](int workers) { return 100'000.0 + 9'000.0 * (workers - 2); });
  run.Pass(seconds(20));
  EXPECT_EQ(run.workers(), 2);
}

TEST(WorkerScalerTest, AWorkerThatTheServerTurnedAwayPausesGrowth) {
  ScaledRun run(2, 10, EachAddsAsMuch);
  run.Pass(seconds(6));
  ASSERT_EQ(run.workers(), 3);
  run.LoseOne();
  run.Pass(seconds(25));
  EXPECT_EQ(run.trials(), 1);
  run.Pass(seconds(20));
  EXPECT_GE(run.trials(), 2);
  EXPECT_GE(run.workers(), 3);
}

TEST(WorkerScalerTest, OneOfTheFirstWorkersThatWasTurnedAwayIsTriedAgainLater) {
  ScaledRun run(2, 2, EachAddsAsMuch);
  run.LoseOne();
  run.Pass(seconds(25));
  EXPECT_EQ(run.workers(), 1);
  run.Pass(seconds(20));
  EXPECT_EQ(run.workers(), 2);
}

TEST(WorkerScalerTest, WithoutRowsNobodyIsKept) {
  ScaledRun run(2, 10, [](int) { return 0.0; });
  run.Pass(seconds(15));
  EXPECT_EQ(run.workers(), 2);
}

TEST(WorkerScalerTest, WhereTheMostAreAtWorkNobodyIsOnTrial) {
  ScaledRun run(3, 3, EachAddsAsMuch);
  run.Pass(seconds(600));
  EXPECT_EQ(run.trials(), 0);
  EXPECT_EQ(run.workers(), 3);
}

TEST(WorkerScalerTest, WideRowsOfTheNextTableAreNotHeldAgainstAWorker) {
  ScaledRun run(1, 10, EachAddsAsMuch);
  run.Pass(seconds(6));
  ASSERT_EQ(run.workers(), 2);
  run.NextTable(0.1);
  run.Pass(seconds(20));
  EXPECT_GE(run.workers(), 3);
}

TEST(WorkerScalerTest, NobodyIsKeptBecauseTheNextTableHasNarrowRows) {
  ScaledRun run(2, 10, NobodyAddsAnything);
  run.Pass(seconds(6));
  ASSERT_EQ(run.workers(), 3);
  run.NextTable(10);
  run.Pass(seconds(20));
  EXPECT_EQ(run.workers(), 2);
  EXPECT_EQ(run.most(), 3);
}

TEST(WorkerScalerTest, ATableChangeWhileNobodyIsOnTrialBeginsTheMeasurementAnew) {
  ScaledRun run(1, 10, EachAddsAsMuch);
  run.Pass(seconds(4));
  run.NextTable(0.1);
  run.Pass(seconds(4));
  EXPECT_EQ(run.trials(), 0);
  run.Pass(seconds(12));
  EXPECT_GE(run.workers(), 2);
}

TEST(WorkerScalerTest, TablesThatAreShorterThanAMeasurementAreMeasuredTogether) {
  ScaledRun run(1, 4, EachAddsAsMuch);
  for (int table = 0; table < 40; ++table) {
    run.Pass(seconds(3));
    run.NextTable(1);
  }
  EXPECT_EQ(run.workers(), 4);
}

}  // namespace
}  // namespace headrace
