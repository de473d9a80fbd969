#include <gtest/gtest.h>

#include "headrace/run/backfill.h"
#include "headrace/run/coordinator_fixture.h"

/// Runs of incremental tables, and backfills, that find something of an earlier process.
namespace headrace {
namespace {

/// Both tables are loaded by windows of `id`.
class WindowRerunTest : public CoordinatorTest {
 protected:
  void SetUp() override {
    CoordinatorTest::SetUp();
    for (TableJob& table : job_.tables) MakeTransactional(table);
  }
  static void MakeTransactional(TableJob& table) {
    table.load.mode = LoadMode::kTransactional;
    table.load.cursor = "id";
  }
  static int64_t SequenceOf(const RunReport& report, const std::string& table) {
    for (const TableReport& one : report.tables) {
      if (one.table == table && one.state == TableState::kCommitted) return one.sequence;
    }
    return 0;
  }
};

TEST_F(WindowRerunTest, ATableThatFailsHoldsNoOtherUp) {
  FailTable("b");
  const auto first = Run();
  ASSERT_EQ(first->exit_code(), 1);
  const auto second = Run();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->exit_code(), 1) << "b is not loaded";
  EXPECT_NE(second->run, first->run);
  EXPECT_EQ(SequenceOf(*second, "a"), 2);
  EXPECT_NE(second->notes.at(0).find("has not loaded b: a new run takes that over"),
            std::string::npos)
      << second->notes.at(0);
  EXPECT_EQ(StateOf(first->run), RunState::kSuperseded);
  EXPECT_EQ(StateOf(second->run), RunState::kFailed);
  on_open = nullptr;
  const auto third = Run();
  EXPECT_EQ(third->exit_code(), 0);
  EXPECT_EQ(SequenceOf(*third, "a"), 3);
  EXPECT_EQ(CountOf("a"), kRows);
  EXPECT_EQ(CountOf("b"), kRows);
  EXPECT_TRUE(journal_->UnfinishedRuns("")->empty());
}

TEST_F(WindowRerunTest, OfFullLoadsOnlyTheRestIsLoaded) {
  AddTable("c");
  job_.tables[0].load = {};
  FailTable("b");
  const auto first = Run();
  ASSERT_EQ(first->exit_code(), 1);
  on_open = nullptr;
  const auto second = Run();
  EXPECT_EQ(second->exit_code(), 0);
  EXPECT_EQ(second->run, first->run) << "nothing that it has loaded has a next window";
  for (const char* table : {"a", "b", "c"}) EXPECT_EQ(CountOf(table), kRows) << table;
}

TEST_F(WindowRerunTest, AFullLoadThatFailedIsTakenOverWithTheWindows) {
  AddTable("c");
  job_.tables[1].load = {};
  job_.tables[2].load = {};
  FailTable("b");
  const auto first = Run();
  ASSERT_EQ(first->exit_code(), 1);
  on_open = nullptr;
  const auto second = Run();
  EXPECT_EQ(second->exit_code(), 0);
  EXPECT_NE(second->run, first->run);
  EXPECT_EQ(SequenceOf(*second, "a"), 2);
  EXPECT_EQ(second->tables.at(2).state, TableState::kAlreadyCommitted) << "c is a part of it";
  for (const char* table : {"a", "b", "c"}) EXPECT_EQ(CountOf(table), kRows) << table;
}

TEST_F(WindowRerunTest, FullLoadsArePublishedOnceHoweverOftenTheirRunIsTakenOver) {
  AddTable("c");
  FailTable("b");
  for (int run = 0; run < 3; ++run) EXPECT_EQ(Run()->exit_code(), 1);
  EXPECT_EQ(RunOnly("a")->exit_code(), 0);
  on_open = nullptr;
  on_read_back = [](const CommitRecord& record) {
    return record.intent.table == "c" ? "damaged" : "";
  };
  EXPECT_EQ(Run()->exit_code(), 3) << "who ends a run verifies all of it";
  EXPECT_EQ(CountOf("c"), kRows);
  EXPECT_EQ(StateOf(LastRun().run), RunState::kVerifyFailed);
}

TEST_F(WindowRerunTest, ResumeOnlyEndsWhatWasBegun) {
  FailTable("b");
  const auto first = Run();
  on_open = nullptr;
  const auto resumed = Run({.run_id = {}, .resume = true, .only = {}});
  EXPECT_EQ(resumed->run, first->run);
  EXPECT_EQ(SequenceOf(*resumed, "a"), 0) << "no new window";
  EXPECT_EQ(StateOf(first->run), RunState::kDone);
}

TEST_F(WindowRerunTest, OnlyTheTableThatIsNamedGetsItsNextWindow) {
  FailTable("b");
  const auto first = Run();
  for (const int64_t sequence : {2, 3}) {
    const auto again = RunOnly("a");
    EXPECT_EQ(again->exit_code(), 0);
    EXPECT_EQ(SequenceOf(*again, "a"), sequence);
    EXPECT_EQ(again->left, std::vector<std::string>{"b"});
  }
  const auto unfinished = *journal_->UnfinishedRuns("");
  ASSERT_EQ(unfinished.size(), 1U);
  EXPECT_EQ(unfinished[0].scope, (std::vector<std::string>{"a", "b"}));
}

TEST_F(WindowRerunTest, AnotherRunIdTakesOverWhatItLoadsItself) {
  FailTable("b");
  ASSERT_EQ(Run({.run_id = "monday", .resume = false, .only = {}})->exit_code(), 1);
  EXPECT_FALSE(Run({.run_id = "tuesday", .resume = true, .only = {}}).ok());
  EXPECT_FALSE(Run({.run_id = "tuesday", .resume = false, .only = {"a"}}).ok());
  const auto tuesday = Run({.run_id = "tuesday", .resume = false, .only = {}});
  ASSERT_TRUE(tuesday.ok()) << tuesday.status();
  EXPECT_EQ(tuesday->run, "tuesday");
  EXPECT_EQ(SequenceOf(*tuesday, "a"), 2);
  on_open = nullptr;
  const auto monday = Run({.run_id = "monday", .resume = false, .only = {}});
  EXPECT_EQ(monday->exit_code(), 0);
  EXPECT_EQ(monday->run, "tuesday") << "which has taken monday over";
  EXPECT_EQ(monday->notes.at(0), "run monday was taken over by run tuesday");
  EXPECT_EQ(CountOf("b"), kRows);
  EXPECT_TRUE(Run({.run_id = "monday", .resume = false, .only = {}})->nothing_to_do);
}

TEST_F(WindowRerunTest, ARunIdThatOnlyTheLakeRemembersTakesNothingOver) {
  const RunRequest monday{.run_id = "monday", .resume = false, .only = {}};
  FailTable("b");
  ASSERT_EQ(Run(monday)->exit_code(), 1);
  ForgetState();
  ASSERT_EQ(Run({.run_id = "tuesday", .resume = false, .only = {}})->exit_code(), 1);
  EXPECT_EQ(ClassOf(Run(monday).status()), ErrorClass::kUser);
  EXPECT_EQ(StateOf("tuesday"), RunState::kFailed);
}

/// The next try may not see it any more.
TEST_F(WindowRerunTest, AFaultThatLastsGoesOverThoughNothingWasPublished) {
  LoseSource();
  ASSERT_EQ(Run({.run_id = "monday", .resume = false, .only = {}})->exit_code(), 1);
  on_snapshot = nullptr;
  ASSERT_TRUE(journal_->AddLastingFault("monday", "b", "rows lie behind the watermark").ok());
  const auto tuesday = Run({.run_id = "tuesday", .resume = false, .only = {}});
  ASSERT_TRUE(tuesday.ok()) << tuesday.status();
  EXPECT_EQ(tuesday->exit_code(), 1);
  EXPECT_EQ(tuesday->left, std::vector<std::string>{"b"});
  EXPECT_EQ(Run({.run_id = "tuesday", .resume = false, .only = {}})->exit_code(), 1);
  EXPECT_EQ(CountOf("a"), kRows);
  EXPECT_EQ(CountOf("b"), 0);
}

TEST_F(WindowRerunTest, AFullLoadIsNotTakenOverByAnotherRunId) {
  job_.tables[1].load = {};
  FailTable("b");
  ASSERT_EQ(Run({.run_id = "monday", .resume = false, .only = {}})->exit_code(), 1);
  const auto tuesday = Run({.run_id = "tuesday", .resume = false, .only = {}});
  EXPECT_EQ(ClassOf(tuesday.status()), ErrorClass::kUser);
}

TEST_F(WindowRerunTest, WhatIsTakenOverIsVerified) {
  FailTable("b");
  const auto first = Run();
  on_read_back = [&](const CommitRecord& record) {
    return record.intent.run == first->run ? "damaged" : "";
  };
  const auto second = Run();
  EXPECT_EQ(second->exit_code(), 3) << "though b has failed";
  EXPECT_EQ(StateOf(second->run), RunState::kFailed) << "b is to be loaded";
  EXPECT_NE(second->notes.back().find("run " + first->run + ": its verification FAILED"),
            std::string::npos)
      << second->notes.back();
  EXPECT_NE((*journal_->FindRun(first->run))->report.find("damaged"), std::string::npos);
  EXPECT_EQ(Run()->exit_code(), 1) << "the next one has found none";
}

TEST_F(WindowRerunTest, ARunThatTakesOverDamageAnswersForIt) {
  FailTable("b");
  const auto first = Run();
  on_open = nullptr;
  on_read_back = [&](const CommitRecord& record) {
    return record.intent.run == first->run ? "damaged" : "";
  };
  const auto second = Run();
  EXPECT_EQ(second->exit_code(), 3);
  EXPECT_EQ(StateOf(second->run), RunState::kVerifyFailed);
  EXPECT_EQ(Run({.run_id = second->run, .resume = false, .only = {}})->exit_code(), 3);
}

/// A retry of `monday` would mean `tuesday`, which was never for a.
TEST_F(WindowRerunTest, AnotherRunIdTakesOverNothingThatItIsNotFor) {
  job_.tables[0].load = {};
  FailTable("b");
  ASSERT_EQ(Run({.run_id = "monday", .resume = false, .only = {}})->exit_code(), 1);
  EXPECT_FALSE(Run({.run_id = "tuesday", .resume = false, .only = {"b"}}).ok());
  EXPECT_FALSE(Run({.run_id = "tuesday", .resume = false, .only = {}}).ok());
  on_open = nullptr;
  EXPECT_EQ(Run({.run_id = "monday", .resume = false, .only = {}})->exit_code(), 0);
  EXPECT_EQ(CountOf("a"), kRows);
}

TEST_F(WindowRerunTest, AnotherJobTakesNothingOver) {
  FailTable("b");
  ASSERT_EQ(Run({.run_id = "monday", .resume = false, .only = {}})->exit_code(), 1);
  job_.text_digest = "d2";
  EXPECT_FALSE(Run({.run_id = "tuesday", .resume = false, .only = {}}).ok());
  EXPECT_EQ(StateOf("monday"), RunState::kFailed);
}

/// A full load that the journal has forgotten is not appended once more.
TEST_F(WindowRerunTest, WhatOnlyTheLakeKnowsOfARunThatIsTakenOverIsKept) {
  AddTable("c");
  FailTable("b");
  const auto first = Run();
  ASSERT_EQ(first->exit_code(), 1);
  ExecuteInJournal("UPDATE run_table SET intent = NULL, record = NULL WHERE directory = 'c'");
  on_open = nullptr;
  const auto second = Run();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->exit_code(), 0);
  EXPECT_EQ(StateOf(first->run), RunState::kSuperseded);
  EXPECT_EQ(SequenceOf(*second, "a"), 2);
  for (const char* table : {"a", "b", "c"}) EXPECT_EQ(CountOf(table), kRows) << table;
}

