#include "headrace/engine/local/local_engine.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <latch>
#include <map>
#include <mutex>
#include <new>
#include <numeric>
#include <thread>

#include "headrace/plan/planner.h"
#include "headrace/run/job_plan.h"
#include "headrace/run/memory_destination.h"
#include "headrace/run/memory_source.h"

namespace headrace {
namespace {

constexpr int64_t kRows = 1000;
constexpr int64_t kRowsPerUnit = 50;

/// A clock that stands still but for what a test and the waits of the engine add.
class FakeClock : public EngineClock {
 public:
  TimePoint Now() const override { return TimePoint(std::chrono::nanoseconds(now_)); }
  bool WaitFor(std::chrono::milliseconds delay, const std::stop_token& stop) const override {
    Pass(delay);
    return !stop.stop_requested();
  }
  void Pass(std::chrono::nanoseconds time) const { now_ += time.count(); }

 private:
  mutable std::atomic<int64_t> now_{1};
};

/// Names of the events that workers come and go by; each event of a run names it.
class WorkerEvents : public EventSink {
 public:
  void Handle(const Event& event) override {
    const bool names_run = std::ranges::any_of(event.fields, [](const auto& field) {
      return field.first == "run" && field.second == FieldValue("run");
    });
    EXPECT_TRUE(names_run) << event.name;
    if (event.name == "snapshot_old") ages.push_back(event.message);
    if (event.name == "snapshot_handed_on") handed_on.push_back(event.message);
    if (!event.name.starts_with("worker_")) return;
    names.emplace_back(event.name);
    for (const auto& [field, value] : event.fields) {
      if (field != "worker" || event.name != "worker_retired") continue;
      retired.push_back(std::get<int64_t>(value));
      if (on_retired) on_retired(event.level);
    }
  }
  std::vector<std::string> names;
  std::vector<int64_t> retired;   ///< Their numbers.
  std::vector<std::string> ages;  ///< What was said of the snapshot's.
  std::vector<std::string> handed_on;
  std::function<void(Level)> on_retired;
};

/// One Execute over in-memory tables, with everything that it reports.
class EngineRun {
 public:
  EngineRun(MemorySourceScript source, MemoryDestinationScript destination)
      : source_(std::move(source)), destination_(std::move(destination)) {
    observer_.AddSink(events);
  }

  ExecuteSummary Execute(const std::vector<std::string>& tables, int workers,
                         std::stop_token stop = {}) {
    return ExecuteUpTo(tables, workers, workers, std::move(stop));
  }

  ExecuteSummary ExecuteUpTo(const std::vector<std::string>& tables, int initial, int max,
                             std::stop_token stop = {}) {
    snapshot_ = *source_.OpenSnapshot({}, {});
    for (const std::string& name : tables) AddTable(name);
    const ExecuteContext context{*snapshot_, destination_, observer_, progress_};
    ExecuteCallbacks callbacks;
    callbacks.on_receipt = [this](size_t table, const Receipt& receipt) {
      const std::scoped_lock lock(mutex_);
      receipts[works_[table].plan.table.name].push_back(receipt);
      return arrow::Status::OK();
    };
    callbacks.on_divided = [this](size_t, const WorkUnit& unit,
                                  const std::vector<WorkUnit>& parts) {
      const std::scoped_lock lock(mutex_);
      ARROW_RETURN_NOT_OK(on_divided ? on_divided() : arrow::Status::OK());
      divided[unit.id] = parts.size();
      return arrow::Status::OK();
    };
    callbacks.on_table_end = [this](size_t table, const arrow::Status& status) {
      const std::string& name = works_[table].plan.table.name;
      ends[name] = status;
      if (on_end) on_end(name);
    };
    callbacks.on_all_read = [this] {
      if (on_all_read) on_all_read();
    };
    return LocalEngine(clock).Execute(
        works_, {.initial_workers = initial, .max_workers = max, .retries = 3}, context, callbacks,
        std::move(stop));
  }

  /// Units of `table` that have a receipt, each with its number of receipts.
  std::map<std::string, int> ReceiptedUnits(const std::string& table) {
    std::map<std::string, int> units;
    for (const Receipt& receipt : receipts[table]) {
      for (const UnitReceipt& unit : receipt.units) ++units[unit.unit_id];
    }
    return units;
  }

  int64_t ReceiptedRows(const std::string& table) {
    return std::accumulate(receipts[table].begin(), receipts[table].end(), int64_t{0},
                           [](int64_t sum, const Receipt& receipt) { return sum + receipt.rows; });
  }

  size_t Units(size_t table) const { return works_[table].units.size(); }
  Progress& progress() { return progress_; }

