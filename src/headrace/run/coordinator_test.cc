#include "headrace/run/coordinator.h"

#include <gtest/gtest.h>

#include "headrace/run/coordinator_fixture.h"

namespace headrace {
namespace {

TEST_F(CoordinatorTest, ARunPublishesEveryRowOnce) {
  const auto report = Run();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->exit_code(), 0);
  EXPECT_EQ(report->rows(), 2 * kRows);
  EXPECT_EQ(destination_.Published("a"), Integers(kRows));
  EXPECT_EQ(destination_.Published("b"), Integers(kRows));
  EXPECT_EQ((*journal_->FindRun(report->run))->state, RunState::kDone);
}

/// Each table is planned as two units of 20 rows, and the second one has all the others.
class DividingCoordinatorTest : public CoordinatorTest {
 protected:
  void SetUp() override {
    CoordinatorTest::SetUp();
    job_.engine = EngineType::kLocal;
    job_.workers = {.initial = 2, .max = 2};
    for (TableJob& table : job_.tables) table.partition.target_rows = 20;
    estimated_rows = 40;
  }

  /// Every row of both tables is published, and each unit that the report tells of was planned, or
  /// is a part. Returns how many.
  int64_t ExpectAllPublished(const arrow::Result<RunReport>& report) {
    EXPECT_TRUE(report.ok()) << report.status();
    if (!report.ok()) return 0;
    EXPECT_EQ(report->exit_code(), 0);
    EXPECT_EQ(destination_.Published("a"), Integers(kRows));
    EXPECT_EQ(destination_.Published("b"), Integers(kRows));
    int64_t units = 0;
    for (const TableReport& table : report->tables) units += table.units;
    EXPECT_EQ(progress_.Read().units_total, units);
    EXPECT_EQ(progress_.Read().units_done, units);
    EXPECT_EQ(progress_.Read().rows, 2 * kRows);
    return units;
  }
};

TEST_F(DividingCoordinatorTest, UnitsThatAreDividedArePublishedByTheirParts) {
  const auto report = Run();
  ASSERT_TRUE(report.ok()) << report.status();
  const int64_t units = ExpectAllPublished(report);
  EXPECT_EQ(units, 2 * (1 + 8)) << "four parts for each worker";
  int64_t journalled = 0;
  for (const JournalTable& table : *journal_->Tables(report->run)) journalled += table.units;
  EXPECT_EQ(journalled, units);
}

TEST_F(DividingCoordinatorTest, WhatWasDividedInALostEpochIsNotThere) {
  on_open = [](const TablePlan& plan, const WorkUnit& unit, int) {
    return plan.epoch == 1 && unit.id == "1.1"
               ? TransientError("restarted", std::string(kSnapshotLostCode))
               : arrow::Status::OK();
  };
  ExpectAllPublished(Run());
}

TEST_F(CoordinatorTest, TheNextRunIsANewOneWithTheNextSequence) {
  ASSERT_TRUE(Run().ok());
  const auto second = Run();
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->tables.at(0).sequence, 2);
  EXPECT_EQ(CountOf("a"), 2 * kRows);
}

TEST_F(CoordinatorTest, ALostSnapshotStartsANewEpochAndSaysSo) {
  on_open = [](const TablePlan& plan, const WorkUnit& unit, int) {
    return plan.epoch == 1 && unit.id == "2"
               ? TransientError("restarted", std::string(kSnapshotLostCode))
               : arrow::Status::OK();
  };
  const auto report = Run();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->exit_code(), 0);
  EXPECT_EQ(report->tables.at(0).epoch, 2);
  ASSERT_FALSE(report->notes.empty());
  EXPECT_NE(report->notes.back().find("new epoch"), std::string::npos);
  EXPECT_EQ(destination_.Published("a"), Integers(kRows));
}

TEST_F(CoordinatorTest, ATableThatIsLostAloneIsReadAgainAlone) {
  on_open = [](const TablePlan& plan, const WorkUnit& unit, int) {
    return plan.table.name == "a" && plan.epoch == 1 && unit.id == "2"
               ? TransientError("nobody held it", std::string(kTableLostCode))
               : arrow::Status::OK();
  };
  const auto report = Run();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->exit_code(), 0);
  std::map<std::string, int> epochs;
  for (const TableReport& table : report->tables) epochs[table.table] = table.epoch;
  EXPECT_EQ(epochs, (std::map<std::string, int>{{"a", 2}, {"b", 1}}));
  ASSERT_EQ(report->notes.size(), 1U);
  EXPECT_NE(report->notes.front().find("1 table not yet committed starts"), std::string::npos);
  EXPECT_EQ(destination_.Published("a"), Integers(kRows));
  EXPECT_EQ(destination_.Published("b"), Integers(kRows));
  EXPECT_EQ(progress_.Read().rows, 2 * kRows);
}

