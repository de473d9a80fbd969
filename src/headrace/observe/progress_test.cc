#include "headrace/observe/progress.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace headrace {
namespace {

TEST(Progress, AddsUpWhatWorkersReport) {
  Progress progress;
  progress.StartPhase("extract");
  progress.SetWorkers(2);
  progress.AddPlanned(10, 1000);
  progress.UnitStarted("public.orders");
  progress.UnitStarted("public.orders");
  progress.AddRows(60, 600);
  progress.AddRows(40, 400);
  progress.UnitEnded("public.orders", true);
  progress.TakeBackRows(40, 400);
  progress.UnitEnded("public.orders", false);
  progress.UnitStarted("public.orders");
  progress.Retried();

  const ProgressReading reading = progress.Read();
  EXPECT_EQ(reading.phase, "extract");
  EXPECT_EQ(reading.table, "public.orders");
  EXPECT_EQ(reading.rows, 60);
  EXPECT_EQ(reading.bytes, 600);
  EXPECT_EQ(reading.estimated_rows, 1000);
  EXPECT_EQ(reading.units_total, 10);
  EXPECT_EQ(reading.units_done, 1);
  EXPECT_EQ(reading.workers_busy, 1);
  EXPECT_EQ(reading.workers, 2);
  EXPECT_EQ(reading.retries, 1);
}

TEST(Progress, NamesATableThatIsBeingRead) {
  Progress progress;
  progress.StartPhase("extract");
  progress.UnitStarted("slow");
  progress.UnitStarted("quick");
  EXPECT_EQ(progress.Read().table, "quick");
  progress.UnitEnded("quick", true);
  EXPECT_EQ(progress.Read().table, "slow");
  progress.UnitStarted("slow");
  progress.UnitStarted("quick");
  progress.UnitEnded("slow", true);
  EXPECT_EQ(progress.Read().table, "quick");
  progress.UnitEnded("quick", false);
  EXPECT_EQ(progress.Read().table, "slow");
}

TEST(Progress, BetweenTwoUnitsATableKeepsItsNameAndAPhaseBeginsWithoutOne) {
  Progress progress;
  progress.StartPhase("extract");
  progress.UnitStarted("orders");
  progress.UnitEnded("orders", true);
  EXPECT_EQ(progress.Read().table, "orders");
  progress.StartPhase("verify");
  EXPECT_EQ(progress.Read().table, "");
  progress.NextTable("events");
  EXPECT_EQ(progress.Read().table, "events");
}

TEST(Progress, APhaseWithoutUnitsCountsItsTablesAndRows) {
  Progress progress;
  progress.StartPhase("verify", {.tables = 2, .rows = 50});
  progress.NextTable("orders");
  progress.AddPhaseRows(30);
  ProgressReading reading = progress.Read();
  EXPECT_EQ(reading.tables_begun, 1);
  EXPECT_EQ(reading.tables_total, 2);
  EXPECT_EQ(reading.phase_rows, 30);
  EXPECT_EQ(reading.phase_rows_total, 50);
  progress.StartPhase("extract");
  reading = progress.Read();
  EXPECT_EQ(reading.tables_begun + reading.tables_total, 0);
  EXPECT_EQ(reading.phase_rows + reading.phase_rows_total, 0);
}

TEST(Progress, CountsSecondsFromTheExtractPhaseOnly) {
  Progress progress;
  progress.StartPhase("plan");
  EXPECT_EQ(progress.Read().seconds, 0);
  progress.StartPhase("extract");
  const double first = progress.Read().seconds;
  EXPECT_GE(first, 0);
  progress.StartPhase("commit");
  EXPECT_GE(progress.Read().seconds, first);
}

TEST(Progress, WhatMustBeDoneAgainIsTakenBack) {
  Progress progress;
  progress.AddPlanned(10, 1000);
  progress.AddPlanned(4, -1);
  for (int unit = 0; unit < 3; ++unit) {
    progress.UnitStarted("a");
    progress.AddRows(100, 800);
    progress.UnitEnded("a", true);
  }
  progress.TakeBackUnits(2, 200, 1600);
  progress.TakeBackPlanned(4, -1);
  const ProgressReading reading = progress.Read();
  EXPECT_EQ(reading.units_done, 1);
  EXPECT_EQ(reading.rows, 100);
  EXPECT_EQ(reading.bytes, 800);
  EXPECT_EQ(reading.units_total, 10);
  EXPECT_EQ(reading.estimated_rows, 1000);
}

TEST(Progress, LosesNothingBetweenThreads) {
  Progress progress;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&progress] {
        for (int i = 0; i < 1000; ++i) progress.AddRows(1, 10);
      });
    }
  }
  EXPECT_EQ(progress.Read().rows, 4000);
  EXPECT_EQ(progress.Read().bytes, 40000);
}

}  // namespace
}  // namespace headrace