  std::map<std::string, std::vector<Receipt>> receipts;
  std::map<std::string, arrow::Status> ends;
  std::map<std::string, size_t> divided;  ///< Units, and how many parts each was cut into.
  std::function<arrow::Status()> on_divided;
  std::function<void(const std::string& table)> on_end;
  std::function<void()> on_all_read;
  const std::shared_ptr<FakeClock> clock = std::make_shared<FakeClock>();
  const std::shared_ptr<WorkerEvents> events = std::make_shared<WorkerEvents>();

 private:
  void AddTable(const std::string& name) {
    TableJob job;
    job.table.name = name;
    job.partition.target_rows = kRowsPerUnit;
    jobs_.push_back(std::make_unique<TableJob>(job));
    PlannedTable planned =
        PlanTable(*jobs_.back(), {source_, *snapshot_}, {"run", 0, 1}, TableHistory(), {});
    ASSERT_TRUE(planned.status.ok()) << planned.status;
    TableWork work;
    work.target = {.job = "job",
                   .run = "run",
                   .plan_id = planned.plan.id,
                   .table = planned.plan.table,
                   .epoch = 1,
                   .mode = WriteMode::kReplace,
                   .schema = OutputSchema(planned.plan)};
    work.plan = std::move(planned.plan);
    work.units = std::move(planned.units);
    work.unit_target.rows = kRowsPerUnit;
    works_.push_back(std::move(work));
  }

