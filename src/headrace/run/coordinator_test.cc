#include "headrace/run/coordinator.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <numeric>

#include "headrace/client/sqlite/database.h"
#include "headrace/engine/local/local_engine.h"
#include "headrace/run/memory_destination.h"
#include "headrace/run/memory_source.h"
#include "headrace/run/utc_time.h"

namespace headrace {
namespace {

constexpr int64_t kRows = 300;

std::vector<int64_t> Integers(int64_t count) {
  std::vector<int64_t> values(static_cast<size_t>(count));
  std::iota(values.begin(), values.end(), 0);
  return values;
}

/// A job over in-memory parts with a real journal. Source and destination scripts are read through
/// pointers, so that a test changes the weather between runs.
class CoordinatorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "headrace-run-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    state_ = pattern;
    job_.name = "shop";
    job_.text_digest = "d1";
    job_.retries = 2;
    job_.engine = EngineType::kSequential;
    AddTable("a");
    AddTable("b");
    ForgetState();
  }
  void TearDown() override {
    journal_.reset();
    std::filesystem::remove_all(state_);
  }

  void AddTable(const std::string& name) {
    TableJob table;
    table.table.name = name;
    table.partition.target_rows = 50;
    table.write = WriteMode::kAppend;
    job_.tables.push_back(table);
  }
  /// The state directory is lost; the destination is not.
  void ForgetState() {
    journal_.reset();
    std::filesystem::remove(state_ / "journal.db");
    std::filesystem::remove(state_ / "journal.db-wal");
    std::filesystem::remove(state_ / "journal.db-shm");
    journal_ = *Journal::Open(state_);
  }

  Coordinator Make() {
    return Coordinator({job_, source_, destination_, engine_, *journal_, observer_, progress_});
  }
  arrow::Result<RunReport> Run(const RunRequest& request = {}) { return Make().Run(request, {}); }
  arrow::Result<RunReport> RunOnly(const std::string& table) {
    return Run({.run_id = {}, .resume = false, .only = {table}});
  }

  /// Table `name` cannot be read until the weather changes.
  void FailTable(const std::string& name) {
    on_open = [name](const TablePlan& plan, const WorkUnit&, int) {
      return plan.table.name == name ? PermanentError("value too large") : arrow::Status::OK();
    };
  }
  /// Another job writes to table `name` between intent and commit.
  void OvertakeTable(const std::string& name) {
    on_commit = [this, name, done = false](const CommitIntent& intent, bool published) mutable {
      if (intent.table != name || published || done) return arrow::Status::OK();
      done = true;
      destination_.PublishElsewhere(name, -1);
      return TransientError("overtaken", std::string(kVoidIntentCode));
    };
  }
  RunState StateOf(const std::string& run) { return (*journal_->FindRun(run))->state; }
  void ExecuteInJournal(const std::string& sql) {
    auto database = SqliteDatabase::Open((state_ / "journal.db").string(),
                                         SqliteOpenMode::kReadWriteCreate, std::chrono::seconds(1));
    ASSERT_TRUE(database->Execute(sql).ok());
  }

  int CountOf(const std::string& table) const {
    return static_cast<int>(destination_.Published(table).size());
  }

  static MemorySourceScript SourceScript(CoordinatorTest* test) {
    MemorySourceScript script{.tables = {{"a", kRows}, {"b", kRows}}};
    script.on_open = [test](const TablePlan& plan, const WorkUnit& unit, int open) {
      return test->on_open ? test->on_open(plan, unit, open) : arrow::Status::OK();
    };
    script.on_snapshot = [test](int snapshot) {
      return test->on_snapshot ? test->on_snapshot(snapshot) : arrow::Status::OK();
    };
    return script;
  }
  static MemoryDestinationScript DestinationScript(CoordinatorTest* test) {
    MemoryDestinationScript script;
    script.on_commit = [test](const CommitIntent& intent, bool published) {
      return test->on_commit ? test->on_commit(intent, published) : arrow::Status::OK();
    };
    script.on_settle = [test](const CommitIntent& intent) {
      return test->on_settle ? test->on_settle(intent) : arrow::Status::OK();
    };
    script.on_read_back = [test](const CommitRecord& record) {
      return test->on_read_back ? test->on_read_back(record) : std::string();
    };
    script.on_clean = [test] {
      if (test->on_clean) test->on_clean();
    };
    return script;
  }

  std::function<arrow::Status(const TablePlan&, const WorkUnit&, int)> on_open;
  std::function<arrow::Status(int)> on_snapshot;
  std::function<arrow::Status(const CommitIntent&, bool)> on_commit;
  std::function<arrow::Status(const CommitIntent&)> on_settle;
  std::function<std::string(const CommitRecord&)> on_read_back;
  std::function<void()> on_clean;

  Job job_;
  std::filesystem::path state_;
  MemorySource source_{SourceScript(this)};
  MemoryDestination destination_{DestinationScript(this)};
  LocalEngine engine_;
  Observer observer_;
  Progress progress_;
  std::unique_ptr<Journal> journal_;
};

