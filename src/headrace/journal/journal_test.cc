#include "headrace/journal/journal.h"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>

#include "headrace/client/sqlite/database.h"
#include "headrace/journal/sqlite_journal.h"

namespace headrace {
namespace {

class JournalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "headrace-journal-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    state_ = pattern;
    Reopen();
  }
  void TearDown() override {
    journal_.reset();
    std::filesystem::remove_all(state_);
  }
  /// As after a crash: nothing but the file is left.
  void Reopen() {
    journal_.reset();
    auto journal = Journal::Open(state_);
    ASSERT_TRUE(journal.ok()) << journal.status();
    journal_ = std::move(*journal);
  }
  void Begin(const std::string& run, const std::string& job = "shop",
             const std::string& started_at = "2026-01-01T00:00:00Z") {
    const arrow::Status status = journal_->BeginRun({.run = run,
                                                     .job = job,
                                                     .text_digest = "d1",
                                                     .source = "postgresql://a:5432/x",
                                                     .state = RunState::kRunning,
                                                     .started_at = started_at,
                                                     .ended_at = {},
                                                     .report = {},
                                                     .scope = {"public.events"}});
    ASSERT_TRUE(status.ok()) << status;
  }
  CommitIntent Intent(const std::string& run) {
    CommitIntent intent;
    intent.job = "shop";
    intent.run = run;
    intent.table = "public.events";
    intent.label = "public.events";
    intent.epoch = 1;
    intent.sequence = 7;
    intent.files = {{"part-0.parquet", 100, 3, {42, 3}}};
    return intent;
  }

  std::filesystem::path state_;
  std::unique_ptr<Journal> journal_;
};

TEST_F(JournalTest, ARunIsFoundAgainAfterReopening) {
  Begin("r1");
  Reopen();
  const auto run = *journal_->FindRun("r1");
  ASSERT_TRUE(run.has_value());
  EXPECT_EQ(run->job, "shop");
  EXPECT_TRUE(run->unfinished());
  EXPECT_EQ(run->scope, std::vector<std::string>{"public.events"});
  EXPECT_FALSE((*journal_->FindRun("r2")).has_value());
}

TEST_F(JournalTest, TheLatestRunComesFirstAndJobsAreKeptApart) {
  Begin("r1");
  Begin("r2");
  Begin("other", "bills");
  const auto runs = *journal_->Runs("shop");
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(runs[0].run, "r2");
  EXPECT_EQ((*journal_->Runs("")).size(), 3U);
}

TEST_F(JournalTest, TheLatestRunIsTheOneBegunLastWhateverTheClockSaid) {
  Begin("r1", "shop", "2031-01-01T00:00:00Z");
  Begin("r2", "shop", "2030-01-01T00:00:00Z");
  EXPECT_EQ((*journal_->Runs("shop"))[0].run, "r2");
}

TEST_F(JournalTest, UnfinishedRunsAreThoseThatGoOnAndComeWithoutTheirReports) {
  for (const char* run : {"running", "failed", "done", "bad", "given_up", "late"}) Begin(run);
  Begin("other", "bills");
  ASSERT_TRUE(journal_->EndRun("failed", RunState::kFailed, R"({"rows":1})").ok());
  ASSERT_TRUE(journal_->EndRun("done", RunState::kDone, R"({"rows":1})").ok());
  ASSERT_TRUE(journal_->EndRun("bad", RunState::kVerifyFailed, R"({"rows":1})").ok());
  ASSERT_TRUE(journal_->EndRun("given_up", RunState::kAbandoned, R"({"rows":1})").ok());
  const auto names_of = [](const std::vector<JournalRun>& runs) {
    std::vector<std::string> names;
    for (const JournalRun& run : runs) names.push_back(run.run);
    return names;
  };
  const auto runs = *journal_->UnfinishedRuns("shop");
  EXPECT_EQ(names_of(runs), (std::vector<std::string>{"late", "failed", "running"}));
  EXPECT_EQ(runs.at(1).state, RunState::kFailed);
  EXPECT_EQ(runs.at(1).report, "");
  EXPECT_EQ(runs.at(1).scope, std::vector<std::string>{"public.events"});
  EXPECT_EQ(names_of(*journal_->UnfinishedRuns("")),
            (std::vector<std::string>{"other", "late", "failed", "running"}));
  EXPECT_TRUE(journal_->UnfinishedRuns("nobody")->empty());
}