  MemorySource source_;
  MemoryDestination destination_;
  Observer observer_;
  Progress progress_;
  std::unique_ptr<Snapshot> snapshot_;
  std::vector<std::unique_ptr<TableJob>> jobs_;
  std::vector<TableWork> works_;
  std::mutex mutex_;
};

void ExpectEachUnitOnce(EngineRun& run, const std::string& table, size_t units) {
  const auto receipted = run.ReceiptedUnits(table);
  EXPECT_EQ(receipted.size(), units);
  for (const auto& [unit, times] : receipted) EXPECT_EQ(times, 1) << "unit " << unit;
  EXPECT_EQ(run.ReceiptedRows(table), kRows);
}

TEST(LocalEngineTest, EveryUnitOfEveryTableGetsOneReceipt) {
  std::latch attached(3);
  MemorySourceScript source{.tables = {{"a", kRows}, {"b", kRows}}};
  source.on_attach = [&attached](int) {
    attached.count_down();
    return arrow::Status::OK();
  };
  source.on_open = [&attached](const TablePlan&, const WorkUnit&, int) {
    attached.wait();
    return arrow::Status::OK();
  };
  EngineRun run(std::move(source), {});
  const ExecuteSummary summary = run.Execute({"a", "b"}, 3);
  EXPECT_EQ(summary.workers, 3);
  EXPECT_TRUE(run.ends.at("a").ok()) << run.ends.at("a");
  ExpectEachUnitOnce(run, "a", run.Units(0));
  ExpectEachUnitOnce(run, "b", run.Units(1));
  EXPECT_EQ(run.progress().Read().rows, 2 * kRows);
}

TEST(LocalEngineTest, TheProgressNamesATableThatIsReadNotOneThatHasEnded) {
  std::latch slow_is_open(1);
  std::latch quick_has_ended(1);
  std::string named;
  EngineRun* current = nullptr;
  MemorySourceScript source{.tables = {{"slow", kRowsPerUnit}, {"quick", kRowsPerUnit}}};
  source.on_open = [&](const TablePlan& plan, const WorkUnit&, int) {
    if (plan.table.name == "quick") {
      slow_is_open.wait();
    } else {
      slow_is_open.count_down();
      quick_has_ended.wait();
      named = current->progress().Read().table;
    }
    return arrow::Status::OK();
  };
  EngineRun run(std::move(source), {});
  current = &run;
  run.on_end = [&](const std::string& table) {
    if (table == "quick") quick_has_ended.count_down();
  };
  run.Execute({"slow", "quick"}, 2);
  EXPECT_EQ(named, "slow");
}

TEST(LocalEngineTest, ATransientUnitIsTriedAgain) {
  MemorySourceScript source{.tables = {{"a", kRows}}};
  source.on_open = [](const TablePlan&, const WorkUnit& unit, int open) {
    return unit.id == "3" && open <= 2 ? TransientError("connection cut") : arrow::Status::OK();
  };
  EngineRun run(std::move(source), {});
  const ExecuteSummary summary = run.Execute({"a"}, 2);
  EXPECT_TRUE(run.ends.at("a").ok()) << run.ends.at("a");
  EXPECT_EQ(summary.retries, 2);
  ExpectEachUnitOnce(run, "a", run.Units(0));
  EXPECT_EQ(run.progress().Read().rows, kRows);
}

TEST(LocalEngineTest, RowsAreCountedBatchByBatchAndOnceThoughTheirUnitIsReadTwice) {
  MemorySourceScript source{.tables = {{"a", kRowsPerUnit}}};
  std::vector<std::pair<int64_t, int64_t>> read_and_counted;
  EngineRun* current = nullptr;
  source.on_batch = [&](const WorkUnit&, int open, int64_t rows) {
    read_and_counted.emplace_back(rows, current->progress().Read().rows);
    return open == 1 && rows > kRowsPerUnit / 2 ? TransientError("connection cut")
                                                : arrow::Status::OK();
  };
  EngineRun run(std::move(source), {});
  current = &run;
  const ExecuteSummary summary = run.Execute({"a"}, 1);
  EXPECT_EQ(summary.retries, 1);
  for (const auto& [read, counted] : read_and_counted) EXPECT_EQ(counted, read);
  EXPECT_EQ(read_and_counted.back().first, kRowsPerUnit);
  EXPECT_EQ(run.progress().Read().rows, kRowsPerUnit);
}

TEST(LocalEngineTest, AttemptsAreBoundedAndTheErrorNamesTableAndUnit) {
  MemorySourceScript source{.tables = {{"a", kRows}}};
  source.on_open = [](const TablePlan&, const WorkUnit& unit, int) {
    return unit.id == "3" ? TransientError("connection cut") : arrow::Status::OK();
  };
  EngineRun run(std::move(source), {});
  const ExecuteSummary summary = run.Execute({"a"}, 2);
  const std::string message = run.ends.at("a").message();
  EXPECT_EQ(message, "table a, unit 3 (id from 150 to 199), attempt 4: connection cut");
  EXPECT_EQ(summary.retries, 3) << "the last attempt is not followed by one";
}

/// Two units of 50 rows are planned, and the last one has the other 950.
MemorySourceScript GrownTable() {
  MemorySourceScript source{.tables = {{"a", kRows}}};
  source.on_estimate = [](const std::string&) { return 2 * kRowsPerUnit; };
  return source;
}

void ExpectAllRows(EngineRun& run, const std::string& table) {
  EXPECT_TRUE(run.ends.at(table).ok()) << run.ends.at(table);
  for (const auto& [unit, times] : run.ReceiptedUnits(table)) EXPECT_EQ(times, 1) << unit;
  EXPECT_EQ(run.ReceiptedRows(table), kRows);
  EXPECT_EQ(run.progress().Read().rows, kRows);
  EXPECT_EQ(run.progress().Read().units_done,
            static_cast<int64_t>(run.ReceiptedUnits(table).size()));
}

TEST(LocalEngineTest, AUnitThatOutgrowsItsEstimateIsReadByAllWorkersInParts) {
  EngineRun run(GrownTable(), {});
  const ExecuteSummary summary = run.Execute({"a"}, 2);
  ExpectAllRows(run, "a");
  EXPECT_EQ(run.divided, (std::map<std::string, size_t>{{"1", 8}})) << "four for each";
  EXPECT_EQ(run.ReceiptedUnits("a").size(), 1 + 8);
  EXPECT_FALSE(run.ReceiptedUnits("a").contains("1"));
  EXPECT_EQ(summary.retries, 0);
}

TEST(LocalEngineTest, AWorkerThatHadNoUnitIsSentForWhenOneIsDivided) {
  MemorySourceScript source = GrownTable();
  std::latch all(3);
  source.on_open = [&all](const TablePlan&, const WorkUnit& unit, int) {
    if (unit.id == "1.0" || unit.id == "1.1" || unit.id == "1.2") all.arrive_and_wait();
    return arrow::Status::OK();
  };
  EngineRun run(std::move(source), {});
  EXPECT_EQ(run.Execute({"a"}, 3).workers, 3) << "two units were planned";
  ExpectAllRows(run, "a");
}

TEST(LocalEngineTest, APartThatIsStillTooLargeIsDividedInItsTurn) {
  MemorySourceScript source = GrownTable();
  source.on_sample = [](const WorkUnit& unit) -> std::optional<UnitSample> {
    // Of unit 1 the places are badly chosen; its last part is looked into again.
    if (unit.id == "1") return UnitSample{.rows = 950, .values = {{51, 0.9}}, .keys = {}};
    return UnitSample{.rows = 949, .values = {{400, 0.4}, {700, 0.7}}, .keys = {}};
  };
  EngineRun run(std::move(source), {});
  run.Execute({"a"}, 2);
  ExpectAllRows(run, "a");
  EXPECT_EQ(run.divided.size(), 2);
  EXPECT_TRUE(run.ReceiptedUnits("a").contains("1.1.1"));
}

/// Each planned unit alone is in its writer: what a second one is in has parts.
TEST(LocalEngineTest, PartsThatALostWriterHeldAreReadAgain) {
  MemoryDestinationScript destination;
  std::atomic<bool> lost = false;
  destination.on_end_unit = [&lost](int units) {
    return units >= 2 && !lost.exchange(true) ? TransientError("disk is busy")
                                              : arrow::Status::OK();
  };
  EngineRun run(GrownTable(), std::move(destination));
  run.Execute({"a"}, 2);
  EXPECT_TRUE(lost);
  ExpectAllRows(run, "a");
}

TEST(LocalEngineTest, APartThatFailsForGoodEndsItsTable) {
  MemorySourceScript source = GrownTable();
  source.on_open = [](const TablePlan&, const WorkUnit& unit, int) {
    return unit.id == "1.3" ? PermanentError("value too large") : arrow::Status::OK();
  };
  EngineRun run(std::move(source), {});
  run.Execute({"a"}, 2);
  EXPECT_EQ(run.ends.at("a").message().substr(0, 18), "table a, unit 1.3 ");
}

TEST(LocalEngineTest, AUnitWithoutPlacesToCutIsReadToItsEnd) {
  MemorySourceScript source = GrownTable();
  int looks = 0;
  source.on_sample = [&looks](const WorkUnit&) -> std::optional<UnitSample> {
    ++looks;
    return UnitSample{.rows = 950, .values = {}, .keys = {}};
  };
  EngineRun run(std::move(source), {});
  run.Execute({"a"}, 2);
  ExpectAllRows(run, "a");
  EXPECT_TRUE(run.divided.empty());
  EXPECT_EQ(looks, 1);
}

TEST(LocalEngineTest, ASourceThatCannotLookJustNowIsAskedLater) {
  MemorySourceScript source = GrownTable();
  std::vector<int> looks;
  source.on_sample = [&looks](const WorkUnit&) -> std::optional<UnitSample> {
    looks.push_back(1);
    return std::nullopt;
  };
  EngineRun run(std::move(source), {});
  run.Execute({"a"}, 2);
  ExpectAllRows(run, "a");
  EXPECT_EQ(looks.size(), 3) << "at 203, 406 and 812 rows";
}

TEST(LocalEngineTest, OneWorkerAloneDividesNothing) {
  EngineRun run(GrownTable(), {});
  run.Execute({"a"}, 1);
  ExpectAllRows(run, "a");
  EXPECT_TRUE(run.divided.empty());
}

TEST(LocalEngineTest, AUnitWhosePartsCannotBeNotedIsReadAgainAsItIs) {
  EngineRun run(GrownTable(), {});
  bool failed = false;
  run.on_divided = [&failed] {
    return std::exchange(failed, true) ? arrow::Status::OK() : TransientError("disk is busy");
  };
  EXPECT_EQ(run.Execute({"a"}, 2).retries, 1);
  ExpectAllRows(run, "a");
  EXPECT_EQ(run.divided.size(), 1);
}

TEST(LocalEngineTest, APermanentErrorEndsItsTableAlone) {
  MemorySourceScript source{.tables = {{"a", kRows}, {"b", kRows}}};
  source.on_open = [](const TablePlan& plan, const WorkUnit& unit, int) {
    return plan.table.name == "a" && unit.id == "1" ? PermanentError("value too large")
                                                    : arrow::Status::OK();
  };
  EngineRun run(std::move(source), {});
  run.Execute({"a", "b"}, 2);
  EXPECT_FALSE(run.ends.at("a").ok());
  EXPECT_TRUE(run.ends.at("b").ok());
  ExpectEachUnitOnce(run, "b", run.Units(1));
}

TEST(LocalEngineTest, ALostSnapshotEndsEveryOpenTableWithItsCode) {
  MemorySourceScript source{.tables = {{"a", kRows}, {"b", kRows}}};
  source.on_open = [](const TablePlan&, const WorkUnit&, int) {
    return TransientError("server restarted", std::string(kSnapshotLostCode));
  };
  EngineRun run(std::move(source), {});
  run.Execute({"a", "b"}, 2);
  EXPECT_EQ(CodeOf(run.ends.at("a")), kSnapshotLostCode);
  EXPECT_EQ(CodeOf(run.ends.at("b")), kSnapshotLostCode);
}

TEST(LocalEngineTest, WhatWasReadUnderALostSnapshotIsTakenBackFromTheProgress) {
  MemorySourceScript source{.tables = {{"a", kRows}}};
  source.on_open = [](const TablePlan&, const WorkUnit& unit, int) {
    return unit.id == "15" ? TransientError("server restarted", std::string(kSnapshotLostCode))
                           : arrow::Status::OK();
  };
  EngineRun run(std::move(source), {});
  run.Execute({"a"}, 2);
  EXPECT_EQ(CodeOf(run.ends.at("a")), kSnapshotLostCode);
  EXPECT_EQ(run.progress().Read().rows, 0);
  EXPECT_EQ(run.progress().Read().bytes, 0);
  EXPECT_EQ(run.progress().Read().units_done, 0);
}

TEST(LocalEngineTest, ATableThatIsLostAloneEndsLastAndItsWorkersReadOn) {
  std::atomic<int> attaches = 0;
  MemorySourceScript source{.tables = {{"a", kRows}, {"b", kRows}}};
  source.on_attach = [&attaches](int attach) {
    attaches = attach;
    return arrow::Status::OK();
  };
  source.on_open = [](const TablePlan& plan, const WorkUnit& unit, int) {
    return plan.table.name == "a" && unit.id == "3"
               ? TransientError("nobody held it", std::string(kTableLostCode))
               : arrow::Status::OK();
  };
  EngineRun run(std::move(source), {});
  std::vector<std::string> order;
  run.on_end = [&order](const std::string& table) { order.push_back(table); };
  run.Execute({"a", "b"}, 1);
  EXPECT_EQ(CodeOf(run.ends.at("a")), kTableLostCode);
  EXPECT_TRUE(run.ends.at("b").ok()) << run.ends.at("b");
  EXPECT_EQ(order, (std::vector<std::string>{"b", "a"}));
  ExpectEachUnitOnce(run, "b", run.Units(1));
  EXPECT_EQ(attaches, 1);
  EXPECT_EQ(run.progress().Read().rows, kRows);
}

TEST(LocalEngineTest, WhatHasBecomeOfTheSnapshotIsToldOnce) {
  std::atomic<bool> told = false;
  MemorySourceScript source{.tables = {{"a", kRows}}};
  source.news = [&told]() -> std::vector<std::string> {
    if (told.exchange(true)) return {};
    return {"handed on"};
  };
  EngineRun run(std::move(source), {});
  run.Execute({"a"}, 2);
  EXPECT_EQ(run.events->handed_on, std::vector<std::string>{"handed on"});
}

TEST(LocalEngineTest, WaitingForAFurtherAttemptIsNoWork) {
  MemorySourceScript source{.tables = {{"a", kRows}}};
  EngineRun* current = nullptr;
  source.on_open = [&current](const TablePlan&, const WorkUnit& unit, int open) {
    current->clock->Pass(std::chrono::seconds(1));
    return unit.id == "3" && open == 1 ? TransientError("connection cut") : arrow::Status::OK();
  };
  EngineRun run(std::move(source), {});
  current = &run;
  const ExecuteSummary summary = run.Execute({"a"}, 1);
  EXPECT_DOUBLE_EQ(summary.unit_seconds, static_cast<double>(run.Units(0) + 1));
  EXPECT_GT(summary.wall_seconds, summary.unit_seconds);  // by the one wait
  EXPECT_DOUBLE_EQ(summary.worker_seconds, summary.wall_seconds);
}

TEST(LocalEngineTest, TheSnapshotIsReleasedOnceBeforeTheLastTableEnds) {
  std::vector<std::string> story;
  MemorySourceScript source{.tables = {{"a", kRows}, {"b", kRows}}};
  std::latch a_ended(1);
  source.on_open = [&a_ended](const TablePlan& plan, const WorkUnit&, int) {
    if (plan.table.name == "b") a_ended.wait();
    return arrow::Status::OK();
  };
  source.on_release = [&story](int sessions) {
    story.push_back("released with " + std::to_string(sessions) + " sessions open");
  };
  EngineRun run(std::move(source), {});
  run.on_all_read = [&story] { story.emplace_back("all read"); };
  run.on_end = [&](const std::string& table) {
    story.push_back("end of " + table);
    if (table == "a") a_ended.count_down();
  };
  run.Execute({"a", "b"}, 3);
  EXPECT_EQ(story, (std::vector<std::string>{"end of a", "released with 0 sessions open",
                                             "all read", "end of b"}));
}

TEST(LocalEngineTest, AnOldSnapshotIsSpokenOfEachTimeItIsTwiceAsOld) {
  MemorySourceScript source{.tables = {{"a", 6 * kRowsPerUnit}}};
  EngineRun* current = nullptr;
  source.on_open = [&current](const TablePlan&, const WorkUnit&, int) {
    current->clock->Pass(std::chrono::minutes(50));
    return arrow::Status::OK();
  };
  EngineRun run(std::move(source), {});
  current = &run;
  run.Execute({"a"}, 1);
  EXPECT_EQ(run.events->ages,
            (std::vector<std::string>{"the snapshot has been held for 1 hour: others wait",
                                      "the snapshot has been held for 2 hours: others wait",
                                      "the snapshot has been held for 4 hours: others wait"}));
}

TEST(LocalEngineTest, TheSnapshotIsReleasedHoweverTheTablesEnd) {
  std::atomic<int> released = 0;
  MemorySourceScript source{.tables = {{"a", kRows}}};
  source.on_open = [](const TablePlan&, const WorkUnit&, int) { return PermanentError("no"); };
  source.on_release = [&released](int) { ++released; };
  EngineRun failing(source, {});
  failing.Execute({"a"}, 2);
  EXPECT_EQ(released, 1);
  source.on_open = [](const TablePlan&, const WorkUnit&, int) -> arrow::Status {
    throw std::bad_alloc();
  };
  EngineRun throwing(source, {});
  throwing.Execute({"a"}, 2);
  EXPECT_EQ(released, 2);
}

TEST(LocalEngineTest, AnExceptionOfTheCallerEndsTheWorkersFirst) {
  std::atomic<int> released = 0;
  MemorySourceScript source{.tables = {{"a", kRows}, {"b", kRows}}};
  source.on_release = [&released](int) { ++released; };
  EngineRun run(std::move(source), {});
  run.on_end = [](const std::string&) { throw std::bad_alloc(); };
  EXPECT_THROW(run.Execute({"a", "b"}, 2), std::bad_alloc);
  EXPECT_EQ(released, 1);
}

arrow::Status NoRoom() { return TransientError("too many clients", std::string(kPushBackCode)); }
arrow::Status WrongPassword() { return UserError("password authentication failed", "28P01"); }
arrow::Status NoWay() { return TransientError("could not translate host name", "08006"); }

/// A source whose units take a second each, two from the second session on. From the eighth unit on
/// the first worker reads nothing until the second one was turned away or has begun to read, and
/// from the fortieth on nothing until it was turned away or has retired.
class GrowingRun {
 public:
  explicit GrowingRun(const arrow::Status& second_attach) {
    MemorySourceScript source{.tables = {{"a", 5 * kRows}}};
    source.on_attach = [this, second_attach](int attach) {
      if (attach != 2) return arrow::Status::OK();
      seconds_ = 2;
      const std::scoped_lock lock(mutex_);
      if (!second_attach.ok()) LeaveLocked();
      return second_attach;
    };
    source.on_open = [this](const TablePlan&, const WorkUnit&, int) {
      WaitForSecondWorker();
      run_->clock->Pass(std::chrono::seconds(seconds_));
      return arrow::Status::OK();
    };
    run_ = std::make_unique<EngineRun>(std::move(source), MemoryDestinationScript{});
    run_->events->on_retired = [this](Level) {
      const std::scoped_lock lock(mutex_);
      LeaveLocked();
    };
    summary = run_->ExecuteUpTo({"a"}, 1, 2);
  }