/// A backfill of both tables, whose range the journal knows by the digest.
class BackfillRerunTest : public WindowRerunTest {
 protected:
  void SetUp() override {
    WindowRerunTest::SetUp();
    nightly_ = job_;
    ASSERT_TRUE(SetBackfill({.from = "1", .to = "5"}, {}, job_).ok());
  }
  /// Swaps the backfill with the job as it runs every night.
  void Swap() { std::swap(job_, nightly_); }
  /// Another range than the one of before.
  void AskForAnotherRange() {
    job_ = nightly_;
    ASSERT_TRUE(SetBackfill({.from = "3", .to = "7"}, {}, job_).ok());
  }
  /// No snapshot can be opened until somebody changes something.
  void RefuseSource() {
    on_snapshot = [](int) { return UserError("the password is wrong"); };
  }
  /// It has failed before, and is refused when it goes on; the cause is gone then.
  void BeRefusedWhenContinued() {
    LoseSource();
    ASSERT_EQ(Run(bf_)->exit_code(), 1);
    RefuseSource();
    ASSERT_EQ(Run(bf_)->exit_code(), 2);
    on_snapshot = nullptr;
  }

  const RunRequest bf_ = {.run_id = "bf", .resume = false, .only = {}};
  Job nightly_;
};

TEST_F(BackfillRerunTest, OneThatLoadedNothingIsInNobodysWay) {
  on_open = [](const TablePlan&, const WorkUnit&, int) { return PermanentError("no"); };
  ASSERT_EQ(Run(bf_)->exit_code(), 1);
  on_open = nullptr;
  Swap();
  EXPECT_FALSE(Run({.run_id = {}, .resume = true, .only = {}}).ok());
  const auto nightly = Run();
  ASSERT_TRUE(nightly.ok()) << nightly.status();
  EXPECT_EQ(nightly->exit_code(), 0);
  EXPECT_EQ(nightly->notes.at(0), "run bf, a backfill that has loaded nothing, is given up");
  EXPECT_EQ(StateOf("bf"), RunState::kAbandoned);
  Swap();
  EXPECT_EQ(ClassOf(Run(bf_).status()), ErrorClass::kUser) << "it is not called done";
}

