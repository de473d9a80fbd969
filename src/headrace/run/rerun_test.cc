#include <gtest/gtest.h>

#include "headrace/model/utc_time.h"
#include "headrace/run/coordinator_fixture.h"

/// Runs that find something of an earlier process: open and overtaken intents, narrower scopes,
/// kills, other ids.
namespace headrace {
namespace {

class RerunTest : public CoordinatorTest {
 protected:
  const RunRequest monday_ = {.run_id = "monday", .resume = false, .only = {}};
  const RunRequest tuesday_ = {.run_id = "tuesday", .resume = false, .only = {}};

  /// Process of the run `monday` dies behind each commit: all is published, and nothing verified.
  void KillMondayBehindItsCommits() {
    on_commit = [](const CommitIntent&, bool published) {
      return published ? PermanentError("killed") : arrow::Status::OK();
    };
    EXPECT_EQ(Run({.run_id = "monday", .resume = false, .only = {}})->exit_code(), 1);
    on_commit = nullptr;
  }
};

TEST_F(RerunTest, ACommitThatWasOvertakenIsVoidAndTheNextRunLoadsTheTableAnew) {
  OvertakeTable("a");
  const auto first = Run();
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->exit_code(), 1);
  EXPECT_EQ(destination_.Published("a"), std::vector<int64_t>{-1});
  ASSERT_EQ(journal_->VoidIntents(first->run)->size(), 1U);
  EXPECT_EQ(destination_.discarded(), (std::vector<std::pair<std::string, int>>{{"a", 1}}));

  const auto second = Run();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->exit_code(), 0);
  EXPECT_EQ(second->run, first->run);
  EXPECT_EQ(second->tables.at(0).epoch, 2);
  EXPECT_EQ(second->tables.at(0).sequence, 2);
  EXPECT_EQ(CountOf("a"), kRows + 1);
  EXPECT_EQ(CountOf("b"), kRows);
}

TEST_F(RerunTest, AnIntentThatWasOvertakenSinceIsSettledAsVoid) {
  BreakOffCommitOf("a");
  ASSERT_EQ(Run()->exit_code(), 1);
  on_commit = nullptr;
  destination_.PublishElsewhere("a", -1);
  const auto second = Run();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->exit_code(), 0);
  EXPECT_NE(second->notes.at(0).find("given up"), std::string::npos) << second->notes.at(0);
  EXPECT_EQ(CountOf("a"), kRows + 1);
}

TEST_F(RerunTest, AnIntentThatWasOvertakenCanBeAbandoned) {
  BreakOffCommitOf("a");
  const auto report = Run();
  on_commit = nullptr;
  destination_.PublishElsewhere("a", -1);
  const auto done = Make().Abandon(report->run);
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(CountOf("a"), 1);
  EXPECT_FALSE(destination_.discarded().empty());
  EXPECT_EQ(StateOf(report->run), RunState::kAbandoned);
}

TEST_F(RerunTest, ARunWithCommittedTablesReadsNoOtherPlace) {
  place = "postgresql://db:5432/one";
  FailTable("b");
  const std::string run = Run()->run;
  on_open = nullptr;
  place = "postgresql://db:5432/two";
  const arrow::Status refused = Run().status();
  EXPECT_EQ(ClassOf(refused), ErrorClass::kUser);
  for (const std::string_view part :
       {"postgresql://db:5432/one", "postgresql://db:5432/two", "headrace abandon"}) {
    EXPECT_NE(refused.message().find(part), std::string::npos) << refused;
  }
  // What has nothing to read is no other place.
  ASSERT_EQ(RunOnly("a")->run, run);
  EXPECT_FALSE(Run().ok());
  EXPECT_EQ(CountOf("b"), 0);
  place = "postgresql://db:5432/one";
  EXPECT_EQ(Run()->exit_code(), 0);
  EXPECT_EQ(LastRun().source, place);
}

TEST_F(RerunTest, APlaceThatIsNotKnownIsTakenAsItIs) {
  FailTable("b");
  ASSERT_EQ(Run()->exit_code(), 1);
  place = "postgresql://db:5432/one";
  ASSERT_EQ(Run()->exit_code(), 1);
  place = "postgresql://db:5432/two";
  EXPECT_FALSE(Run().ok());
}

/// Two runs of a job whose text does not change, the first of which publishes nothing.
class UnpublishedRerunTest : public RerunTest {
 protected:
  void SetUp() override {
    RerunTest::SetUp();
    place = "postgresql://db:5432/one";
    job_.parameters = {{"${FROM}", "monday"}};
    LoseSource();
    const auto first = Run();
    ASSERT_EQ(first->exit_code(), 1);
    first_ = first->run;
    on_snapshot = nullptr;
  }
  void ReplaceAll() {
    for (TableJob& table : job_.tables) table.write = WriteMode::kReplace;
  }
  void UseTuesday() {
    job_.parameters = {{"${FROM}", "tuesday"}};
    job_.text_digest = "d2";
  }
  void ExpectRefused(const RunRequest& request, const std::vector<std::string>& parts) {
    for (const arrow::Status& refused :
         {Run(request).status(), Make().Plan(request, {}).status()}) {
      EXPECT_EQ(ClassOf(refused), ErrorClass::kUser);
      for (const std::string& part : parts) {
        EXPECT_NE(refused.message().find(part), std::string::npos) << part << ": " << refused;
      }
    }
    EXPECT_EQ(StateOf(first_), RunState::kFailed);
  }
  void ExpectTakenOver() {
    const auto plan = Make().Plan({}, {});
    ASSERT_TRUE(plan.ok()) << plan.status();
    EXPECT_EQ(plan->tables.size(), job_.tables.size());
    const auto second = Run();
    ASSERT_TRUE(second.ok()) << second.status();
    EXPECT_EQ(second->exit_code(), 0);
    EXPECT_NE(second->run, first_);
    EXPECT_EQ(StateOf(first_), RunState::kSuperseded);
    EXPECT_EQ(StateOf(second->run), RunState::kDone);
  }