  EngineRun& run() { return *run_; }
  ExecuteSummary summary;

 private:
  void WaitForSecondWorker() {
    const std::thread::id self = std::this_thread::get_id();
    std::unique_lock lock(mutex_);
    if (opens_++ == 0) first_ = self;
    if (self != first_) {
      arrived_ = true;
      changed_.notify_all();
      return;
    }
    if (opens_ >= 8) changed_.wait(lock, [this] { return arrived_; });
    if (opens_ >= 40) changed_.wait(lock, [this] { return left_; });
  }

  void LeaveLocked() {
    arrived_ = true;
    left_ = true;
    changed_.notify_all();
  }

  std::atomic<int> seconds_ = 1;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool arrived_ = false;  // protected by mutex_, as all below
  bool left_ = false;
  int opens_ = 0;
  std::thread::id first_;
  std::unique_ptr<EngineRun> run_;
};

TEST(LocalEngineTest, AWorkerIsAddedAndRetiresWhereItBringsNothing) {
  GrowingRun growing(arrow::Status::OK());
  EngineRun& run = growing.run();
  EXPECT_TRUE(run.ends.at("a").ok()) << run.ends.at("a");
  EXPECT_EQ(run.ReceiptedRows("a"), 5 * kRows);
  EXPECT_EQ(run.ReceiptedUnits("a").size(), run.Units(0));
  EXPECT_EQ(growing.summary.workers, 2);
  EXPECT_LT(growing.summary.worker_seconds, 2 * growing.summary.wall_seconds);
  ASSERT_GE(run.events->names.size(), 2U);
  EXPECT_EQ(run.events->names[0], "worker_added");
  EXPECT_EQ(run.events->names[1], "worker_retired");
  EXPECT_EQ(run.events->retired[0], 1);  // Who came last, whoever asked.
}

TEST(LocalEngineTest, AnAddedWorkerThatCannotConnectGoesAgain) {
  for (const arrow::Status& refusal :
       {NoRoom(), WrongPassword(), PermanentError("a limit of the program", "54000")}) {
    GrowingRun growing(refusal);
    EXPECT_TRUE(growing.run().ends.at("a").ok()) << growing.run().ends.at("a");
    EXPECT_EQ(growing.run().ReceiptedRows("a"), 5 * kRows);
    ASSERT_GE(growing.run().events->names.size(), 2U);
    EXPECT_EQ(growing.run().events->names[1], "worker_retired");
    EXPECT_EQ(growing.run().events->retired[0], 1);
  }
}

/// Two who read a unit a second are joined by a third, which comes to no session before somebody
/// has retired or next to nothing is left to read.
TEST(LocalEngineTest, AWorkerThatIsStuckWhileItConnectsSendsNobodyHomeWhoReads) {
  std::mutex mutex;
  std::condition_variable changed;
  bool let_in = false;  // protected by mutex, as the next
  int opens = 0;
  EngineRun* current = nullptr;
  const auto let_third_in = [&] {
    let_in = true;
    changed.notify_all();
  };
  MemorySourceScript source{.tables = {{"a", 5 * kRows}}};
  source.on_attach = [&](int attach) {
    if (attach != 3) return arrow::Status::OK();
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return let_in; });
    return arrow::Status::OK();
  };
  source.on_open = [&](const TablePlan&, const WorkUnit&, int) {
    current->clock->Pass(std::chrono::seconds(1));
    const std::scoped_lock lock(mutex);
    if (++opens == 5 * kRows / kRowsPerUnit - 1) let_third_in();
    return arrow::Status::OK();
  };
  EngineRun run(std::move(source), {});
  current = &run;
  run.events->on_retired = [&](Level) {
    const std::scoped_lock lock(mutex);
    let_third_in();
  };
  run.ExecuteUpTo({"a"}, 2, 3);
  EXPECT_TRUE(run.ends.at("a").ok()) << run.ends.at("a");
  ASSERT_FALSE(run.events->names.empty());
  EXPECT_EQ(run.events->names[0], "worker_added");
  EXPECT_TRUE(run.events->retired.empty());
}