TEST_F(JournalTest, ReceiptsBelongToTheirEpoch) {
  Begin("r1");
  ASSERT_TRUE(
      journal_->BeginEpoch("r1", "public.events", "public.events", 1, 2, nlohmann::json::object())
          .ok());
  Receipt receipt;
  receipt.plan_id = "r1/public.events/1";
  receipt.files.emplace_back().name = "part-0.parquet";
  receipt.rows = 3;
  receipt.units = {{"0", 1, 3, {5, 3}, 0.5}};
  ASSERT_TRUE(journal_->AddReceipt("r1", "public.events", 1, receipt).ok());
  ASSERT_TRUE(
      journal_->BeginEpoch("r1", "public.events", "public.events", 2, 2, nlohmann::json::object())
          .ok());
  Reopen();
  EXPECT_EQ((*journal_->Receipts("r1", "public.events", 1)).size(), 1U);
  EXPECT_TRUE((*journal_->Receipts("r1", "public.events", 2)).empty());
  EXPECT_EQ((*journal_->Tables("r1")).at(0).epoch, 2);
}

TEST_F(JournalTest, DivisionsBelongToTheirEpochAndAreKeptInTheirOrder) {
  Begin("r1");
  ASSERT_TRUE(journal_->BeginEpoch("r1", "a", "a", 1, 2, nlohmann::json::object()).ok());
  const auto parts = [](const std::string& unit) {
    return nlohmann::json{{{"unit_id", unit + ".0"}, {"start_id", 1}}, {{"unit_id", unit + ".1"}}};
  };
  ASSERT_TRUE(journal_->AddDivision("r1", "a", 1, "7", parts("7")).ok());
  ASSERT_TRUE(journal_->AddDivision("r1", "a", 1, "7.0", parts("7.0")).ok());
  Reopen();
  EXPECT_EQ(journal_->Divisions("r1", "a", 1).ValueOrDie(),
            (std::vector<UnitDivision>{{"7", {"7.0", "7.1"}}, {"7.0", {"7.0.0", "7.0.1"}}}));
  EXPECT_EQ(journal_->Tables("r1")->at(0).units, 4);
  EXPECT_FALSE(journal_->AddDivision("r1", "a", 1, "7", parts("7")).ok()) << "it is void";
  ASSERT_TRUE(journal_->BeginEpoch("r1", "a", "a", 2, 2, nlohmann::json::object()).ok());
  EXPECT_TRUE(journal_->Divisions("r1", "a", 2)->empty());
  EXPECT_EQ(journal_->Tables("r1")->at(0).units, 2);
}

TEST_F(JournalTest, APlanThatIsNoJsonHidesNoTable) {
  Begin("r1");
  ASSERT_TRUE(journal_->BeginEpoch("r1", "a", "a", 1, 2, {{"split_column", "id"}}).ok());
  EXPECT_EQ(journal_->Tables("r1")->at(0).split_column, "id");
  journal_.reset();
  {
    auto database = SqliteDatabase::Open((state_ / "journal.db").string(),
                                         SqliteOpenMode::kReadWriteCreate, std::chrono::seconds(1));
    ASSERT_TRUE(database->Execute("UPDATE run_table SET plan = '{'").ok());
  }
  Reopen();
  const auto tables = journal_->Tables("r1");
  ASSERT_TRUE(tables.ok()) << tables.status();
  EXPECT_EQ(tables->at(0).split_column, "");
}

TEST_F(JournalTest, FiguresOfATableCountTheSameUnitsOnce) {
  Begin("r1");
  ASSERT_TRUE(
      journal_->BeginEpoch("r1", "a", "a", 1, 2, nlohmann::json{{"excluded_rows", 4}}).ok());
  for (const auto& [file, unit] : {std::pair("0", "0"), std::pair("1", "0"), std::pair("2", "1")}) {
    Receipt receipt;
    receipt.files = {{.name = file}};
    receipt.nulled_values = 7;
    receipt.units = {{unit, 1, 0, {}, 0}};
    ASSERT_TRUE(journal_->AddReceipt("r1", "a", 1, receipt).ok());
  }
  ASSERT_TRUE(journal_->AddRecord({Intent("r1"), "2026-01-01T00:00:01Z"}).ok());
  const auto figures = journal_->Figures("r1").ValueOrDie();
  EXPECT_EQ(figures.at("a").nulled_values, 14);
  EXPECT_EQ(figures.at("a").excluded_rows, 4);
  EXPECT_EQ(figures.at(Intent("r1").table).nulled_values, std::nullopt);
  EXPECT_EQ(figures.at(Intent("r1").table).excluded_rows, std::nullopt);
}