  std::string first_;
};

TEST_F(UnpublishedRerunTest, AChangedJobIsRunAnew) {
  job_.text_digest = "d2";
  ExpectTakenOver();
  EXPECT_EQ(CountOf("a"), kRows);
  const auto retried = Run({.run_id = first_, .resume = false, .only = {}});
  EXPECT_TRUE(retried->nothing_to_do) << "it means the run that has taken it over";
}

TEST_F(UnpublishedRerunTest, WhatIsSaidOfAChangedJob) {
  job_.text_digest = "d2";
  const auto second = Run();
  const std::string note = second->notes.at(0);
  EXPECT_TRUE(note.starts_with("run " + first_ + ", begun at ")) << note;
  EXPECT_TRUE(note.ends_with(
      "has published nothing, and the job has changed since it began (its file, --set, or what a "
      "${…} in it stands for): run " +
      second->run + " takes it over with the job as it is now, and --run-id " + first_ +
      " means that one from now on"))
      << note;
}

TEST_F(UnpublishedRerunTest, OfAChangedJobNoTableIsLeftToNobody) {
  job_.text_digest = "d2";
  const auto second = RunOnly("a");
  EXPECT_EQ(second->left, std::vector<std::string>{"b"});
  EXPECT_EQ(Run()->run, second->run);
  EXPECT_EQ(CountOf("a"), kRows);
  EXPECT_EQ(CountOf("b"), kRows);
}

TEST_F(UnpublishedRerunTest, AChangedJobIsNotResumed) {
  job_.text_digest = "d2";
  ExpectRefused({.run_id = {}, .resume = true, .only = {}},
                {"--resume only continues run " + first_, "leave --resume out"});
}

TEST_F(UnpublishedRerunTest, OtherValuesOfAnAppendAreRefused) {
  UseTuesday();
  const RunRequest resume{.run_id = {}, .resume = true, .only = {}};
  for (const RunRequest& request : {RunRequest(), resume}) {
    ExpectRefused(request, {"${FROM} has another value than when it began", "a new run might not",
                            "--run-id " + first_, "headrace abandon " + first_});
  }
  job_.parameters = {{"${FROM}", "monday"}};
  job_.text_digest = "d1";
  EXPECT_EQ(Run()->run, first_);
  UseTuesday();
  EXPECT_EQ(Run()->exit_code(), 0);
  EXPECT_EQ(CountOf("a"), 2 * kRows);
}

TEST_F(UnpublishedRerunTest, OtherValuesThatWereMendedGoOnUnderItsId) {
  UseTuesday();
  const auto mended = Run({.run_id = first_, .resume = false, .only = {}});
  ASSERT_TRUE(mended.ok()) << mended.status();
  EXPECT_EQ(mended->exit_code(), 0);
  EXPECT_EQ((*journal_->FindRun(first_))->parameters, job_.parameters);
  EXPECT_EQ(Run()->exit_code(), 0);
  EXPECT_EQ(CountOf("a"), 2 * kRows);
}

TEST_F(UnpublishedRerunTest, OtherValuesOfAReplaceAreThoseOfToday) {
  ReplaceAll();
  UseTuesday();
  ExpectTakenOver();
  EXPECT_EQ(CountOf("a"), kRows);
}

TEST_F(UnpublishedRerunTest, WhatAJournalDoesNotSayOfItsValuesIsRefused) {
  ExecuteInJournal("UPDATE run SET parameters = ''");
  job_.text_digest = "d2";
  ExpectRefused({}, {"the job has changed since it began", "headrace abandon " + first_});
}

TEST_F(UnpublishedRerunTest, AnotherPlaceOfAnAppendIsRefused) {
  place = "postgresql://db:5432/two";
  ExpectRefused({}, {"the source is postgresql://db:5432/two now, where it was "
                     "postgresql://db:5432/one",
                     "--run-id " + first_});
  EXPECT_EQ(Run({.run_id = first_, .resume = false, .only = {}})->exit_code(), 0);
  EXPECT_EQ(LastRun().source, place);
}

TEST_F(UnpublishedRerunTest, AnotherPlaceOfAReplaceIsTakenAsItIs) {
  ReplaceAll();
  place = "postgresql://db:5432/two";
  ExpectTakenOver();
  EXPECT_EQ(LastRun().source, place);
}

/// What is seen once is not seen by the next run.
TEST_F(UnpublishedRerunTest, AFaultThatLastsIsFoundByWhoTakesTheRunOver) {
  for (TableJob& table : job_.tables) table.load.mode = LoadMode::kTransactional;
  ASSERT_TRUE(journal_->AddLastingFault(first_, "a", "rows are lost").ok());
  job_.text_digest = "d2";
  const auto second = Run();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->exit_code(), 1);
  EXPECT_EQ(StateOf(first_), RunState::kSuperseded);
  EXPECT_EQ(journal_->LastingFaults(second->run)->size(), 1U);
}

/// A then B then C, each of a job that was changed: A's id means C, as what C is of alone.
TEST_F(UnpublishedRerunTest, AChainOfRunsThatWereTakenOver) {
  const RunRequest first{.run_id = first_, .resume = false, .only = {}};
  LoseSource();
  job_.text_digest = "d2";
  const std::string second = Run()->run;
  job_.text_digest = "d3";
  const std::string third = Run()->run;
  for (const std::string& run : {first_, second}) EXPECT_EQ(StateOf(run), RunState::kSuperseded);
  on_snapshot = nullptr;
  job_.text_digest = "d1";
  EXPECT_EQ(ClassOf(Run(first).status()), ErrorClass::kUser);
  job_.text_digest = "d3";
  const auto finished = Run(first);
  ASSERT_TRUE(finished.ok()) << finished.status();
  EXPECT_EQ(finished->run, third);
  EXPECT_EQ(StateOf(third), RunState::kDone);
  for (const std::string& run : {first_, second, third}) {
    const auto again = Run({.run_id = run, .resume = false, .only = {}});
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(again->run, third);
    EXPECT_TRUE(again->nothing_to_do);
    EXPECT_EQ(again->exit_code(), 0);
  }
  EXPECT_EQ(CountOf("a"), kRows);
}