TEST(LocalEngineTest, WhereTheMostAreAtWorkNobodyIsAdded) {
  MemorySourceScript source{.tables = {{"a", 5 * kRows}}};
  EngineRun* current = nullptr;
  source.on_open = [&current](const TablePlan&, const WorkUnit&, int) {
    current->clock->Pass(std::chrono::seconds(1));
    return arrow::Status::OK();
  };
  EngineRun run(std::move(source), {});
  current = &run;
  EXPECT_EQ(run.ExecuteUpTo({"a"}, 1, 1).workers, 1);
  EXPECT_TRUE(run.events->names.empty());
}

/// A source that lets the first session in and refuses all others with `refusal`. The first one
/// opens nothing before `wanted` of them were refused, and then as `then` says.
class OneSessionOnly {
 public:
  OneSessionOnly(const arrow::Status& refusal, int wanted,
                 const arrow::Status& then = arrow::Status::OK()) {
    source.on_attach = [this, refusal](int attach) {
      if (attach == 1) return arrow::Status::OK();
      ++refused_;
      refused_.notify_all();
      return refusal;
    };
    source.on_open = [this, wanted, then](const TablePlan&, const WorkUnit&, int) {
      for (int seen = refused_; seen < wanted; seen = refused_) refused_.wait(seen);
      return then;
    };
  }
  MemorySourceScript source{.tables = {{"a", kRows}}};