TEST_F(JournalTest, AnIntentIsOpenUntilItsRecord) {
  Begin("r1");
  ASSERT_TRUE(journal_->AddIntent(Intent("r1")).ok());
  Reopen();
  JournalTable table = (*journal_->Tables("r1")).at(0);
  EXPECT_TRUE(table.has_open_intent());
  EXPECT_EQ(table.intent->sequence, 7);
  EXPECT_EQ(table.intent->files.at(0).checksum.sum, 42U);
  ASSERT_TRUE(journal_->AddRecord({Intent("r1"), "2026-01-01T00:00:01Z"}).ok());
  table = (*journal_->Tables("r1")).at(0);
  EXPECT_FALSE(table.has_open_intent());
  EXPECT_EQ(table.record->committed_at, "2026-01-01T00:00:01Z");
}

TEST_F(JournalTest, ARecordThatWasFoundBringsItsIntent) {
  Begin("r1");
  ASSERT_TRUE(journal_->AddRecord({Intent("r1"), "2026-01-01T00:00:01Z"}).ok());
  Reopen();
  const JournalTable table = (*journal_->Tables("r1")).at(0);
  EXPECT_FALSE(table.has_open_intent());
  EXPECT_EQ(table.intent->sequence, 7);
  EXPECT_EQ(table.epoch, Intent("r1").epoch);
  EXPECT_EQ(table.record->committed_at, "2026-01-01T00:00:01Z");
}

TEST_F(JournalTest, AnEpochThatIsNotAboveTheLastOneIsRefused) {
  Begin("r1");
  const auto begin = [this](int epoch) {
    return journal_->BeginEpoch("r1", "public.events", "public.events", epoch, 2,
                                nlohmann::json::object());
  };
  ASSERT_TRUE(begin(2).ok());
  for (const int epoch : {1, 2}) EXPECT_EQ(ClassOf(begin(epoch)), ErrorClass::kBug) << epoch;
  EXPECT_EQ((*journal_->Tables("r1")).at(0).epoch, 2);
  EXPECT_TRUE(begin(3).ok());
}

TEST_F(JournalTest, AVoidIntentIsKeptWithItsReasonAndIsNotOpenAnyMore) {
  Begin("r1");
  ASSERT_TRUE(journal_->AddIntent(Intent("r1")).ok());
  const arrow::Status status = journal_->MakeIntentVoid(Intent("r1"), "another job came first");
  ASSERT_TRUE(status.ok()) << status;
  Reopen();
  const JournalTable table = (*journal_->Tables("r1")).at(0);
  EXPECT_FALSE(table.intent.has_value());
  EXPECT_EQ(table.epoch, 1);
  const std::vector<VoidIntent> voids = *journal_->VoidIntents("r1");
  ASSERT_EQ(voids.size(), 1U);
  EXPECT_EQ(voids[0].intent.sequence, 7);
  EXPECT_EQ(voids[0].reason, "another job came first");
  EXPECT_TRUE((*journal_->VoidIntents("r2")).empty());
}

TEST_F(JournalTest, ACommittedIntentIsNeverVoid) {
  Begin("r1");
  ASSERT_TRUE(journal_->AddIntent(Intent("r1")).ok());
  ASSERT_TRUE(journal_->AddRecord({Intent("r1"), "2026-01-01T00:00:01Z"}).ok());
  EXPECT_EQ(ClassOf(journal_->MakeIntentVoid(Intent("r1"), "no")), ErrorClass::kBug);
  EXPECT_TRUE((*journal_->VoidIntents("r1")).empty());
}

TEST_F(JournalTest, TheFirstLastingFaultOfATableStays) {
  Begin("r1");
  ASSERT_TRUE(journal_->AddLastingFault("r1", "t", "rows are lost").ok());
  ASSERT_TRUE(journal_->AddLastingFault("r1", "t", "rows are lost again").ok());
  Reopen();
  const std::vector<LastingFault> faults = *journal_->LastingFaults("r1");
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].directory, "t");
  EXPECT_EQ(faults[0].reason, "rows are lost");
  EXPECT_TRUE(faults[0].found_at.ends_with('Z'));
  EXPECT_TRUE((*journal_->LastingFaults("r2")).empty());
}