/// A process that died between staging its intent and journalling it left one that nobody settles.
TEST_F(RerunTest, AbandonDiscardsWhatWasStagedForTablesThatAreNotCommitted) {
  FailTable("b");
  const auto report = Run();
  ASSERT_TRUE(Make().Abandon(report->run).ok());
  EXPECT_EQ(destination_.discarded(), (std::vector<std::pair<std::string, int>>{{"b", 1}}));
}

TEST_F(RerunTest, ADoubtStaysOpen) {
  BreakOffCommitOf("a");
  const auto report = Run();
  on_commit = nullptr;
  on_settle = [](const CommitIntent&) {
    return PermanentError("not mounted", std::string(kUnknownCommitCode));
  };
  job_.words.file = "nightly.yaml";
  const std::string advice = "; `headrace abandon " + report->run +
                             " --job nightly.yaml --give-up-commit` gives the commit up";
  EXPECT_TRUE(Run().status().message().ends_with("not mounted" + advice)) << Run().status();
  EXPECT_FALSE(Make().Abandon(report->run).ok());
  EXPECT_TRUE((*journal_->Tables(report->run)).at(0).has_open_intent());
  on_settle = nullptr;
  EXPECT_EQ(Run()->exit_code(), 0);
  EXPECT_EQ(CountOf("a"), kRows);
}

/// The command line is not wrong, and tables of the run may be published.
TEST_F(RerunTest, WhatIsInTheWayOfAnOpenCommitIsNoUsageError) {
  BreakOffCommitOf("a");
  const auto report = Run();
  EXPECT_EQ(report->undecided, std::vector<std::string>{"a"});
  on_commit = nullptr;
  on_settle = [](const CommitIntent&) { return UserError("a file is in the way"); };
  for (const arrow::Status& status : {Run().status(), Make().Abandon(report->run).status()}) {
    EXPECT_EQ(ClassOf(status), ErrorClass::kPermanent) << status;
    EXPECT_NE(status.message().find("a file is in the way. Mend that, and run again"),
              std::string::npos)
        << status;
  }
}

TEST_F(RerunTest, ADoubtCanBeGivenUp) {
  BreakOffCommitOf("a");
  const auto report = Run();
  on_commit = nullptr;
  on_settle = [](const CommitIntent&) { return PermanentError("not mounted"); };
  const auto done = Make().Abandon(report->run, OnDoubt::kGiveUp);
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_NE(done->at(0).find("not known"), std::string::npos) << done->at(0);
  const auto intents = *journal_->VoidIntents(report->run);
  ASSERT_EQ(intents.size(), 1U);
  EXPECT_NE(intents[0].reason.find("not mounted"), std::string::npos) << intents[0].reason;
  EXPECT_EQ(StateOf(report->run), RunState::kAbandoned);
  on_settle = nullptr;
  const auto next = Run();
  EXPECT_NE(next->run, report->run);
  EXPECT_EQ(next->exit_code(), 0);
  EXPECT_EQ(CountOf("a"), kRows);
}

TEST_F(RerunTest, WhatCanBeSettledIsNotGivenUp) {
  BreakOffCommitOf("a");
  const auto report = Run();
  on_commit = nullptr;
  ASSERT_TRUE(Make().Abandon(report->run, OnDoubt::kGiveUp).ok());
  EXPECT_TRUE(journal_->VoidIntents(report->run)->empty());
  EXPECT_EQ(CountOf("a"), kRows);
}

TEST_F(RerunTest, AJournalThatCannotBeReadStopsTheRunBeforeItReads) {
  FailTable("a");
  ASSERT_EQ(Run()->exit_code(), 1);
  on_open = nullptr;
  on_clean = [this] { ExecuteInJournal("ALTER TABLE run_table RENAME TO away"); };
  EXPECT_FALSE(Run().ok());
  EXPECT_EQ(CountOf("a"), 0);
  on_clean = nullptr;
  ExecuteInJournal("ALTER TABLE away RENAME TO run_table");
  const auto report = Run();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->tables.at(0).epoch, 2);
}

TEST_F(RerunTest, TablesOutsideTheUnfinishedRunJoinIt) {
  FailTable("b");
  const auto first = RunOnly("b");
  ASSERT_EQ(first->exit_code(), 1);
  const auto second = RunOnly("a");
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->exit_code(), 0);
  EXPECT_EQ(second->run, first->run);
  EXPECT_EQ(second->left, std::vector<std::string>{"b"});
  EXPECT_EQ(CountOf("a"), kRows);
  EXPECT_EQ(StateOf(first->run), RunState::kFailed) << "b is still to be loaded";
  on_open = nullptr;
  EXPECT_EQ(Run()->exit_code(), 0);
  EXPECT_EQ(CountOf("a"), kRows);
  EXPECT_EQ(CountOf("b"), kRows);
  EXPECT_EQ(StateOf(first->run), RunState::kDone);
}

TEST_F(RerunTest, ResumeLeavesTheRunAsItWasBegun) {
  FailTable("b");
  ASSERT_EQ(RunOnly("b")->exit_code(), 1);
  on_open = nullptr;
  const auto other = Run({.run_id = {}, .resume = true, .only = {"a"}});
  EXPECT_EQ(ClassOf(other.status()), ErrorClass::kUser);
  EXPECT_EQ(Run({.run_id = {}, .resume = true, .only = {}})->exit_code(), 0);
  EXPECT_EQ(CountOf("a"), 0);
  EXPECT_EQ(CountOf("b"), kRows);
}