 private:
  mutable std::atomic<int> refused_ = 0;
};

TEST(LocalEngineTest, AServerWithoutRoomGetsFewerWorkersAndTheWorkIsDone) {
  const OneSessionOnly one(NoRoom(), 3);
  EngineRun run(one.source, {});
  int loud = 0;
  run.events->on_retired = [&loud](Level level) { loud += level == Level::kWarning ? 1 : 0; };
  const ExecuteSummary summary = run.Execute({"a"}, 4);
  EXPECT_TRUE(run.ends.at("a").ok()) << run.ends.at("a");
  EXPECT_EQ(summary.workers, 1);  // Three never had a session.
  EXPECT_EQ(run.events->retired.size(), 3U);
  EXPECT_EQ(loud, 1);  // For one reason.
  ExpectEachUnitOnce(run, "a", run.Units(0));
}

TEST(LocalEngineTest, AWorkerThatCannotConnectGoesWhileAnotherHasASession) {
  struct Case {
    arrow::Status refusal;
    int attempts;
  };
  for (const auto& [refusal, attempts] :
       {Case{NoRoom(), 1}, Case{WrongPassword(), 1}, Case{NoWay(), 4}}) {
    const OneSessionOnly one(refusal, attempts);
    EngineRun run(one.source, {});
    run.Execute({"a"}, 2);
    EXPECT_TRUE(run.ends.at("a").ok()) << run.ends.at("a");
    EXPECT_EQ(run.events->retired.size(), 1U) << refusal;
    ExpectEachUnitOnce(run, "a", run.Units(0));
  }
}

