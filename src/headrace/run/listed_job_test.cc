#include "headrace/run/listed_job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/run/backfill.h"
#include "headrace/run/coordinator_fixture.h"

/// Runs of a job whose tables are those that a pattern stands for.
namespace headrace {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ListedJobTest : public CoordinatorTest {
 protected:
  void SetUp() override {
    CoordinatorTest::SetUp();
    UsePattern("*");
  }

  /// A run that has loaded a and failed at b; returns its id.
  std::string FailAtB() {
    FailTable("b");
    const auto report = Run();
    EXPECT_EQ(report->exit_code(), 1);
    on_open = nullptr;
    return report->run;
  }

  std::vector<std::string> MatchedOf(const std::string& run) {
    std::vector<std::string> tables;
    const JournalRun known = **journal_->FindRun(run);
    for (const MatchedTable& table : known.matched) {
      tables.push_back(table.name + " by " + table.pattern);
    }
    return tables;
  }

  void LoseServer() {
    on_list = [] { return TransientError("the server is gone"); };
  }
};

TEST_F(ListedJobTest, ARunLoadsWhatIsThereWhenItBegins) {
  const auto report = Run();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->exit_code(), 0);
  EXPECT_EQ(CountOf("a"), kRows);
  EXPECT_EQ(CountOf("b"), kRows);
  EXPECT_THAT(report->notes, ElementsAre("* stands for 2 tables"));
  EXPECT_THAT(MatchedOf(report->run), ElementsAre("a by *", "b by *"));
}

TEST_F(ListedJobTest, ATableThatIsMadeSinceWaitsForTheNextRun) {
  const std::string run = FailAtB();
  names = {"a", "b", "c"};
  const auto second = Run();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->run, run);
  EXPECT_EQ(second->exit_code(), 0);
  EXPECT_EQ(CountOf("b"), kRows);
  EXPECT_EQ(CountOf("c"), 0);
  EXPECT_THAT(second->notes, Contains(HasSubstr("for the next run to load: c")));
  EXPECT_EQ(Run()->exit_code(), 0);
  EXPECT_EQ(CountOf("c"), kRows);
}

TEST_F(ListedJobTest, ATableThatIsGoneLeavesTheRun) {
  const std::string run = FailAtB();
  names = {"a"};
  const auto second = Run();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->exit_code(), 0);
  EXPECT_THAT(second->notes,
              Contains("gone since run " + run + " was begun, and no part of it any more: b"));
  EXPECT_EQ(StateOf(run), RunState::kDone);
  EXPECT_THAT(LastRun().scope, ElementsAre("a"));
  EXPECT_EQ(CountOf("a"), kRows);
}

TEST_F(ListedJobTest, APublishedTableThatIsGoneStaysInTheReport) {
  FailAtB();
  names = {"b"};
  const auto second = Run();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->exit_code(), 0);
  ASSERT_EQ(second->tables.size(), 2U);
  EXPECT_EQ(second->tables[0].table, "a");
  EXPECT_EQ(second->tables[0].state, TableState::kAlreadyCommitted);
  EXPECT_EQ(second->tables[1].state, TableState::kCommitted);
}

TEST_F(ListedJobTest, WhereAllAreGoneTheTablesFail) {
  const std::string run = FailAtB();
  names = {};
  FailTable("b");
  EXPECT_EQ(Run()->exit_code(), 1);
  EXPECT_THAT((*journal_->FindRun(run))->scope, ElementsAre("a", "b"));
}

TEST_F(ListedJobTest, AnotherIdTakesOverARunThatHasPublishedNothingWithWhatIsThereNow) {
  LoseSource();
  ASSERT_EQ(Run({.run_id = "monday", .resume = false, .only = {}})->exit_code(), 1);
  on_snapshot = nullptr;
  names = {"b", "c"};
  const auto tuesday = Run({.run_id = "tuesday", .resume = false, .only = {}});
  ASSERT_TRUE(tuesday.ok()) << tuesday.status();
  EXPECT_EQ(tuesday->exit_code(), 0);
  EXPECT_EQ(StateOf("monday"), RunState::kSuperseded);
  EXPECT_THAT(MatchedOf("tuesday"), ElementsAre("b by *", "c by *"));
}

TEST_F(ListedJobTest, OnlyTakesATableOfThePatternAndALaterRunTheOthers) {
  FailTable("a");
  const auto first = RunOnly("a");
  EXPECT_EQ(first->exit_code(), 1);
  on_open = nullptr;
  names = {"a", "b", "c"};
  const auto second = Run();
  EXPECT_EQ(second->run, first->run);
  EXPECT_EQ(second->exit_code(), 0);
  EXPECT_EQ(CountOf("b"), kRows);
  EXPECT_EQ(CountOf("c"), 0) << "it was not there when the run began";
}

TEST_F(ListedJobTest, ATableThatOnlyNamesJoinsTheRun) {
  const std::string run = FailAtB();
  names = {"a", "b", "c"};
  const auto second = RunOnly("c");
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->run, run);
  EXPECT_EQ(CountOf("c"), kRows);
  EXPECT_THAT(MatchedOf(run), ElementsAre("a by *", "b by *", "c by *"));
  EXPECT_EQ(Run()->run, run);
  EXPECT_EQ(StateOf(run), RunState::kDone);
}