TEST_F(RerunTest, ARunIdThatWasForOtherTablesSaysSo) {
  ASSERT_EQ(Run({.run_id = "monday", .resume = false, .only = {"a"}})->exit_code(), 0);
  const auto again = Run({.run_id = "monday", .resume = false, .only = {}});
  EXPECT_EQ(again->exit_code(), 0);
  EXPECT_EQ(again->notes.back(),
            "run monday was for a only: table b is loaded under another --run-id, by --only");
}

/// A scheduler with a task for each table would take its table for loaded.
TEST_F(RerunTest, ARunIdThatIsDoneRefusesATableThatItWasNotFor) {
  ASSERT_EQ(Run({.run_id = "monday", .resume = false, .only = {"a"}})->exit_code(), 0);
  const std::string refusal =
      "run monday is done and was for a only: table b, which --only names, is loaded under another "
      "--run-id, by --only, e.g. --run-id monday-b --only b";
  for (const std::vector<std::string>& only :
       {std::vector<std::string>{"b"}, std::vector<std::string>{"a", "b"}}) {
    for (const bool resume : {false, true}) {
      const RunRequest request{.run_id = "monday", .resume = resume, .only = only};
      for (const arrow::Status& status :
           {Run(request).status(), Make().Plan(request, {}).status()}) {
        EXPECT_EQ(ClassOf(status), ErrorClass::kUser);
        EXPECT_EQ(status.message(), refusal);
      }
    }
  }
  EXPECT_EQ(CountOf("b"), 0);
  EXPECT_EQ(StateOf("monday"), RunState::kDone);
  const auto again = Run({.run_id = "monday", .resume = false, .only = {"a"}});
  EXPECT_EQ(again->exit_code(), 0);
  EXPECT_TRUE(again->nothing_to_do);
  ASSERT_EQ(Run({.run_id = "monday-b", .resume = false, .only = {"b"}})->exit_code(), 0);
  EXPECT_EQ(CountOf("b"), kRows);
}

TEST_F(RerunTest, ARunIdThatIsDoneSaysThatTheJobIsAnotherOneNow) {
  ASSERT_EQ(Run({.run_id = "monday", .resume = false, .only = {}})->exit_code(), 0);
  job_.text_digest = "d2";
  const auto again = Run({.run_id = "monday", .resume = false, .only = {}});
  EXPECT_EQ(again->exit_code(), 0);
  EXPECT_TRUE(again->nothing_to_do);
  EXPECT_NE(again->notes.back().find("the job has changed since"), std::string::npos)
      << again->notes.back();
}

TEST_F(RerunTest, AnotherRunIdIsToldWhatIsLeftOfTheUnfinishedOne) {
  FailTable("b");
  ASSERT_EQ(Run({.run_id = "monday", .resume = false, .only = {}})->exit_code(), 1);
  const auto other = Run({.run_id = "tuesday", .resume = false, .only = {}});
  EXPECT_EQ(ClassOf(other.status()), ErrorClass::kUser);
  EXPECT_NE(other.status().message().find("is unfinished (b is left)"), std::string::npos)
      << other.status();
}

TEST_F(RerunTest, ARunThatHasPublishedNothingIsTakenOverByAnotherId) {
  LoseSource();
  ASSERT_EQ(Run({.run_id = "monday", .resume = false, .only = {}})->exit_code(), 1);
  on_snapshot = nullptr;
  const RunRequest tuesday{.run_id = "tuesday", .resume = false, .only = {}};
  const auto plan = Make().Plan(tuesday, {});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->tables.size(), 2U);
  FailTable("b");
  const auto first = Run(tuesday);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->run, "tuesday");
  EXPECT_NE(first->notes.at(0).find("has published nothing: run tuesday takes it over"),
            std::string::npos)
      << first->notes.at(0);
  EXPECT_EQ(StateOf("monday"), RunState::kSuperseded);
  // From here on it has published a full load.
  EXPECT_FALSE(Run({.run_id = "wednesday", .resume = false, .only = {}}).ok());
  on_open = nullptr;
  const auto retried = Run({.run_id = "monday", .resume = false, .only = {}});
  EXPECT_EQ(retried->run, "tuesday");
  EXPECT_EQ(retried->exit_code(), 0);
  EXPECT_TRUE(Run({.run_id = "monday", .resume = false, .only = {}})->nothing_to_do);
  EXPECT_EQ(CountOf("a"), kRows);
  EXPECT_EQ(CountOf("b"), kRows);
  EXPECT_TRUE(journal_->UnfinishedRuns("")->empty());
}

TEST_F(RerunTest, WhatARunThatHasPublishedNothingHasStagedIsRemovedByWhoTakesItOver) {
  FailTable("a");
  ASSERT_EQ(Run({.run_id = "monday", .resume = false, .only = {"a"}})->exit_code(), 1);
  on_open = nullptr;
  ASSERT_EQ(Run({.run_id = "tuesday", .resume = false, .only = {}})->exit_code(), 0);
  EXPECT_EQ(destination_.discarded(), (std::vector<std::pair<std::string, int>>{{"a", 1}}));
}

/// As a scheduler gives each night its part, by `where: "at >= '${FROM}'"`. A retry of `monday`
/// would be called done by what `tuesday` has loaded.
TEST_F(RerunTest, ARunThatHasPublishedNothingIsNotTakenOverByAnotherJob) {
  LoseSource();
  ASSERT_EQ(Run(monday_)->exit_code(), 1);
  on_snapshot = nullptr;
  job_.text_digest = "d2";
  for (const arrow::Status& refused :
       {Run(tuesday_).status(), Make().Plan(tuesday_, {}).status()}) {
    EXPECT_EQ(ClassOf(refused), ErrorClass::kUser);
    for (const std::string_view part :
         {"run monday of this job is unfinished (a and b are left)", "has changed since it began",
          "--run-id monday", "headrace abandon monday"}) {
      EXPECT_NE(refused.message().find(part), std::string::npos) << refused;
    }
    EXPECT_EQ(refused.message().find("--resume"), std::string::npos)
        << "it would load by the text of tuesday under the id of monday: " << refused;
  }
  EXPECT_EQ(StateOf("monday"), RunState::kFailed);
  EXPECT_FALSE((*journal_->FindRun("tuesday")).has_value());
  job_.text_digest = "d1";
  EXPECT_EQ(Run(monday_)->run, "monday");
  EXPECT_EQ(StateOf("monday"), RunState::kDone);
  job_.text_digest = "d2";
  EXPECT_EQ(Run(tuesday_)->exit_code(), 0);
  EXPECT_EQ(CountOf("a"), 2 * kRows);
}