TEST(LocalEngineTest, AWorkerThatLostItsSessionAndGetsNoOtherLeavesTheRestToWhoHasOne) {
  for (const arrow::Status& refusal : {NoRoom(), WrongPassword(), NoWay()}) {
    std::latch attached(2);
    MemorySourceScript source{.tables = {{"a", kRows}}};
    source.on_attach = [&attached, refusal](int attach) {
      if (attach > 2) return refusal;
      attached.count_down();
      return arrow::Status::OK();
    };
    source.on_open = [&attached](const TablePlan&, const WorkUnit& unit, int open) {
      attached.wait();
      return unit.id == "3" && open == 1 ? TransientError("connection cut") : arrow::Status::OK();
    };
    EngineRun run(std::move(source), {});
    run.Execute({"a"}, 2);
    EXPECT_TRUE(run.ends.at("a").ok()) << run.ends.at("a");
    ExpectEachUnitOnce(run, "a", run.Units(0));
  }
}

TEST(LocalEngineTest, TheLastWorkerThatCannotConnectEndsTheRunWhoeverHadASession) {
  for (const arrow::Status& refusal : {NoRoom(), WrongPassword(), NoWay()}) {
    const OneSessionOnly one(refusal, 1, TransientError("connection cut"));
    EngineRun run(one.source, {});
    run.Execute({"a"}, 2);
    const arrow::Status& end = run.ends.at("a");
    const bool may_pass = CodeOf(refusal) == CodeOf(NoWay());
    EXPECT_EQ(CodeOf(end), may_pass ? kSnapshotLostCode : CodeOf(refusal)) << end;
    EXPECT_EQ(end.message(), refusal.message());
    EXPECT_EQ(run.events->retired.size(), 1U) << refusal;  // Never the last.
  }
}