TEST_F(CoordinatorTest, AfterANewEpochTheProgressCountsEveryUnitAndRowOnce) {
  on_open = [](const TablePlan& plan, const WorkUnit& unit, int) {
    return plan.table.name == "b" && plan.epoch == 1 && unit.id == "4"
               ? TransientError("restarted", std::string(kSnapshotLostCode))
               : arrow::Status::OK();
  };
  ASSERT_EQ(Run()->exit_code(), 0);
  const ProgressReading reading = progress_.Read();
  EXPECT_EQ(reading.rows, 2 * kRows);
  EXPECT_EQ(reading.estimated_rows, 2 * kRows);
  EXPECT_EQ(reading.units_total, 12);
  EXPECT_EQ(reading.units_done, 12);
}

TEST_F(CoordinatorTest, BeforeTheLastCommitTheSnapshotIsReleasedAndThePhaseIsPublishing) {
  on_commit = [this](const CommitIntent& intent, bool published) {
    if (intent.table == "b" && !published) {
      EXPECT_EQ(releases_, 1);
      EXPECT_EQ(progress_.Read().phase, "commit");
    }
    return arrow::Status::OK();
  };
  EXPECT_EQ(Run()->exit_code(), 0);
  EXPECT_EQ(releases_, 1);
}

TEST_F(CoordinatorTest, EachEpochReleasesItsSnapshot) {
  on_open = [](const TablePlan& plan, const WorkUnit& unit, int) {
    return plan.epoch == 1 && unit.id == "2"
               ? TransientError("restarted", std::string(kSnapshotLostCode))
               : arrow::Status::OK();
  };
  EXPECT_EQ(Run()->exit_code(), 0);
  EXPECT_EQ(releases_, 2);
}

TEST_F(CoordinatorTest, ASnapshotThatIsLostEveryTimeFailsInTheEnd) {
  on_open = [](const TablePlan&, const WorkUnit&, int) {
    return TransientError("restarted", std::string(kSnapshotLostCode));
  };
  const auto report = Run();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->exit_code(), 1);
  EXPECT_EQ(CountOf("a"), 0);
}

TEST_F(CoordinatorTest, ASnapshotThatIsLostWhileThePlanIsMadeIsOneLossForAllTables) {
  job_.retries = 1;
  on_try = [](const TablePlan& plan, const WorkUnit&) {
    return plan.table.name == "b" && plan.epoch == 1
               ? TransientError("restarted", std::string(kSnapshotLostCode))
               : arrow::Status::OK();
  };
  // Table a was planned before; there is no snapshot any more to read it under.
  on_open = [](const TablePlan& plan, const WorkUnit&, int) {
    return plan.epoch == 1 ? TransientError("restarted", std::string(kSnapshotLostCode))
                           : arrow::Status::OK();
  };
  const auto report = Run();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->exit_code(), 0);
  ASSERT_EQ(report->notes.size(), 1);
  EXPECT_NE(report->notes.back().find("2 tables not"), std::string::npos) << report->notes.back();
  EXPECT_EQ(destination_.Published("a"), Integers(kRows));
  EXPECT_EQ(destination_.Published("b"), Integers(kRows));
  EXPECT_EQ(progress_.Read().units_total, 12);
}

TEST_F(CoordinatorTest, ASnapshotThatIsLostInEveryPlanFailsInTheEnd) {
  on_try = [](const TablePlan&, const WorkUnit&) {
    return TransientError("restarted", std::string(kSnapshotLostCode));
  };
  const auto report = Run();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->exit_code(), 1);
  EXPECT_EQ(report->tables.size(), 2);
  EXPECT_EQ(report->tables.at(0).epoch, 3);
}

TEST_F(CoordinatorTest, AServerThatIsStartingIsWaitedFor) {
  on_snapshot = [](int snapshot) {
    return snapshot == 1 ? TransientError("the database system is starting up")
                         : arrow::Status::OK();
  };
  EXPECT_EQ(Run()->exit_code(), 0);
}

