#include "headrace/engine/local/local_engine.h"

#include <gtest/gtest.h>

#include <latch>
#include <map>
#include <mutex>
#include <new>
#include <numeric>

#include "headrace/plan/planner.h"
#include "headrace/run/job_plan.h"
#include "headrace/run/memory_destination.h"
#include "headrace/run/memory_source.h"

namespace headrace {
namespace {

constexpr int64_t kRows = 1000;
constexpr int64_t kRowsPerUnit = 50;

/// One Execute over in-memory tables, with everything that it reports.
class EngineRun {
 public:
  EngineRun(MemorySourceScript source, MemoryDestinationScript destination)
      : source_(std::move(source)), destination_(std::move(destination)) {}

  ExecuteSummary Execute(const std::vector<std::string>& tables, int workers,
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
    callbacks.on_table_end = [this](size_t table, const arrow::Status& status) {
      ends[works_[table].plan.table.name] = status;
    };
    return LocalEngine().Execute(works_,
                                 {.initial_workers = workers, .max_workers = workers, .retries = 3},
                                 context, callbacks, std::move(stop));
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

 private:
  void AddTable(const std::string& name) {
    TableJob job;
    job.table.name = name;
    job.partition.target_rows = kRowsPerUnit;
    jobs_.push_back(std::make_unique<TableJob>(job));
    PlannedTable planned = PlanTable(*jobs_.back(), source_, *snapshot_, {"run", 0, 1}, {});
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
  EngineRun run({.tables = {{"a", kRows}, {"b", kRows}}}, {});
  const ExecuteSummary summary = run.Execute({"a", "b"}, 3);
  EXPECT_EQ(summary.workers, 3);
  EXPECT_TRUE(run.ends.at("a").ok()) << run.ends.at("a");
  ExpectEachUnitOnce(run, "a", run.Units(0));
  ExpectEachUnitOnce(run, "b", run.Units(1));
  EXPECT_EQ(run.progress().Read().rows, 2 * kRows);
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

TEST(LocalEngineTest, AttemptsAreBoundedAndTheErrorNamesTableAndUnit) {
  MemorySourceScript source{.tables = {{"a", kRows}}};
  source.on_open = [](const TablePlan&, const WorkUnit& unit, int) {
    return unit.id == "3" ? TransientError("connection cut") : arrow::Status::OK();
  };
  EngineRun run(std::move(source), {});
  run.Execute({"a"}, 2);
  const std::string message = run.ends.at("a").message();
  EXPECT_EQ(message, "table a, unit 3 (db_id_range), attempt 4: connection cut");
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

TEST(LocalEngineTest, AServerWithoutRoomGetsFewerWorkersAndTheWorkIsDone) {
  std::latch refused(3);  // the one session reads nothing until the three others were turned away
  MemorySourceScript source{.tables = {{"a", kRows}}};
  source.on_attach = [&refused](int attach) {
    if (attach == 1) return arrow::Status::OK();
    refused.count_down();
    return TransientError("too many clients", std::string(kPushBackCode));
  };
  source.on_open = [&refused](const TablePlan&, const WorkUnit&, int) {
    refused.wait();
    return arrow::Status::OK();
  };
  EngineRun run(std::move(source), {});
  run.Execute({"a"}, 4);
  EXPECT_TRUE(run.ends.at("a").ok()) << run.ends.at("a");
  ExpectEachUnitOnce(run, "a", run.Units(0));
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

TEST(LocalEngineTest, ALostWriterMakesItsClosedUnitsRunAgain) {
  MemoryDestinationScript destination;
  destination.on_end_unit = [](int units) {
    return units == 5 ? TransientError("disk hiccup") : arrow::Status::OK();
  };
  EngineRun run({.tables = {{"a", kRows}}}, std::move(destination));
  run.Execute({"a"}, 2);
  EXPECT_TRUE(run.ends.at("a").ok()) << run.ends.at("a");
  ExpectEachUnitOnce(run, "a", run.Units(0));
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