TEST_F(JournalTest, AJournalOfTheFirstVersionGetsWhatItLacks) {
  Begin("r1");
  journal_.reset();
  {
    auto database = SqliteDatabase::Open((state_ / "journal.db").string(),
                                         SqliteOpenMode::kReadWriteCreate, std::chrono::seconds(1));
    ASSERT_TRUE(database
                    ->Execute("DROP TABLE void_intent; DROP TABLE lasting_fault; DROP TABLE "
                              "division; ALTER TABLE run DROP COLUMN source; ALTER TABLE run DROP "
                              "COLUMN successor;"
                              "ALTER TABLE run DROP COLUMN matched;"
                              "ALTER TABLE run DROP COLUMN parameters;"
                              "PRAGMA user_version=1")
                    .ok());
  }
  Reopen();
  EXPECT_TRUE((*journal_->VoidIntents("r1")).empty());
  EXPECT_TRUE((*journal_->LastingFaults("r1")).empty());
  EXPECT_TRUE(journal_->Divisions("r1", "t", 1)->empty());
  EXPECT_EQ((*journal_->FindRun("r1"))->source, "");
  EXPECT_EQ((*journal_->FindRun("r1"))->successor, "");
  EXPECT_TRUE((*journal_->FindRun("r1"))->matched.empty());
  EXPECT_EQ((*journal_->FindRun("r1"))->parameters, std::nullopt) << "they are not known";
}

TEST_F(JournalTest, ARunWithoutParametersIsNoRunOfWhichTheyAreNotKnown) {
  const JournalRun run = {
      .run = "r1", .job = "shop", .text_digest = "d1", .parameters = JobParameters()};
  ASSERT_TRUE(journal_->BeginRun(run).ok());
  Reopen();
  EXPECT_EQ((*journal_->FindRun("r1"))->parameters, JobParameters());
}

TEST_F(JournalTest, ARunIsTakenOverWithItsLastingFaults) {
  Begin("r1");
  ASSERT_TRUE(journal_->AddLastingFault("r1", "t", "rows are lost").ok());
  JournalRun successor = *std::move(*journal_->FindRun("r1"));
  successor.run = "r2";
  ASSERT_TRUE(journal_->SupersedeRun("r1", successor, {}).ok());
  Reopen();
  const auto before = *journal_->FindRun("r1");
  EXPECT_EQ(before->state, RunState::kSuperseded);
  EXPECT_FALSE(before->unfinished());
  EXPECT_EQ(before->successor, "r2");
  EXPECT_FALSE(before->ended_at.empty());
  const std::vector<JournalRun> unfinished = *journal_->UnfinishedRuns("");
  ASSERT_EQ(unfinished.size(), 1U);
  EXPECT_EQ(unfinished[0].run, "r2");
  ASSERT_EQ(journal_->LastingFaults("r2")->size(), 1U);
  EXPECT_EQ(journal_->LastingFaults("r2")->at(0).found_at,
            journal_->LastingFaults("r1")->at(0).found_at);
}

TEST_F(JournalTest, ATableThatIsKeptIsTheSuccessorsToo) {
  Begin("r1");
  for (const char* table : {"t", "u"}) {
    ASSERT_TRUE(journal_->BeginEpoch("r1", table, table, 2, 1, {}).ok());
    CommitIntent intent = Intent("r1");
    intent.table = table;
    ASSERT_TRUE(journal_->AddIntent(intent).ok());
    ASSERT_TRUE(journal_->AddRecord({.intent = intent, .committed_at = "now"}).ok());
    Receipt receipt;
    receipt.files = {{.name = std::string(table) + ".parquet"}};
    ASSERT_TRUE(journal_->AddReceipt("r1", table, 2, receipt).ok());
  }
  JournalRun successor = *std::move(*journal_->FindRun("r1"));
  successor.run = "r2";
  ASSERT_TRUE(journal_->SupersedeRun("r1", successor, {"u", "unknown"}).ok());
  const std::vector<JournalTable> tables = *journal_->Tables("r2");
  ASSERT_EQ(tables.size(), 1U);
  EXPECT_EQ(tables[0].directory, "u");
  EXPECT_EQ(tables[0].record->intent.run, "r1");
  EXPECT_EQ(journal_->Receipts("r2", "u", 2)->size(), 1U);
  EXPECT_TRUE(journal_->Receipts("r2", "t", 2)->empty());
}

