#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "headrace/client/sqlite/database.h"
#include "headrace/engine/local/local_engine.h"
#include "headrace/run/coordinator.h"
#include "headrace/run/memory_destination.h"
#include "headrace/run/memory_source.h"

/// What the tests of the coordinator share.
namespace headrace {

inline constexpr int64_t kRows = 300;

inline std::vector<int64_t> Integers(int64_t count) {
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
  /// An entry with wildcards, in place of what the job has.
  void UsePattern(const std::string& text) {
    TableJob each = job_.tables.at(0);
    each.table = {};
    each.pattern = text;
    job_.tables.clear();
    job_.patterns.push_back({.pattern = TablePattern(text),
                             .exclude = {},
                             .each = each,
                             .position = 0,
                             .path = "tables[0].name"});
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
  /// No snapshot can be opened until the weather changes: nothing is published.
  void LoseSource() {
    on_snapshot = [](int) { return PermanentError("password authentication failed"); };
  }
  /// The process dies whenever it commits table `name`, until the weather changes.
  void BreakOffCommitOf(const std::string& name) {
    on_commit = [name](const CommitIntent& intent, bool) {
      return intent.table == name ? PermanentError("killed") : arrow::Status::OK();
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
  JournalRun LastRun() { return journal_->Runs("")->front(); }
  /// Throws, which fails the test, where the journal has no such run.
  RunState StateOf(const std::string& run) { return journal_->FindRun(run)->value().state; }
  void ExecuteInJournal(const std::string& sql) {
    auto database = SqliteDatabase::Open((state_ / "journal.db").string(),
                                         SqliteOpenMode::kReadWriteCreate, std::chrono::seconds(1));
    ASSERT_TRUE(database->Execute(sql).ok());
  }

  int CountOf(const std::string& table) const {
    return static_cast<int>(destination_.Published(table).size());
  }

  static MemorySourceScript SourceScript(CoordinatorTest* test) {
    MemorySourceScript script{.tables = {{"a", kRows}, {"b", kRows}, {"c", kRows}, {"a2", kRows}}};
    script.names = [test]() -> arrow::Result<std::vector<NamedRelation>> {
      if (test->on_list) ARROW_RETURN_NOT_OK(test->on_list());
      std::vector<NamedRelation> relations;
      for (const std::string& name : test->names) {
        relations.push_back({.table = {.schema = {}, .name = name, .query = {}, .alias = {}},
                             .found_without_schema = true,
                             .parents = {}});
      }
      return relations;
    };
    script.place = [test] { return test->place; };
    script.on_estimate = [test](const std::string&) { return test->estimated_rows; };
    script.on_open = [test](const TablePlan& plan, const WorkUnit& unit, int open) {
      return test->on_open ? test->on_open(plan, unit, open) : arrow::Status::OK();
    };
    script.miscount = [test](const TablePlan& plan, const WorkUnit& unit) {
      return test->miscount ? test->miscount(plan, unit) : 0;
    };
    script.on_try = [test](const TablePlan& plan, const WorkUnit& unit) {
      return test->on_try ? test->on_try(plan, unit) : arrow::Status::OK();
    };
    script.on_snapshot = [test](int snapshot) {
      return test->on_snapshot ? test->on_snapshot(snapshot) : arrow::Status::OK();
    };
    script.on_release = [test](int sessions) {
      ++test->releases_;
      EXPECT_EQ(sessions, 0);
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
    script.on_reading_back = [test](const CommitRecord& record) {
      return test->on_reading_back ? test->on_reading_back(record) : arrow::Status::OK();
    };
    script.on_clean = [test] {
      if (test->on_clean) test->on_clean();
    };
    return script;
  }

  std::string place;                            ///< Of the source.
  int64_t estimated_rows = kRows;               ///< Of each table.
  std::vector<std::string> names = {"a", "b"};  ///< Its tables, as ListNames says.
  std::function<arrow::Status()> on_list;       ///< Asked before.
  std::function<arrow::Status(const TablePlan&, const WorkUnit&, int)> on_open;
  std::function<arrow::Status(const TablePlan&, const WorkUnit&)> on_try;
  std::function<int64_t(const TablePlan&, const WorkUnit&)> miscount;
  std::function<arrow::Status(int)> on_snapshot;
  std::function<arrow::Status(const CommitIntent&, bool)> on_commit;
  std::function<arrow::Status(const CommitIntent&)> on_settle;
  std::function<std::string(const CommitRecord&)> on_read_back;
  std::function<arrow::Status(const CommitRecord&)> on_reading_back;
  std::function<void()> on_clean;

  std::atomic<int> releases_ = 0;
  Job job_;
  std::filesystem::path state_;
  MemorySource source_{SourceScript(this)};
  MemoryDestination destination_{DestinationScript(this)};
  LocalEngine engine_;
  Observer observer_;
  Progress progress_;
  std::unique_ptr<Journal> journal_;
};

}  // namespace headrace