TEST_F(CoordinatorTest, AfterOneTableFailedTheNextRunDoesOnlyTheRest) {
  on_open = [](const TablePlan& plan, const WorkUnit&, int) {
    return plan.table.name == "a" ? PermanentError("value too large") : arrow::Status::OK();
  };
  const auto first = Run();
  EXPECT_EQ(first->exit_code(), 1);
  EXPECT_EQ(CountOf("b"), kRows);
  on_open = nullptr;
  const auto second = Run();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->exit_code(), 0);
  EXPECT_EQ(second->run, first->run);
  EXPECT_EQ(CountOf("a"), kRows);
  EXPECT_EQ(CountOf("b"), kRows);
}

/// Percent and time left are of what is still to be read.
TEST_F(CoordinatorTest, UnitsOfATableThatFailedAreNotWaitedFor) {
  FailTable("a");
  EXPECT_EQ(Run()->exit_code(), 1);
  const ProgressReading reading = progress_.Read();
  EXPECT_EQ(reading.units_done, reading.units_total);
  EXPECT_EQ(reading.rows, kRows);
  EXPECT_EQ(reading.estimated_rows, kRows);
}

TEST_F(CoordinatorTest, ACommitWhoseAnswerWasLostIsSettledAndNothingNewStarts) {
  on_commit = [](const CommitIntent&, bool published) {
    return published ? PermanentError("answer lost") : arrow::Status::OK();
  };
  EXPECT_EQ(Run()->exit_code(), 1);
  on_commit = nullptr;
  const auto second = Run();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->exit_code(), 0);
  EXPECT_TRUE(second->nothing_to_do);
  EXPECT_EQ(CountOf("a"), kRows);
  EXPECT_EQ(CountOf("b"), kRows);
}

TEST_F(CoordinatorTest, ATableWithASchemaIsSettledToo) {
  job_.tables[0].table.schema = "public";
  on_commit = [](const CommitIntent&, bool published) {
    return published ? PermanentError("answer lost") : arrow::Status::OK();
  };
  EXPECT_EQ(Run()->exit_code(), 1);
  on_commit = nullptr;
  const auto second = Run();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_TRUE(second->nothing_to_do);
  EXPECT_EQ(CountOf("public.a"), kRows);
}

TEST_F(CoordinatorTest, ACommitThatNeverHappenedIsFinishedFromItsIntent) {
  on_commit = [](const CommitIntent&, bool) { return PermanentError("read-only"); };
  EXPECT_EQ(Run()->exit_code(), 1);
  EXPECT_EQ(CountOf("a"), 0);
  on_commit = nullptr;
  on_open = [](const TablePlan&, const WorkUnit&, int) {
    return BugError("nothing may be read beside an open intent");
  };
  EXPECT_EQ(Run()->exit_code(), 0);
  EXPECT_EQ(CountOf("a"), kRows);
}

TEST_F(CoordinatorTest, ATransientCommitIsRepeated) {
  int calls = 0;
  on_commit = [&calls](const CommitIntent&, bool published) {
    return published && ++calls == 1 ? TransientError("timeout") : arrow::Status::OK();
  };
  EXPECT_EQ(Run()->exit_code(), 0);
  EXPECT_EQ(CountOf("a"), kRows);
}

TEST_F(CoordinatorTest, ARunIdThatIsDoneIsANoOp) {
  ASSERT_EQ(Run({.run_id = "monday", .resume = false, .only = {}})->exit_code(), 0);
  const auto again = Run({.run_id = "monday", .resume = false, .only = {}});
  EXPECT_EQ(again->exit_code(), 0);
  EXPECT_TRUE(again->nothing_to_do);
  EXPECT_EQ(CountOf("a"), kRows);
}

TEST_F(CoordinatorTest, ARunIdIsKnownFromTheDestinationWhenTheStateIsLost) {
  ASSERT_EQ(Run({.run_id = "monday", .resume = false, .only = {}})->exit_code(), 0);
  ForgetState();
  const auto again = Run({.run_id = "monday", .resume = false, .only = {}});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->exit_code(), 0);
  EXPECT_TRUE(again->nothing_to_do);
  EXPECT_EQ(CountOf("a"), kRows);
}