TEST_F(CoordinatorTest, ARunPublishesEveryRowOnce) {
  const auto report = Run();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->exit_code(), 0);
  EXPECT_EQ(report->rows(), 2 * kRows);
  EXPECT_EQ(destination_.Published("a"), Integers(kRows));
  EXPECT_EQ(destination_.Published("b"), Integers(kRows));
  EXPECT_EQ((*journal_->FindRun(report->run))->state, RunState::kDone);
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

TEST_F(CoordinatorTest, ASnapshotThatIsLostEveryTimeFailsInTheEnd) {
  on_open = [](const TablePlan&, const WorkUnit&, int) {
    return TransientError("restarted", std::string(kSnapshotLostCode));
  };
  const auto report = Run();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->exit_code(), 1);
  EXPECT_EQ(CountOf("a"), 0);
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
  on_open = [](const TablePlan&, const WorkUnit&, int) { return PermanentError("no"); };
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
  ASSERT_EQ(Run()->exit_code(), 1);
  job_.text_digest = "d2";
  job_.tables.pop_back();
  on_open = nullptr;
  const auto again = Run();
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->exit_code(), 0);
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

TEST_F(CoordinatorTest, ACommitThatWasOvertakenIsVoidAndTheNextRunLoadsTheTableAnew) {
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

TEST_F(CoordinatorTest, AnIntentThatWasOvertakenSinceIsSettledAsVoid) {
  on_commit = [](const CommitIntent& intent, bool) {
    return intent.table == "a" ? PermanentError("killed") : arrow::Status::OK();
  };
  ASSERT_EQ(Run()->exit_code(), 1);
  on_commit = nullptr;
  destination_.PublishElsewhere("a", -1);
  const auto second = Run();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->exit_code(), 0);
  EXPECT_NE(second->notes.at(0).find("given up"), std::string::npos) << second->notes.at(0);
  EXPECT_EQ(CountOf("a"), kRows + 1);
}

TEST_F(CoordinatorTest, AnIntentThatWasOvertakenCanBeAbandoned) {
  on_commit = [](const CommitIntent& intent, bool) {
    return intent.table == "a" ? PermanentError("killed") : arrow::Status::OK();
  };
  const auto report = Run();
  on_commit = nullptr;
  destination_.PublishElsewhere("a", -1);
  const auto done = Make().Abandon(report->run);
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(CountOf("a"), 1);
  EXPECT_FALSE(destination_.discarded().empty());
  EXPECT_EQ(StateOf(report->run), RunState::kAbandoned);
}

/// A process that died between staging its intent and journalling it left one that nobody settles.
TEST_F(CoordinatorTest, AbandonDiscardsWhatWasStagedForTablesThatAreNotCommitted) {
  FailTable("b");
  const auto report = Run();
  ASSERT_TRUE(Make().Abandon(report->run).ok());
  EXPECT_EQ(destination_.discarded(), (std::vector<std::pair<std::string, int>>{{"b", 1}}));
}

TEST_F(CoordinatorTest, ADoubtStaysOpen) {
  on_commit = [](const CommitIntent& intent, bool) {
    return intent.table == "a" ? PermanentError("killed") : arrow::Status::OK();
  };
  const auto report = Run();
  on_commit = nullptr;
  on_settle = [](const CommitIntent&) { return PermanentError("not mounted"); };
  EXPECT_FALSE(Run().ok());
  EXPECT_FALSE(Make().Abandon(report->run).ok());
  EXPECT_TRUE((*journal_->Tables(report->run)).at(0).has_open_intent());
  on_settle = nullptr;
  EXPECT_EQ(Run()->exit_code(), 0);
  EXPECT_EQ(CountOf("a"), kRows);
}