TEST_F(RerunTest, NeitherIsTuesdayCalledDoneForWhatMondayHasLoaded) {
  LoseSource();
  ASSERT_EQ(Run(monday_)->exit_code(), 1);
  job_.text_digest = "d2";
  EXPECT_FALSE(Run(tuesday_).ok());
  on_snapshot = nullptr;
  job_.text_digest = "d1";
  EXPECT_EQ(Run(monday_)->run, "monday");
  job_.text_digest = "d2";
  const auto tuesday = Run(tuesday_);
  ASSERT_TRUE(tuesday.ok()) << tuesday.status();
  EXPECT_FALSE(tuesday->nothing_to_do);
  EXPECT_EQ(CountOf("a"), 2 * kRows);
}

TEST_F(RerunTest, ARunThatHasPublishedNothingIsNotTakenOverFromAnotherPlace) {
  place = "postgresql://db:5432/one";
  LoseSource();
  ASSERT_EQ(Run(monday_)->exit_code(), 1);
  on_snapshot = nullptr;
  place = "postgresql://db:5432/two";
  const arrow::Status refused = Run(tuesday_).status();
  EXPECT_EQ(ClassOf(refused), ErrorClass::kUser);
  EXPECT_EQ(StateOf("monday"), RunState::kFailed);
  place = "postgresql://db:5432/one";
  EXPECT_EQ(Run(monday_)->run, "monday");
  EXPECT_EQ(LastRun().source, place);
}

/// The way out where the job was wrong: who has mended it repeats the run.
TEST_F(RerunTest, AMendedJobIsRunUnderTheIdThatFailed) {
  LoseSource();
  ASSERT_EQ(Run(monday_)->exit_code(), 1);
  on_snapshot = nullptr;
  job_.text_digest = "d2";
  ASSERT_FALSE(Run(tuesday_).ok());
  EXPECT_EQ(Run(monday_)->run, "monday");
  EXPECT_EQ(Run(tuesday_)->exit_code(), 0);
  EXPECT_EQ(CountOf("a"), 2 * kRows);
}

/// `tuesday` has taken `monday` over as the same job, and is another one since.
class DriftedRerunTest : public RerunTest {
 protected:
  void SetUp() override {
    RerunTest::SetUp();
    place = "postgresql://db:5432/one";
    LoseSource();
    ASSERT_EQ(Run(monday_)->exit_code(), 1);
    ASSERT_EQ(Run(tuesday_)->exit_code(), 1);
    ASSERT_EQ(StateOf("monday"), RunState::kSuperseded);
  }
  void ExpectMondayRefused() {
    for (const arrow::Status& refused :
         {Run(monday_).status(), Make().Plan(monday_, {}).status()}) {
      EXPECT_EQ(ClassOf(refused), ErrorClass::kUser);
      EXPECT_NE(refused.message().find("run monday was taken over by run tuesday"),
                std::string::npos)
          << refused;
    }
  }
};

TEST_F(DriftedRerunTest, AnUnfinishedSuccessorOfAnotherTextIsNotMeant) {
  job_.text_digest = "d2";
  ASSERT_EQ(Run(tuesday_)->exit_code(), 1);
  on_snapshot = nullptr;
  job_.text_digest = "d1";
  ExpectMondayRefused();
  EXPECT_EQ(StateOf("tuesday"), RunState::kFailed);
  job_.text_digest = "d2";
  EXPECT_FALSE(Run(tuesday_)->nothing_to_do);
  EXPECT_EQ(StateOf("tuesday"), RunState::kDone);
  EXPECT_TRUE(Run(monday_)->nothing_to_do) << "it is for the same now";
}

TEST_F(DriftedRerunTest, NobodyMakesItAnotherOneByTheIdThatItTookOver) {
  on_snapshot = nullptr;
  job_.text_digest = "d2";
  ExpectMondayRefused();
  job_.text_digest = "d1";
  EXPECT_FALSE(Run(tuesday_)->nothing_to_do);
}

TEST_F(DriftedRerunTest, ASuccessorThatIsDoneForAnotherTextIsNotMeant) {
  on_snapshot = nullptr;
  job_.text_digest = "d2";
  ASSERT_EQ(Run(tuesday_)->exit_code(), 0);
  job_.text_digest = "d1";
  ExpectMondayRefused();
  EXPECT_EQ(Run({.run_id = "monday-2", .resume = false, .only = {}})->exit_code(), 0);
  EXPECT_EQ(CountOf("a"), 2 * kRows);
}

TEST_F(DriftedRerunTest, ASuccessorThatIsDoneAtAnotherPlaceIsNotMeant) {
  on_snapshot = nullptr;
  place = "postgresql://db:5432/two";
  ExpectMondayRefused();
  ASSERT_EQ(Run(tuesday_)->exit_code(), 0);
  EXPECT_TRUE(Run(monday_)->nothing_to_do);
  place = "postgresql://db:5432/one";
  ExpectMondayRefused();
}

/// It was for what `monday` was for: as of any run that is done.
TEST_F(DriftedRerunTest, ASuccessorThatIsDoneForTheSameIsMeantAlsoByAJobOfToday) {
  on_snapshot = nullptr;
  ASSERT_EQ(Run(tuesday_)->exit_code(), 0);
  job_.text_digest = "d2";
  const auto again = Run(monday_);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->nothing_to_do);
  EXPECT_NE(again->notes.back().find("the job has changed since"), std::string::npos)
      << again->notes.back();
}