/// Nothing of it was begun, and who asks for it again asks for something else.
TEST_F(BackfillRerunTest, OneThatIsRefusedAtOnceLeavesItsIdFree) {
  RefuseSource();
  EXPECT_EQ(Run(bf_)->exit_code(), 2);
  EXPECT_FALSE(journal_->FindRun("bf")->has_value());
  on_snapshot = nullptr;
  AskForAnotherRange();
  EXPECT_EQ(Run(bf_)->exit_code(), 0);
  EXPECT_EQ(StateOf("bf"), RunState::kDone);
}

/// It may have been told of, and staged: it waits for what is mended, or for another run.
TEST_F(BackfillRerunTest, OneThatIsRefusedWhenItIsContinuedStays) {
  LoseSource();
  ASSERT_EQ(Run(bf_)->exit_code(), 1);
  RefuseSource();
  const auto refused = Run();
  EXPECT_EQ(refused->exit_code(), 2);
  EXPECT_EQ(refused->run, "bf");
  EXPECT_EQ(StateOf("bf"), RunState::kFailed);
  on_snapshot = nullptr;
  EXPECT_EQ(Run()->run, "bf");
  EXPECT_EQ(StateOf("bf"), RunState::kDone);
  EXPECT_EQ(CountOf("a"), kRows);
}