TEST_F(JournalTest, ARunThatIsOverIsNotTakenOver) {
  Begin("r1");
  ASSERT_TRUE(journal_->EndRun("r1", RunState::kDone, "{}").ok());
  JournalRun successor = *std::move(*journal_->FindRun("r1"));
  successor.run = "r2";
  EXPECT_EQ(ClassOf(journal_->SupersedeRun("r1", successor, {})), ErrorClass::kBug);
  EXPECT_EQ(*journal_->FindRun("r2"), std::nullopt) << "all of it or nothing";
  EXPECT_EQ((*journal_->FindRun("r1"))->state, RunState::kDone);
}

TEST_F(JournalTest, ARunIsForgottenWhereNothingOfItWasBegun) {
  Begin("r1");
  Begin("r2");
  ASSERT_TRUE(journal_->BeginEpoch("r2", "public.events", "public.events", 1, 3, {}).ok());
  ASSERT_TRUE(journal_->ForgetRun("r1").ok());
  EXPECT_EQ(ClassOf(journal_->ForgetRun("r2")), ErrorClass::kBug);
  EXPECT_EQ(ClassOf(journal_->ForgetRun("r3")), ErrorClass::kBug);
  Reopen();
  EXPECT_FALSE((*journal_->FindRun("r1")).has_value());
  EXPECT_TRUE((*journal_->FindRun("r2")).has_value());
}

TEST_F(JournalTest, ARunThatHasTakenOverIsNotForgotten) {
  Begin("r1");
  ASSERT_TRUE(journal_
                  ->SupersedeRun("r1",
                                 {.run = "r2",
                                  .job = "shop",
                                  .text_digest = "d1",
                                  .source = {},
                                  .state = RunState::kRunning,
                                  .started_at = "2026-01-02T00:00:00Z",
                                  .ended_at = {},
                                  .report = {},
                                  .scope = {"public.events"}},
                                 {})
                  .ok());
  EXPECT_EQ(ClassOf(journal_->ForgetRun("r2")), ErrorClass::kBug);
}

TEST_F(JournalTest, AJournalInMemoryLeavesNoFile) {
  const auto journal = *Journal::OpenInMemory();
  EXPECT_TRUE((*journal->Runs("")).empty());
  EXPECT_FALSE(std::filesystem::exists(":memory:"));
}

TEST_F(JournalTest, WhoOnlyLooksAtTheLockTakesNothing) {
  EXPECT_TRUE(JobLock::CheckFree(state_ / "nowhere", "shop").ok());
  EXPECT_FALSE(std::filesystem::exists(state_ / "nowhere"));
  const auto held = JobLock::Acquire(state_, "shop");
  const arrow::Status status = JobLock::CheckFree(state_, "shop");
  EXPECT_EQ(ClassOf(status), ErrorClass::kUser);
  EXPECT_NE(status.message().find("pid " + std::to_string(getpid())), std::string::npos);
}

TEST_F(JournalTest, TheHolderOfAJobLockCanBeSeen) {
  EXPECT_EQ(*JobLock::Holder(state_, "shop"), std::nullopt);
  {
    const auto held = JobLock::Acquire(state_, "shop");
    const std::optional<std::string> holder = *JobLock::Holder(state_, "shop");
    ASSERT_TRUE(holder.has_value());
    EXPECT_TRUE(holder->starts_with("pid " + std::to_string(getpid()) + " on ")) << *holder;
  }
  EXPECT_EQ(*JobLock::Holder(state_, "shop"), std::nullopt);
}

TEST_F(JournalTest, WhoLooksAtTheLockIsInNobodysWay) {
  ASSERT_TRUE(JobLock::Acquire(state_, "shop").ok());
  std::atomic<bool> done = false;
  std::thread looker([&] {
    while (!done) EXPECT_TRUE(JobLock::Holder(state_, "shop").ok());
  });
  int refused = 0;
  for (int i = 0; i < 200; ++i) refused += JobLock::Acquire(state_, "shop").ok() ? 0 : 1;
  done = true;
  looker.join();
  EXPECT_EQ(refused, 0);
}