TEST_F(ListedJobTest, OnlyTakesWildcardsToo) {
  names = {"a", "b", "c"};
  const auto report = RunOnly("[abc]");
  EXPECT_EQ(ClassOf(report.status()), ErrorClass::kUser);
  ASSERT_EQ(RunOnly("?")->tables.size(), 3U);
}

TEST_F(ListedJobTest, ARunThatIsDoneAsksNoSource) {
  const RunRequest monday{.run_id = "monday", .resume = false, .only = {}};
  ASSERT_EQ(Run(monday)->exit_code(), 0);
  names = {"a", "b", "c"};
  LoseServer();
  const auto again = Run(monday);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->nothing_to_do);
  EXPECT_EQ(again->exit_code(), 0);
  EXPECT_EQ(CountOf("a"), kRows);
}

TEST_F(ListedJobTest, ARunThatIsDoneIsNotForATableThatIsMadeSince) {
  ASSERT_EQ(Run({.run_id = "monday", .resume = false, .only = {}})->exit_code(), 0);
  names = {"a", "b", "c"};
  const auto refused = Run({.run_id = "monday", .resume = false, .only = {"c"}});
  EXPECT_THAT(refused.status().message(), HasSubstr("run monday is done and was for a, b only"));
}

TEST_F(ListedJobTest, NothingToResumeAsksNoSource) {
  LoseServer();
  const auto report = Run({.run_id = {}, .resume = true, .only = {}});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(report->nothing_to_do);
}

TEST_F(ListedJobTest, ACommitIsFinishedWithoutTheSource) {
  BreakOffCommitOf("b");
  const std::string run = Run()->run;
  on_commit = nullptr;
  LoseServer();
  const auto second = Run();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->exit_code(), 0);
  EXPECT_EQ(StateOf(run), RunState::kDone);
}

TEST_F(ListedJobTest, AServerThatIsStartingIsWaitedFor) {
  on_list = [asked = 0]() mutable {
    return ++asked == 1 ? TransientError("starting") : arrow::Status::OK();
  };
  EXPECT_EQ(Run()->exit_code(), 0);
  LoseServer();
  EXPECT_EQ(ClassOf(Run().status()), ErrorClass::kTransient);
}

TEST_F(ListedJobTest, APatternThatStandsForNothingBeginsNoRun) {
  names = {};
  EXPECT_EQ(ClassOf(Run().status()), ErrorClass::kUser);
  EXPECT_THAT(*journal_->Runs(""), IsEmpty());
  AddTable("c");
  EXPECT_EQ(ClassOf(Run().status()), ErrorClass::kUser);
  EXPECT_EQ(RunOnly("c")->exit_code(), 0) << "which is not concerned";
}

TEST_F(ListedJobTest, AChangedJobThatHasPublishedNothingIsListedAnew) {
  FailTable("a");
  names = {"a"};
  const std::string run = Run()->run;
  on_open = nullptr;
  names = {"a", "b"};
  job_.text_digest = "d2";
  ASSERT_EQ(Run()->exit_code(), 0);
  EXPECT_EQ(StateOf(run), RunState::kSuperseded);
  EXPECT_EQ(CountOf("a"), kRows);
  EXPECT_EQ(CountOf("b"), kRows);
}

TEST_F(ListedJobTest, AChangedJobThatHasPublishedIsRefusedWithTheTablesLeft) {
  FailAtB();
  job_.text_digest = "d2";
  names = {"c"};
  EXPECT_THAT(Run().status().message(), HasSubstr("--only b"));
}

class ListedWindowsTest : public ListedJobTest {
 protected:
  void SetUp() override {
    ListedJobTest::SetUp();
    job_.patterns.front().each.load.mode = LoadMode::kTransactional;
    job_.patterns.front().each.load.cursor = "id";
  }
};

TEST_F(ListedWindowsTest, ARunThatTakesAnotherOverHasWhatIsThereNow) {
  FailTable("b");
  const auto first = Run();
  ASSERT_EQ(first->exit_code(), 1);
  names = {"a", "b", "c"};
  const auto second = Run();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(StateOf(first->run), RunState::kSuperseded);
  EXPECT_EQ(CountOf("c"), kRows) << "b holds nothing up";
  EXPECT_THAT(MatchedOf(second->run), ElementsAre("a by *", "b by *", "c by *"));
  on_open = nullptr;
  EXPECT_EQ(Run()->exit_code(), 0);
  EXPECT_TRUE(journal_->UnfinishedRuns("")->empty());
}

TEST_F(ListedWindowsTest, WhatIsGoneIsTakenOverByNobody) {
  FailTable("b");
  const auto first = Run({.run_id = "monday", .resume = false, .only = {}});
  ASSERT_EQ(first->exit_code(), 1);
  names = {"a", "c"};
  const auto second = Run();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->run, "monday") << "nothing is left of it";
  EXPECT_EQ(second->exit_code(), 0);
  EXPECT_EQ(StateOf("monday"), RunState::kDone);
  EXPECT_EQ(Run()->exit_code(), 0);
  EXPECT_EQ(CountOf("c"), kRows);
}