TEST_F(BackfillRerunTest, OneThatIsRefusedWhenItIsContinuedIsGivenUpByAnotherRun) {
  BeRefusedWhenContinued();
  Swap();
  EXPECT_EQ(Run()->exit_code(), 0);
  EXPECT_EQ(StateOf("bf"), RunState::kAbandoned);
  Swap();
  EXPECT_EQ(ClassOf(Run(bf_).status()), ErrorClass::kUser) << "its id is not free";
}

/// Its own id asks for it with the range that is meant now, as nothing of the other one is there.
TEST_F(BackfillRerunTest, OneThatIsRefusedWhenItIsContinuedGoesOnWithAnotherRangeByItsId) {
  BeRefusedWhenContinued();
  AskForAnotherRange();
  EXPECT_EQ(Run(bf_)->exit_code(), 0);
  EXPECT_EQ(StateOf("bf"), RunState::kDone);
  EXPECT_EQ((*journal_->FindRun("bf"))->text_digest, job_.text_digest);
}

/// Whoever asks for the one that it has taken over means it.
TEST_F(BackfillRerunTest, OneThatIsRefusedAndHasTakenAnotherOverStays) {
  LoseSource();
  ASSERT_EQ(Run(bf_)->exit_code(), 1);
  RefuseSource();
  const auto refused = Run({.run_id = "bf2", .resume = false, .only = {}});
  ASSERT_TRUE(refused.ok()) << refused.status();
  ASSERT_EQ(refused->exit_code(), 2);
  EXPECT_EQ(StateOf("bf2"), RunState::kFailed);
  on_snapshot = nullptr;
  EXPECT_EQ(Run(bf_)->run, "bf2");
  EXPECT_EQ(StateOf("bf2"), RunState::kDone);
}

/// It does nothing itself.
TEST_F(BackfillRerunTest, ARunThatIsDoneGivesNoOtherUp) {
  Swap();
  const RunRequest nightly{.run_id = "n7", .resume = false, .only = {}};
  ASSERT_EQ(Run(nightly)->exit_code(), 0);
  Swap();
  LoseSource();
  ASSERT_EQ(Run(bf_)->exit_code(), 1);
  Swap();
  EXPECT_TRUE(Run(nightly)->nothing_to_do);
  EXPECT_EQ(StateOf("bf"), RunState::kFailed);
}