TEST_F(CoordinatorTest, AJournalThatCannotBeReadStopsTheRunBeforeItReads) {
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

TEST_F(CoordinatorTest, TablesOutsideTheUnfinishedRunJoinIt) {
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

TEST_F(CoordinatorTest, ResumeLeavesTheRunAsItWasBegun) {
  FailTable("b");
  ASSERT_EQ(RunOnly("b")->exit_code(), 1);
  on_open = nullptr;
  const auto other = Run({.run_id = {}, .resume = true, .only = {"a"}});
  EXPECT_EQ(ClassOf(other.status()), ErrorClass::kUser);
  EXPECT_EQ(Run({.run_id = {}, .resume = true, .only = {}})->exit_code(), 0);
  EXPECT_EQ(CountOf("a"), 0);
  EXPECT_EQ(CountOf("b"), kRows);
}

TEST_F(CoordinatorTest, ARunIdThatWasForOtherTablesSaysSo) {
  ASSERT_EQ(Run({.run_id = "monday", .resume = false, .only = {"a"}})->exit_code(), 0);
  const auto again = Run({.run_id = "monday", .resume = false, .only = {}});
  EXPECT_EQ(again->exit_code(), 0);
  EXPECT_EQ(again->notes.back(),
            "run monday was for a only: table b is loaded under another --run-id");
}

TEST_F(CoordinatorTest, ResumeDoesNotBeginAnUnknownRunId) {
  const auto report = Run({.run_id = "monday", .resume = true, .only = {}});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->exit_code(), 0);
  EXPECT_TRUE(report->nothing_to_do);
  EXPECT_FALSE((*journal_->FindRun("monday")).has_value());
}

TEST_F(CoordinatorTest, AnEmptyOrOverlongRunIdIsRefusedBeforeTheJournal) {
  for (const std::string& run : {std::string(), std::string(300, 'x')}) {
    const auto report = Run({.run_id = run, .resume = false, .only = {}});
    EXPECT_EQ(ClassOf(report.status()), ErrorClass::kUser);
  }
  EXPECT_TRUE((*journal_->Runs("")).empty());
}

TEST_F(CoordinatorTest, WhoEndsTheRunVerifiesIt) {
  on_commit = [](const CommitIntent&, bool published) {
    return published ? PermanentError("killed") : arrow::Status::OK();
  };
  const auto first = Run({.run_id = "monday", .resume = false, .only = {}});
  ASSERT_EQ(first->exit_code(), 1);
  on_commit = nullptr;
  on_read_back = [](const CommitRecord&) { return "damaged"; };
  const auto second = Run({.run_id = "monday", .resume = false, .only = {}});
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->exit_code(), 3);
  EXPECT_EQ(StateOf("monday"), RunState::kVerifyFailed);
  EXPECT_EQ(Run({.run_id = "monday", .resume = false, .only = {}})->exit_code(), 3);
}

TEST_F(CoordinatorTest, AnotherRunIdVerifiesTheRunThatItEnds) {
  on_commit = [](const CommitIntent&, bool published) {
    return published ? PermanentError("killed") : arrow::Status::OK();
  };
  ASSERT_EQ(Run({.run_id = "monday", .resume = false, .only = {}})->exit_code(), 1);
  on_commit = nullptr;
  on_read_back = [](const CommitRecord& record) {
    return record.intent.run == "monday" ? "damaged" : "";
  };
  const auto tuesday = Run({.run_id = "tuesday", .resume = false, .only = {}});
  ASSERT_TRUE(tuesday.ok()) << tuesday.status();
  EXPECT_EQ(tuesday->exit_code(), 0);
  EXPECT_EQ(StateOf("monday"), RunState::kVerifyFailed);
  EXPECT_NE(tuesday->notes.back().find("FAILED"), std::string::npos) << tuesday->notes.back();
  EXPECT_EQ(Run({.run_id = "monday", .resume = false, .only = {}})->exit_code(), 3);
}

TEST_F(CoordinatorTest, TheRunThatIsEndedByOnlyVerifiesAllItsTables) {
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

TEST_F(CoordinatorTest, ARunWithTablesLeftIsUnfinishedWhateverVerificationFound) {
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

TEST_F(CoordinatorTest, AnInterruptedVerificationIsTakenUpAgain) {
  std::stop_source stop;
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

TEST_F(CoordinatorTest, TheVerifyCommandCanBeInterrupted) {
  const auto run = Run();
  std::stop_source stop;
  stop.request_stop();
  const auto report = Make().Verify(run->run, VerifyLevel::kCounts, stop.get_token());
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->exit_code(), 130);
  EXPECT_EQ(report->tables.at(0).verified, std::nullopt);
}

TEST_F(CoordinatorTest, LineageHoldsWhenTheRunBeganNotThisProcess) {
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

TEST_F(CoordinatorTest, AContinuedRunCountsWhatItLoadedItself) {
  FailTable("b");
  ASSERT_EQ(Run()->exit_code(), 1);
  EXPECT_EQ(RunOnly("a")->rows(), 0);
  on_open = nullptr;
  const auto last = Run();
  EXPECT_EQ(last->rows(), kRows);
  EXPECT_EQ(last->published_rows(), 2 * kRows);
}

TEST_F(CoordinatorTest, APlanShowsWhatTheRunWouldLoadAndChangesNothing) {
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

TEST_F(CoordinatorTest, APlanBesideAnOpenIntentSaysThatItIsFinishedFirst) {
  on_commit = [](const CommitIntent& intent, bool) {
    return intent.table == "a" ? PermanentError("killed") : arrow::Status::OK();
  };
  const auto report = Run();
  const auto plan = Make().Plan({}, {});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_TRUE(plan->tables.empty());
  EXPECT_NE(plan->notes.at(0).find("a commit of run " + report->run + " is open"),
            std::string::npos);
  EXPECT_TRUE((*journal_->Tables(report->run)).at(0).has_open_intent());
  EXPECT_EQ(CountOf("a"), 0);
}

}  // namespace
}  // namespace headrace