TEST_F(ListedWindowsTest, APublishedTableThatIsGoneIsNoPartOfTheNextRun) {
  names = {"a", "b", "c"};
  FailTable("b");
  const auto first = Run();
  ASSERT_EQ(first->exit_code(), 1);
  on_open = nullptr;
  names = {"b", "c"};
  const auto second = Run();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->exit_code(), 0);
  EXPECT_EQ(StateOf(first->run), RunState::kSuperseded);
  EXPECT_THAT(LastRun().scope, ElementsAre("b", "c"));
}

/// It has no next window, and so nothing is there to take the run over for.
TEST_F(ListedWindowsTest, ATableThatIsGoneIsNoReasonToTakeOver) {
  FailTable("b");
  const auto first = Run();
  ASSERT_EQ(first->exit_code(), 1);
  on_open = nullptr;
  names = {"b"};
  const auto plan = Make().Plan({}, {});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->tables.size(), 1U);
  const auto second = Run();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->exit_code(), 0);
  EXPECT_EQ(second->run, first->run);
  EXPECT_EQ(second->tables.size(), 2U);
  EXPECT_EQ(StateOf(first->run), RunState::kDone);
}

TEST_F(ListedWindowsTest, ATableOfAPatternThatStandsForNothingHoldsNoOtherUp) {
  job_.patterns.front().pattern = TablePattern("a*");
  job_.patterns.front().each.pattern = "a*";
  job_.patterns.push_back(job_.patterns.front());
  job_.patterns.back().pattern = TablePattern("b*");
  job_.patterns.back().each.pattern = "b*";
  FailTable("b");
  const auto first = Run();
  ASSERT_EQ(first->exit_code(), 1);
  names = {"a", "a2"};
  const auto second = Run();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->exit_code(), 1);
  EXPECT_EQ(StateOf(first->run), RunState::kSuperseded);
  EXPECT_THAT(MatchedOf(second->run), ElementsAre("a by a*", "a2 by a*", "b by b*"));
  EXPECT_THAT(second->notes, Contains(HasSubstr("'b*'")));
}

/// What is asked for is another run than the one that is ended before it.
TEST_F(ListedWindowsTest, ARunBehindABackfillThatIsOnlyVerifiedHasWhatIsThereNow) {
  const Job nightly = job_;
  ASSERT_TRUE(SetBackfill({.from = "1", .to = "5"}, {}, job_).ok());
  on_reading_back = [](const CommitRecord&) { return PermanentError("too many open files"); };
  const auto backfill = Run();
  ASSERT_EQ(backfill->exit_code(), 1);
  on_reading_back = nullptr;
  job_ = nightly;
  names = {"a", "b", "c"};
  const auto next = Run();
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_NE(next->run, backfill->run);
  EXPECT_EQ(StateOf(backfill->run), RunState::kDone);
  EXPECT_EQ(CountOf("c"), kRows);
}

TEST_F(ListedWindowsTest, ABackfillIsOfTheTablesThatAreWanted) {
  ASSERT_EQ(Run()->exit_code(), 0);
  ASSERT_TRUE(SetBackfill({.from = "0", .to = "10"}, {"b"}, job_).ok());
  const auto plan = PlanJob(job_, source_, destination_, progress_, {"b"}, {});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_TRUE(plan->tables.at(0).job->load.backfill.has_value());
  EXPECT_THAT(RunOnly("b")->tables.at(0).error.message(), HasSubstr("would be there twice"));
  job_.patterns.front().each.load = {};
  EXPECT_THAT(RunOnly("b").status().message(), HasSubstr("table b is not in 'mode: tran"));
}

TEST_F(ListedJobTest, ADryRunHasTheTablesOfTheRun) {
  FailAtB();
  names = {"a", "b", "c"};
  const auto plan = Make().Plan({}, {});
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_EQ(plan->tables.size(), 1U);
  EXPECT_EQ(plan->tables[0].job->table.label(), "b");
  EXPECT_THAT(plan->notes, Contains(HasSubstr("for the next run to load: c")));
}

TEST_F(ListedJobTest, APlanSaysWhatAPatternStandsForAndGoesOnBesideOneThatIsWrong) {
  job_.patterns.push_back(job_.patterns.front());
  job_.patterns.back().pattern = TablePattern("x*");
  AddTable("c");
  const auto plan = PlanJob(job_, source_, destination_, progress_, {}, {});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->exit_code(), 2);
  EXPECT_EQ(plan->tables.size(), 3U);
  EXPECT_THAT(plan->refused.message(), HasSubstr("'x*'"));
  EXPECT_THAT(plan->notes, Contains("* stands for 2 tables"));
  const auto some = PlanJob(job_, source_, destination_, progress_, {"a"}, {});
  EXPECT_EQ(some->exit_code(), 0);
  EXPECT_EQ(some->tables.size(), 1U);
}

}  // namespace
}  // namespace headrace