/// A journal that was restored from a backup does not know what was published since.
class BackupRerunTest : public RerunTest {
 protected:
  void ForgetCommits(const std::string& tables) {
    ExecuteInJournal("UPDATE run_table SET intent = NULL, record = NULL WHERE directory IN (" +
                     tables + ")");
    ExecuteInJournal("UPDATE run SET state = 'running'");
  }
};

TEST_F(BackupRerunTest, ARunThatHasPublishedByTheLakeIsNotTakenOver) {
  FailTable("b");
  ASSERT_EQ(Run(monday_)->exit_code(), 1);
  on_open = nullptr;
  ForgetCommits("'a'");
  for (const arrow::Status& refused :
       {Run(tuesday_).status(), Make().Plan(tuesday_, {}).status()}) {
    EXPECT_EQ(ClassOf(refused), ErrorClass::kUser);
    EXPECT_NE(refused.message().find("run monday of this job is unfinished (b is left)"),
              std::string::npos)
        << refused;
    EXPECT_EQ(refused.message().find("published nothing"), std::string::npos) << refused;
  }
  EXPECT_EQ(Run({.run_id = {}, .resume = true, .only = {}})->run, "monday");
  EXPECT_EQ(CountOf("a"), kRows);
  EXPECT_EQ(CountOf("b"), kRows);
}

TEST_F(BackupRerunTest, ARunThatHasPublishedByTheLakeIsNotTakenOverByAChangedJob) {
  FailTable("b");
  ASSERT_EQ(Run(monday_)->exit_code(), 1);
  ForgetCommits("'a'");
  job_.text_digest = "d2";
  const arrow::Status refused = Run().status();
  EXPECT_EQ(ClassOf(refused), ErrorClass::kUser);
  EXPECT_NE(refused.message().find("has already loaded some of its tables"), std::string::npos)
      << refused;
  EXPECT_EQ(CountOf("a"), kRows);
}

TEST_F(BackupRerunTest, ARunThatHasPublishedAllByTheLakeIsVerifiedAndEnded) {
  ASSERT_EQ(Run(monday_)->exit_code(), 0);
  ForgetCommits("'a', 'b'");
  on_read_back = [](const CommitRecord& record) {
    return record.intent.run == "monday" ? "damaged" : "";
  };
  const auto tuesday = Run(tuesday_);
  ASSERT_TRUE(tuesday.ok()) << tuesday.status();
  EXPECT_EQ(tuesday->exit_code(), 3);
  EXPECT_EQ(StateOf("monday"), RunState::kVerifyFailed);
  EXPECT_EQ(StateOf("tuesday"), RunState::kDone);
  EXPECT_TRUE((*journal_->Tables("monday")).at(0).record.has_value());
}

/// A retry of `monday` would mean `tuesday`, which was never for b.
TEST_F(RerunTest, ARunForLessTakesNothingOver) {
  LoseSource();
  ASSERT_EQ(Run({.run_id = "monday", .resume = false, .only = {}})->exit_code(), 1);
  on_snapshot = nullptr;
  for (const RunRequest& request : {RunRequest{.run_id = "tuesday", .resume = false, .only = {"a"}},
                                    RunRequest{.run_id = "tuesday", .resume = true, .only = {}}}) {
    const arrow::Status refused = Run(request).status();
    EXPECT_EQ(ClassOf(refused), ErrorClass::kUser);
    EXPECT_NE(refused.message().find("It has published nothing: a new run that is for a and b "
                                     "takes it over, by another --run-id without --resume"),
              std::string::npos)
        << refused;
  }
  EXPECT_EQ(StateOf("monday"), RunState::kFailed);
}

/// Most likely it will be a commit; where it proves to be void, nothing is published.
TEST_F(RerunTest, ARunWithAnOpenCommitIsTakenOverOnceThatIsVoid) {
  BreakOffCommitOf("a");
  ASSERT_EQ(Run({.run_id = "monday", .resume = false, .only = {"a"}})->exit_code(), 1);
  on_commit = nullptr;
  AddTable("c");
  FailTable("c");
  destination_.PublishElsewhere("a", -1);
  const auto tuesday = Run({.run_id = "tuesday", .resume = false, .only = {}});
  ASSERT_TRUE(tuesday.ok()) << tuesday.status();
  EXPECT_EQ(tuesday->run, "tuesday");
  EXPECT_EQ(StateOf("monday"), RunState::kSuperseded);
  EXPECT_EQ(CountOf("a"), kRows + 1);
}

/// What it has loaded lies behind what the unfinished run is for.
TEST_F(RerunTest, ARunThatOnlyTheLakeRemembersTakesNothingOver) {
  const RunRequest monday{.run_id = "monday", .resume = false, .only = {}};
  ASSERT_EQ(Run(monday)->exit_code(), 0);
  ForgetState();
  LoseSource();
  ASSERT_EQ(Run({.run_id = "tuesday", .resume = false, .only = {}})->exit_code(), 1);
  on_snapshot = nullptr;
  EXPECT_EQ(ClassOf(Run(monday).status()), ErrorClass::kUser);
  EXPECT_EQ(StateOf("tuesday"), RunState::kFailed);
  EXPECT_EQ(Run({.run_id = "tuesday", .resume = false, .only = {}})->exit_code(), 0);
  EXPECT_EQ(CountOf("a"), 2 * kRows);
}

TEST_F(RerunTest, WhatAnUnfinishedRunHasAlreadyIsNotReadAgainAndItsReportStands) {
  FailTable("b");
  ASSERT_EQ(Run()->exit_code(), 1);
  const JournalRun failed = LastRun();
  const auto again = RunOnly("a");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->nothing_to_do);
  EXPECT_EQ(again->left, std::vector<std::string>{"b"});
  ASSERT_FALSE(again->notes.empty());
  EXPECT_NE(again->notes.back().find("nothing is read again before it is finished"),
            std::string::npos)
      << again->notes.back();
  EXPECT_EQ(LastRun().report, failed.report);
  EXPECT_EQ(LastRun().state, RunState::kFailed);
}