TEST_F(JournalTest, AnEndedRunMayBeResumedWithItsNewText) {
  Begin("r1");
  ASSERT_TRUE(journal_->EndRun("r1", RunState::kFailed, "{}").ok());
  EXPECT_TRUE((*journal_->FindRun("r1"))->unfinished());
  EXPECT_EQ((*journal_->FindRun("r1"))->source, "postgresql://a:5432/x");
  const std::vector<MatchedTable> matched = {{"public", "a\"*", "public.*"}, {"", "b", "*"}};
  const JobParameters parameters = {{"${FROM}", "f1"}, {"--set destination.path", "f2", true}};
  JournalRun now = *std::move(*journal_->FindRun("r1"));
  now.text_digest = "d2";
  now.source = "postgresql://b:5432/x";
  now.scope = {"a", "b"};
  now.matched = matched;
  now.parameters = parameters;
  ASSERT_TRUE(journal_->ResumeRun(now).ok());
  const auto run = *journal_->FindRun("r1");
  EXPECT_EQ(run->parameters, parameters);
  EXPECT_EQ(run->source, "postgresql://b:5432/x");
  EXPECT_EQ(run->state, RunState::kRunning);
  EXPECT_EQ(run->text_digest, "d2");
  EXPECT_EQ(run->scope.size(), 2U);
  EXPECT_EQ(run->matched, matched);
  ASSERT_TRUE(journal_->EndRun("r1", RunState::kDone, "{}").ok());
  EXPECT_FALSE((*journal_->FindRun("r1"))->unfinished());
}

TEST_F(JournalTest, AJournalOfALaterVersionIsRefused) {
  journal_.reset();
  {
    auto database = SqliteDatabase::Open((state_ / "journal.db").string(),
                                         SqliteOpenMode::kReadWriteCreate, std::chrono::seconds(1));
    ASSERT_TRUE(database.ok()) << database.status();
    ASSERT_TRUE(database->Execute("PRAGMA user_version=99").ok());
  }
  const auto journal = Journal::Open(state_);
  ASSERT_FALSE(journal.ok());
  EXPECT_EQ(ClassOf(journal.status()), ErrorClass::kUser);
  EXPECT_NE(journal.status().message().find("later version"), std::string::npos);
}

TEST_F(JournalTest, AFileThatIsNoDatabaseIsAnErrorNotACrash) {
  journal_.reset();
  std::filesystem::remove_all(state_);
  std::filesystem::create_directories(state_);
  std::ofstream(state_ / "journal.db") << std::string(4096, 'x');
  const arrow::Status status = Journal::Open(state_).status();
  EXPECT_EQ(status.message(), "cannot use the journal " + (state_ / "journal.db").string() +
                                  ": file is not a database; it is damaged: restore it, or move it "
                                  "away and run again with the same --run-id, for which the commit "
                                  "records at the destination tell what is published");
}

TEST_F(JournalTest, WhatIsOnlyReadStaysAsItWasRead) {
  Begin("r1");
  journal_.reset();  // Moves the -wal into the file.
  const auto journal = SqliteJournal::OpenToRead(state_ / "journal.db").ValueOrDie();
  std::filesystem::resize_file(state_ / "journal.db", 0);
  const auto runs = journal->Runs("");
  ASSERT_TRUE(runs.ok()) << runs.status();
  ASSERT_EQ(runs->size(), 1U);
  EXPECT_EQ(runs->front().run, "r1");
}

TEST_F(JournalTest, TheSecondHolderOfAJobLockIsToldWhoHasIt) {
  auto first = JobLock::Acquire(state_, "shop");
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = JobLock::Acquire(state_, "shop");
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.status().message().find("pid " + std::to_string(getpid())), std::string::npos)
      << second.status();
  EXPECT_TRUE(JobLock::Acquire(state_, "bills").ok());
  {
    const JobLock gone = std::move(*first);
  }
  EXPECT_TRUE(JobLock::Acquire(state_, "shop").ok());
}

TEST_F(JournalTest, AStateFolderThatCannotBeMadeIsNamed) {
  const std::filesystem::path file = state_ / "file";
  std::ofstream(file) << "no folder";
  const auto lock = JobLock::Acquire(file / "state", "shop");
  ASSERT_FALSE(lock.ok());
  EXPECT_EQ(ClassOf(lock.status()), ErrorClass::kUser);
  const std::string folder = (file / "state").string();
  EXPECT_NE(lock.status().message().find("cannot make the state folder " + folder),
            std::string::npos)
      << lock.status();
  EXPECT_NE(lock.status().message().find("Not a directory"), std::string::npos) << lock.status();
}

}  // namespace
}  // namespace headrace