TEST(LocalEngineTest, ASnapshotThatOneWorkerFindsLostIsLostForAll) {
  const OneSessionOnly one(TransientError("its leader ended", std::string(kSnapshotLostCode)), 1,
                           TransientError("connection cut"));
  EngineRun run(one.source, {});
  run.Execute({"a"}, 2);
  EXPECT_EQ(CodeOf(run.ends.at("a")), kSnapshotLostCode);
  EXPECT_TRUE(run.events->retired.empty());
}

TEST(LocalEngineTest, AServerThatRefusesEverybodyFailsTheRunInTheEnd) {
  MemorySourceScript source{.tables = {{"a", kRows}}};
  source.on_attach = [](int) {
    return TransientError("too many clients", std::string(kPushBackCode));
  };
  EngineRun run(std::move(source), {});
  run.Execute({"a"}, 2);
  EXPECT_EQ(CodeOf(run.ends.at("a")), kPushBackCode);
}

TEST(LocalEngineTest, AServerThatIsNotThereHasLostItsSnapshot) {
  MemorySourceScript source{.tables = {{"a", kRows}}};
  source.on_attach = [](int) { return TransientError("connection refused", "08001"); };
  EngineRun run(std::move(source), {});
  run.Execute({"a"}, 2);
  EXPECT_EQ(CodeOf(run.ends.at("a")), kSnapshotLostCode);
  EXPECT_EQ(run.ends.at("a").message(), "connection refused");
}

TEST(LocalEngineTest, ALostWriterMakesItsClosedUnitsRunAgain) {
  MemoryDestinationScript destination;
  destination.on_end_unit = [](int units) {
    return units == 5 ? TransientError("disk hiccup") : arrow::Status::OK();
  };
  EngineRun run({.tables = {{"a", kRows}}}, std::move(destination));
  run.Execute({"a"}, 2);
  EXPECT_TRUE(run.ends.at("a").ok()) << run.ends.at("a");
  ExpectEachUnitOnce(run, "a", run.Units(0));
  EXPECT_EQ(run.progress().Read().rows, kRows);
  EXPECT_EQ(run.progress().Read().units_done, static_cast<int64_t>(run.Units(0)));
}

TEST(LocalEngineTest, AFullDiskFailsTheTable) {
  EngineRun run(
      {.tables = {{"a", kRows}}},
      {.on_end_unit = {}, .on_seal = [] { return PermanentError("disk full"); }, .on_commit = {}});
  run.Execute({"a"}, 2);
  EXPECT_EQ(ClassOf(run.ends.at("a")), ErrorClass::kPermanent);
}

TEST(LocalEngineTest, AnExceptionOnAWorkersThreadFailsTheTablesAndNotTheProcess) {
  MemorySourceScript source{.tables = {{"a", kRows}, {"b", kRows}}};
  source.on_open = [](const TablePlan&, const WorkUnit& unit, int) -> arrow::Status {
    if (unit.id == "3") throw std::bad_alloc();
    return arrow::Status::OK();
  };
  EngineRun run(std::move(source), {});
  run.Execute({"a", "b"}, 2);
  for (const auto& [table, status] : run.ends) {
    EXPECT_EQ(ClassOf(status), ErrorClass::kBug) << table << ": " << status;
    EXPECT_NE(status.message().find("std::bad_alloc"), std::string::npos) << status;
  }
  EXPECT_EQ(run.ends.size(), 2U);
}

TEST(LocalEngineTest, StopInterruptsTheRun) {
  std::stop_source stop;
  MemorySourceScript source{.tables = {{"a", kRows}}};
  source.on_open = [&stop](const TablePlan&, const WorkUnit& unit, int) {
    if (unit.id == "4") stop.request_stop();
    return arrow::Status::OK();
  };
  EngineRun run(std::move(source), {});
  run.Execute({"a"}, 1, stop.get_token());
  EXPECT_EQ(CodeOf(run.ends.at("a")), kInterruptedCode);
}

}  // namespace
}  // namespace headrace