/// Its table may be why somebody changed the job: no command is proposed that cannot be.
TEST_F(RerunTest, ATableThatTheChangedJobHasNoMoreIsNotToBeLoaded) {
  FailTable("b");
  ASSERT_EQ(Run()->exit_code(), 1);
  std::erase_if(job_.tables, [](const TableJob& table) { return table.table.label() == "b"; });
  job_.text_digest = "d2";
  const arrow::Status changed = Run().status();
  EXPECT_EQ(ClassOf(changed), ErrorClass::kUser);
  EXPECT_EQ(changed.message().find("--only"), std::string::npos) << changed;
  EXPECT_NE(changed.message().find("b, which was left of it, is no table of the job any more"),
            std::string::npos)
      << changed;
}

TEST_F(RerunTest, ResumeDoesNotBeginAnUnknownRunId) {
  const auto report = Run({.run_id = "monday", .resume = true, .only = {}});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->exit_code(), 0);
  EXPECT_TRUE(report->nothing_to_do);
  EXPECT_FALSE((*journal_->FindRun("monday")).has_value());
}

TEST_F(RerunTest, AnEmptyOrOverlongRunIdIsRefusedBeforeTheJournal) {
  for (const std::string& run : {std::string(), std::string(300, 'x')}) {
    const auto report = Run({.run_id = run, .resume = false, .only = {}});
    EXPECT_EQ(ClassOf(report.status()), ErrorClass::kUser);
  }
  EXPECT_TRUE((*journal_->Runs("")).empty());
}

TEST_F(RerunTest, WhoEndsTheRunVerifiesIt) {
  KillMondayBehindItsCommits();
  on_read_back = [](const CommitRecord&) { return "damaged"; };
  const auto second = Run({.run_id = "monday", .resume = false, .only = {}});
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->exit_code(), 3);
  EXPECT_EQ(StateOf("monday"), RunState::kVerifyFailed);
  EXPECT_EQ(Run({.run_id = "monday", .resume = false, .only = {}})->exit_code(), 3);
}

TEST_F(RerunTest, AnotherRunIdVerifiesTheRunThatItEnds) {
  KillMondayBehindItsCommits();
  on_read_back = [](const CommitRecord& record) {
    return record.intent.run == "monday" ? "damaged" : "";
  };
  const auto tuesday = Run({.run_id = "tuesday", .resume = false, .only = {}});
  ASSERT_TRUE(tuesday.ok()) << tuesday.status();
  EXPECT_EQ(tuesday->exit_code(), 3);
  EXPECT_EQ(StateOf("monday"), RunState::kVerifyFailed);
  EXPECT_NE(tuesday->notes.back().find("FAILED"), std::string::npos) << tuesday->notes.back();
  EXPECT_EQ(Run({.run_id = "monday", .resume = false, .only = {}})->exit_code(), 3);
  // Its own tables are as they were written.
  EXPECT_EQ(StateOf("tuesday"), RunState::kDone);
  EXPECT_EQ(Run({.run_id = "tuesday", .resume = false, .only = {}})->exit_code(), 0);
}

TEST_F(RerunTest, DamageOfTheRunThatIsEndedIsToldWhereNothingIsResumed) {
  KillMondayBehindItsCommits();
  on_read_back = [](const CommitRecord&) { return "damaged"; };
  const auto tuesday = Run({.run_id = "tuesday", .resume = true, .only = {}});
  ASSERT_TRUE(tuesday.ok()) << tuesday.status();
  EXPECT_EQ(tuesday->exit_code(), 3);
}

TEST_F(RerunTest, TheRunThatIsEndedByOnlyVerifiesAllItsTables) {
  FailTable("b");
  const auto first = Run();
  ASSERT_EQ(first->exit_code(), 1);
  on_open = nullptr;
  on_read_back = [](const CommitRecord& record) {
    return record.intent.table == "a" ? "damaged" : "";
  };
  EXPECT_EQ(RunOnly("b")->exit_code(), 3);
  EXPECT_EQ(StateOf(first->run), RunState::kVerifyFailed);
}

TEST_F(RerunTest, ARunWithTablesLeftIsUnfinishedWhateverVerificationFound) {
  FailTable("b");
  const auto first = Run();
  ASSERT_EQ(first->exit_code(), 1);
  on_read_back = [](const CommitRecord&) { return "damaged"; };
  EXPECT_EQ(RunOnly("a")->exit_code(), 3);
  EXPECT_EQ(StateOf(first->run), RunState::kFailed);
  on_open = nullptr;
  EXPECT_EQ(Run()->exit_code(), 3);
  EXPECT_EQ(CountOf("b"), kRows);
  EXPECT_EQ(StateOf(first->run), RunState::kVerifyFailed);
}

TEST_F(RerunTest, DamageThatWasFoundLeavesARunUnfinishedWhileATableCouldNotBeRead) {
  on_reading_back = [](const CommitRecord& record) {
    return record.intent.table == "a" ? PermanentError("too many open files") : arrow::Status::OK();
  };
  on_read_back = [](const CommitRecord& record) {
    return record.intent.table == "b" ? "damaged" : "";
  };
  const auto first = Run();
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->exit_code(), 3);
  EXPECT_TRUE(first->left_unverified());
  EXPECT_EQ(StateOf(first->run), RunState::kFailed);
  on_reading_back = nullptr;
  const auto second = Run();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->run, first->run);
  EXPECT_EQ(second->exit_code(), 3);
  EXPECT_EQ(StateOf(first->run), RunState::kVerifyFailed);
}

TEST_F(RerunTest, AnInterruptedVerificationIsTakenUpAgain) {
  const std::stop_source stop;
  on_read_back = [&stop](const CommitRecord&) {
    stop.request_stop();
    return "";
  };
  const auto first = Make().Run({}, stop.get_token());
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->exit_code(), 130);
  EXPECT_EQ(CountOf("b"), kRows);
  EXPECT_EQ(StateOf(first->run), RunState::kRunning);
  on_read_back = nullptr;
  const auto second = Run();
  EXPECT_EQ(second->run, first->run);
  EXPECT_TRUE(second->nothing_to_do);
  EXPECT_EQ(second->tables.at(1).verified, true);
  EXPECT_EQ(StateOf(first->run), RunState::kDone);
}