TEST_F(BackfillRerunTest, OneThatLoadedNothingIsTakenOverByItsRangeAlone) {
  LoseSource();
  ASSERT_EQ(Run(bf_)->exit_code(), 1);
  ASSERT_EQ(Run({.run_id = "bf2", .resume = false, .only = {}})->exit_code(), 1);
  on_snapshot = nullptr;
  EXPECT_EQ(StateOf("bf"), RunState::kSuperseded);
  Swap();
  const arrow::Status refused = Run(bf_).status();
  EXPECT_NE(refused.message().find("run bf2 of this job, a backfill, is unfinished"),
            std::string::npos)
      << refused;
  EXPECT_EQ(StateOf("bf2"), RunState::kFailed) << "it is asked for, and not given up";
  Swap();
  EXPECT_EQ(Run(bf_)->exit_code(), 0);
  EXPECT_EQ(StateOf("bf2"), RunState::kDone);
  EXPECT_TRUE(Run(bf_)->nothing_to_do);
  EXPECT_EQ(CountOf("a"), kRows);
}

/// A retry of the other run would mean the backfill, which moves no watermark.
TEST_F(BackfillRerunTest, ItTakesNoOtherRunOver) {
  Swap();
  LoseSource();
  ASSERT_EQ(Run({.run_id = "n7", .resume = false, .only = {}})->exit_code(), 1);
  on_snapshot = nullptr;
  Swap();
  EXPECT_EQ(ClassOf(Run(bf_).status()), ErrorClass::kUser);
  EXPECT_EQ(StateOf("n7"), RunState::kFailed);
}

TEST_F(BackfillRerunTest, OneThatLoadedSomethingIsContinuedByItselfAlone) {
  FailTable("b");
  ASSERT_EQ(Run(bf_)->exit_code(), 1);
  on_open = nullptr;
  Swap();
  for (const RunRequest& request :
       {RunRequest{}, RunRequest{.run_id = {}, .resume = true, .only = {}},
        RunRequest{.run_id = "n7", .resume = false, .only = {}}, bf_}) {
    const arrow::Status refused = Run(request).status();
    EXPECT_EQ(ClassOf(refused), ErrorClass::kUser);
    EXPECT_NE(refused.message().find("run bf of this job, a backfill, is unfinished (b is left): "
                                     "repeat it with its --from and --to"),
              std::string::npos)
        << refused;
  }
  Swap();
  EXPECT_EQ(Run()->run, "bf");
  EXPECT_EQ(StateOf("bf"), RunState::kDone);
}

/// Whoever asks again for its id would take the range for loaded, or the window.
TEST_F(BackfillRerunTest, AnIdThatIsDoneIsNotDoneForAnother) {
  ASSERT_EQ(Run(bf_)->exit_code(), 0);
  EXPECT_TRUE(Run(bf_)->nothing_to_do);
  Swap();
  const arrow::Status refused = Run(bf_).status();
  EXPECT_EQ(ClassOf(refused), ErrorClass::kUser);
  EXPECT_NE(refused.message().find("was a backfill, of another range or job"), std::string::npos);
}

/// All that is left of it is to be verified, which every run may do.
TEST_F(BackfillRerunTest, OneThatIsOnlyToBeVerifiedIsInNobodysWayAndStaysABackfill) {
  on_reading_back = [](const CommitRecord&) { return PermanentError("too many open files"); };
  ASSERT_EQ(Run(bf_)->exit_code(), 1);
  Swap();
  EXPECT_EQ(Run()->run, "bf") << "the files can still not be read";
  EXPECT_TRUE(IsBackfill(**journal_->FindRun("bf")));
  on_reading_back = nullptr;
  const auto nightly = Run();
  ASSERT_TRUE(nightly.ok()) << nightly.status();
  EXPECT_NE(nightly->run, "bf");
  EXPECT_EQ(StateOf("bf"), RunState::kDone);
}

TEST_F(BackfillRerunTest, ItContinuesNoOtherRun) {
  Swap();
  on_open = [](const TablePlan&, const WorkUnit&, int) { return PermanentError("no"); };
  ASSERT_EQ(Run({.run_id = "n7", .resume = false, .only = {}})->exit_code(), 1);
  on_open = nullptr;
  Swap();
  const arrow::Status refused = RunOnly("a").status();
  EXPECT_EQ(ClassOf(refused), ErrorClass::kUser);
  EXPECT_NE(refused.message().find("so this backfill cannot start"), std::string::npos) << refused;
  Swap();
  EXPECT_EQ(Run()->run, "n7");
}

TEST_F(WindowRerunTest, APlanShowsTheWindowsOfTheNextRunAndChangesNothing) {
  FailTable("b");
  const auto first = Run();
  const auto plan = Make().Plan({}, {});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->tables.size(), 2U);
  EXPECT_EQ(StateOf(first->run), RunState::kFailed);
}

}  // namespace
}  // namespace headrace