TEST_F(CoordinatorTest, AnotherRunIdWaitsForTheUnfinishedRun) {
  FailTable("b");
  ASSERT_EQ(Run({.run_id = "monday", .resume = false, .only = {}})->exit_code(), 1);
  on_open = nullptr;
  const auto tuesday = Run({.run_id = "tuesday", .resume = false, .only = {}});
  ASSERT_FALSE(tuesday.ok());
  EXPECT_EQ(ClassOf(tuesday.status()), ErrorClass::kUser);
  EXPECT_NE(tuesday.status().message().find("headrace abandon monday"), std::string::npos);
  ASSERT_TRUE(Make().Abandon("monday").ok());
  EXPECT_EQ(Run({.run_id = "tuesday", .resume = false, .only = {}})->exit_code(), 0);
  const auto monday = Run({.run_id = "monday", .resume = false, .only = {}});
  EXPECT_EQ(ClassOf(monday.status()), ErrorClass::kUser);
}

/// The destination waits for another process, and a signal ends that.
TEST_F(CoordinatorTest, ACommitThatIsInterruptedInterruptsTheRun) {
  on_commit = [](const CommitIntent& intent, bool) {
    return intent.table == "b" ? InterruptedError() : arrow::Status::OK();
  };
  const auto report = Run();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(report->interrupted);
  EXPECT_EQ(report->tables[1].state, TableState::kInterrupted);
  const auto settled = Run();
  EXPECT_EQ(CodeOf(settled.status()), kInterruptedCode) << settled.status();
  on_commit = nullptr;
  EXPECT_EQ(Run()->exit_code(), 0);
  EXPECT_EQ(CountOf("a"), kRows);
  EXPECT_EQ(CountOf("b"), kRows);
}

TEST_F(CoordinatorTest, AnInterruptedAbandonGivesNoCommitUp) {
  on_commit = [](const CommitIntent&, bool) { return InterruptedError(); };
  const auto report = Run();
  EXPECT_EQ(CodeOf(Make().Abandon(report->run, OnDoubt::kGiveUp).status()), kInterruptedCode);
  on_commit = nullptr;
  EXPECT_EQ(Run()->exit_code(), 0);
  EXPECT_EQ(CountOf("a"), kRows);
}

TEST_F(CoordinatorTest, AbandonSettlesAnOpenIntentFirst) {
  on_commit = [](const CommitIntent& intent, bool published) {
    return intent.table == "a" && !published ? PermanentError("read-only") : arrow::Status::OK();
  };
  const auto report = Run();
  ASSERT_EQ(report->exit_code(), 1);
  on_commit = nullptr;
  ASSERT_TRUE(Make().Abandon(report->run).ok());
  EXPECT_EQ(CountOf("a"), kRows);
}

TEST_F(CoordinatorTest, ResumeWithNothingUnfinishedDoesNothing) {
  const auto report = Run({.run_id = {}, .resume = true, .only = {}});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->exit_code(), 0);
  EXPECT_EQ(CountOf("a"), 0);
}

TEST_F(CoordinatorTest, AJobTextThatChangedAfterACommitIsRefused) {
  on_open = [](const TablePlan& plan, const WorkUnit&, int) {
    return plan.table.name == "a" ? PermanentError("no") : arrow::Status::OK();
  };
  ASSERT_EQ(Run()->exit_code(), 1);
  job_.text_digest = "d2";
  const auto again = Run();
  ASSERT_FALSE(again.ok());
  EXPECT_NE(again.status().message().find("headrace abandon"), std::string::npos);
}

TEST_F(CoordinatorTest, AJobTextThatChangedBeforeAnyCommitIsTakenAsItIs) {
  on_open = [](const TablePlan&, const WorkUnit&, int) { return PermanentError("no"); };
  const std::string first = Run()->run;
  job_.text_digest = "d2";
  job_.tables.pop_back();
  on_open = nullptr;
  const auto again = Run();
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->exit_code(), 0);
  EXPECT_NE(again->run, first);
  EXPECT_EQ(CountOf("a"), kRows);
}

TEST_F(CoordinatorTest, OnlyLoadsTheNamedTablesAndRefusesOthers) {
  ASSERT_EQ(Run({.run_id = {}, .resume = false, .only = {"b"}})->exit_code(), 0);
  EXPECT_EQ(CountOf("a"), 0);
  EXPECT_EQ(CountOf("b"), kRows);
  EXPECT_FALSE(Run({.run_id = {}, .resume = false, .only = {"zebra"}}).ok());
}

TEST_F(CoordinatorTest, ATableThatIsNotThereFailsAlone) {
  AddTable("missing");
  const auto report = Run();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->exit_code(), 1);
  EXPECT_EQ(CountOf("a"), kRows);
}

}  // namespace
}  // namespace headrace
