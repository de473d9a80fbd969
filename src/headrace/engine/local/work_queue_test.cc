#include "headrace/engine/local/work_queue.h"

#include <gtest/gtest.h>

#include <thread>

namespace headrace {
namespace {

TableWork WorkOfUnits(size_t units, int64_t bytes_per_unit) {
  TableWork work;
  for (size_t i = 0; i < units; ++i) {
    work.units.push_back({"plan", std::to_string(i), WholeTable{}, 1, bytes_per_unit});
  }
  return work;
}

TEST(WorkQueueTest, LargestTableComesFirstAndUnitsInOrder) {
  const std::vector<TableWork> tables = {WorkOfUnits(1, 10), WorkOfUnits(2, 100)};
  WorkQueue queue(tables, 0);
  EXPECT_EQ(queue.TryPull()->table, 1U);
  const auto second = queue.TryPull();
  EXPECT_EQ(second->table, 1U);
  EXPECT_EQ(second->unit->id, "1");
  EXPECT_EQ(queue.TryPull()->table, 0U);
  EXPECT_FALSE(queue.TryPull().has_value());
}

TEST(WorkQueueTest, TableEndsOnlyWhenEveryUnitHasAReceipt) {
  const std::vector<TableWork> tables = {WorkOfUnits(3, 1)};
  WorkQueue queue(tables, 0);
  while (queue.TryPull()) {
  }
  queue.MarkReceipted(0, 2);
  EXPECT_FALSE(queue.HasEnded(0));
  queue.MarkReceipted(0, 1);
  EXPECT_TRUE(queue.HasEnded(0));
  EXPECT_TRUE(queue.WaitForTableEnd()->status.ok());
  EXPECT_FALSE(queue.WaitForTableEnd().has_value());
}

TEST(WorkQueueTest, RetryCountsAttemptsAndThenFailsTheTable) {
  const std::vector<TableWork> tables = {WorkOfUnits(1, 1)};
  WorkQueue queue(tables, 1);
  queue.Retry(*queue.TryPull(), TransientError("cut"));
  const auto again = queue.TryPull();
  EXPECT_EQ(again->attempt, 2);
  queue.Retry(*again, TransientError("cut again"));
  EXPECT_EQ(queue.WaitForTableEnd()->status.message(), "cut again");
}

TEST(WorkQueueTest, PartsOfAUnitComeNextAndTheTableWaitsForEachOfThem) {
  const std::vector<TableWork> tables = {WorkOfUnits(2, 1)};
  WorkQueue queue(tables, 0);
  EXPECT_EQ(queue.waiting_rows(), 2);
  const QueuedUnit unit = *queue.TryPull();
  queue.Divide(unit, {{"plan", "0.0", WholeTable{}, 10, 1}, {"plan", "0.1", WholeTable{}, 20, 1}});
  EXPECT_EQ(queue.waiting(), 3U);
  EXPECT_EQ(queue.waiting_rows(), 31);
  std::vector<std::string> order;
  while (const auto next = queue.TryPull()) order.push_back(next->unit->id);
  EXPECT_EQ(order, (std::vector<std::string>{"0.0", "0.1", "1"}));
  EXPECT_EQ(queue.waiting_rows(), 0);
  queue.MarkReceipted(0, 2);
  EXPECT_FALSE(queue.HasEnded(0));
  queue.MarkReceipted(0, 1);
  EXPECT_TRUE(queue.HasEnded(0));
}

TEST(WorkQueueTest, AUnitOfATableThatHasFailedIsNotDivided) {
  const std::vector<TableWork> tables = {WorkOfUnits(2, 1)};
  WorkQueue queue(tables, 0);
  const QueuedUnit unit = *queue.TryPull();
  queue.FailTable(0, PermanentError("no"));
  queue.Divide(unit, {{"plan", "0.0", WholeTable{}, 1, 1}, {"plan", "0.1", WholeTable{}, 1, 1}});
  EXPECT_EQ(queue.waiting(), 0U);
  EXPECT_EQ(queue.waiting_rows(), 0);
}

TEST(WorkQueueTest, UnitsOfAFailedTableAreNotHandedOut) {
  const std::vector<TableWork> tables = {WorkOfUnits(5, 1), WorkOfUnits(1, 1)};
  WorkQueue queue(tables, 0);
  queue.FailTable(0, PermanentError("no"));
  EXPECT_EQ(queue.TryPull()->table, 1U);
  EXPECT_FALSE(queue.TryPull().has_value());
}

TEST(WorkQueueTest, AWaitingWorkerGetsAUnitThatComesBack) {
  const std::vector<TableWork> tables = {WorkOfUnits(1, 1)};
  WorkQueue queue(tables, 5);
  const QueuedUnit unit = *queue.TryPull();
  std::optional<QueuedUnit> got;
  std::jthread waiting([&](const std::stop_token& stop) { got = queue.Pull(stop); });
  queue.Retry(unit, TransientError("cut"));
  waiting.join();
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->attempt, 2);
}

TEST(WorkQueueTest, AWaitingWorkerIsReleasedByTheEndAndByStop) {
  const std::vector<TableWork> tables = {WorkOfUnits(1, 1)};
  WorkQueue queue(tables, 5);
  ASSERT_TRUE(queue.TryPull().has_value());
  std::jthread stopped(
      [&](const std::stop_token& stop) { EXPECT_FALSE(queue.Pull(stop).has_value()); });
  stopped.request_stop();
  stopped.join();
  const std::jthread ended(
      [&](const std::stop_token& stop) { EXPECT_FALSE(queue.Pull(stop).has_value()); });
  queue.MarkReceipted(0, 1);
}

TEST(WorkQueueTest, ATableWithoutUnitsEndsAtOnce) {
  const std::vector<TableWork> tables = {WorkOfUnits(0, 1)};
  WorkQueue queue(tables, 0);
  EXPECT_TRUE(queue.WaitForTableEnd()->status.ok());
}

}  // namespace
}  // namespace headrace