TEST_F(RerunTest, ATableThatCannotBeVerifiedIsVerifiedByTheNextRun) {
  on_reading_back = [](const CommitRecord& record) {
    return record.intent.table == "a" ? UserError("no descriptors", "EMFILE") : arrow::Status::OK();
  };
  const RunRequest monday{.run_id = "monday", .resume = false, .only = {}};
  const auto first = Run(monday);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->exit_code(), 1);
  EXPECT_EQ(first->tables.at(0).verified, std::nullopt);
  EXPECT_EQ(CodeOf(first->tables.at(0).verify_error), "EMFILE");
  EXPECT_TRUE(first->tables.at(0).problems.empty());
  EXPECT_EQ(first->tables.at(1).verified, true);
  EXPECT_EQ(StateOf("monday"), RunState::kFailed);
  // Neither is a run of another id begun before it is verified.
  EXPECT_EQ(Run({.run_id = "tuesday", .resume = false, .only = {}})->run, "monday");
  on_reading_back = nullptr;
  const auto second = Run(monday);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->exit_code(), 0);
  EXPECT_TRUE(second->nothing_to_do);
  EXPECT_EQ(second->tables.at(0).verified, true);
  EXPECT_EQ(StateOf("monday"), RunState::kDone);
  EXPECT_EQ(CountOf("a"), kRows);
}

TEST_F(RerunTest, TheVerifyCommandSaysWhatItCouldNotRead) {
  const auto run = Run();
  on_reading_back = [](const CommitRecord&) { return TransientError("no memory", "ENOMEM"); };
  const auto report = Make().Verify(run->run, VerifyLevel::kCounts, {});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->exit_code(), 1);
  EXPECT_EQ(report->tables.at(0).verified, std::nullopt);
  EXPECT_EQ(StateOf(run->run), RunState::kDone);
}

TEST_F(RerunTest, TheVerifyCommandCanBeInterrupted) {
  const auto run = Run();
  const std::stop_source stop;
  stop.request_stop();
  const auto report = Make().Verify(run->run, VerifyLevel::kCounts, stop.get_token());
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->exit_code(), 130);
  EXPECT_EQ(report->tables.at(0).verified, std::nullopt);
}

TEST_F(RerunTest, LineageHoldsWhenTheRunBeganNotThisProcess) {
  std::vector<int64_t> loaded_at;
  on_open = [&loaded_at](const TablePlan& plan, const WorkUnit&, int) {
    loaded_at.push_back(plan.lineage.loaded_at_micros);
    return loaded_at.size() == 1 ? PermanentError("no") : arrow::Status::OK();
  };
  const auto report = Run();
  ASSERT_EQ(report->exit_code(), 1);
  ASSERT_EQ(Run()->exit_code(), 0);
  const int64_t began = MicrosOfUtcTime((*journal_->FindRun(report->run))->started_at).ValueOrDie();
  for (const int64_t micros : loaded_at) EXPECT_EQ(micros, began);
}

TEST_F(RerunTest, AContinuedRunCountsWhatItLoadedItself) {
  FailTable("b");
  ASSERT_EQ(Run()->exit_code(), 1);
  EXPECT_EQ(RunOnly("a")->rows(), 0);
  on_open = nullptr;
  const auto last = Run();
  EXPECT_EQ(last->rows(), kRows);
  EXPECT_EQ(last->published_rows(), 2 * kRows);
}

TEST_F(RerunTest, APlanShowsWhatTheRunWouldLoadAndChangesNothing) {
  FailTable("b");
  const auto first = Run({.run_id = "monday", .resume = false, .only = {}});
  const auto labels = [](const JobPlan& plan) {
    std::vector<std::string> names;
    for (const PlannedTable& table : plan.tables) names.push_back(table.job->table.label());
    return names;
  };
  EXPECT_EQ(labels(*Make().Plan({}, {})), std::vector<std::string>{"b"});
  EXPECT_EQ(ClassOf(Make().Plan({.run_id = "tuesday", .resume = false, .only = {}}, {}).status()),
            ErrorClass::kUser);
  on_open = nullptr;
  ASSERT_EQ(Run()->exit_code(), 0);
  const auto done = Make().Plan({.run_id = "monday", .resume = false, .only = {}}, {});
  EXPECT_TRUE(labels(*done).empty());
  EXPECT_NE(done->notes.back().find("nothing to do"), std::string::npos);
  EXPECT_EQ(labels(*Make().Plan({}, {})), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ((*journal_->Runs("")).size(), 1U);
}

TEST_F(RerunTest, APlanBesideAnOpenIntentSaysThatItIsFinishedFirst) {
  BreakOffCommitOf("a");
  const auto report = Run();
  const auto plan = Make().Plan({}, {});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_TRUE(plan->tables.empty());
  EXPECT_NE(plan->notes.at(0).find("a commit of run " + report->run + " is open"),
            std::string::npos);
  EXPECT_TRUE((*journal_->Tables(report->run)).at(0).has_open_intent());
  EXPECT_EQ(CountOf("a"), 0);
}

TEST_F(RerunTest, APlanKnowsWhetherItsRunHasPublishedATable) {
  FailTable("b");
  BreakOffCommitOf("a");
  EXPECT_FALSE(Make().Plan({}, {})->continues_published);
  ASSERT_EQ(Run()->exit_code(), 1);
  EXPECT_TRUE(Make().Plan({}, {})->continues_published)
      << "the open commit will most likely be one";
  on_commit = nullptr;
  ASSERT_EQ(Run()->exit_code(), 1);
  EXPECT_TRUE(Make().Plan({}, {})->continues_published);
}

}  // namespace
}  // namespace headrace
