#pragma once

#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "headrace/source/source.h"

/// In-memory fakes of the seams, for tests of engines and of the coordinator: a source whose tables
/// hold the integers 0 … rows − 1, and that fails where a test says so.
namespace headrace {

struct MemorySourceScript {
  std::map<std::string, int64_t> tables;                         ///< Rows by table name.
  std::function<int64_t(const std::string& table)> on_estimate;  ///< Rows that Estimate tells of.
  std::function<std::string()> place;  ///< Where the source is; empty: it is not told.
  std::function<arrow::Result<std::vector<NamedRelation>>()> names;  ///< What ListNames says.
  int64_t null_rows = 0;  ///< What is counted of each for a unit of NULLs.
  /// What a count of a unit of rows differs by from those that it has; empty: by nothing.
  std::function<int64_t(const TablePlan&, const WorkUnit&)> miscount;
  /// Asked before a unit is opened, with the number of opens of that unit so far (1, 2, …).
  std::function<arrow::Status(const TablePlan&, const WorkUnit&, int open)> on_open;
  /// Asked before each batch of a unit, with the rows that this open of it has given so far.
  std::function<arrow::Status(const WorkUnit&, int open, int64_t rows)> on_batch;
  /// Asked for the unit of a plan that is tried.
  std::function<arrow::Status(const TablePlan&, const WorkUnit&)> on_try;
  /// What is seen of a unit that is looked into; empty: each row.
  std::function<std::optional<UnitSample>(const WorkUnit&)> on_sample;
  /// Asked before a session is attached, with the number of attaches of this source so far.
  std::function<arrow::Status(int attach)> on_attach;
  /// Asked before a snapshot is opened, likewise.
  std::function<arrow::Status(int snapshot)> on_snapshot;
  /// What Snapshot::TakeNews says.
  std::function<std::vector<std::string>()> news;
  /// Told when a snapshot is released, with the number of sessions that are still open.
  std::function<void(int sessions)> on_release;
};

class MemoryUnitReader : public UnitReader {
 public:
  /// `before_batch` gets the rows read so far.
  MemoryUnitReader(std::shared_ptr<arrow::Schema> schema, int64_t first, int64_t last,
                   std::function<arrow::Status(int64_t)> before_batch, std::stop_token stop)
      : schema_(std::move(schema)),
        first_(first),
        next_(first),
        last_(last),
        before_batch_(std::move(before_batch)),
        stop_(std::move(stop)) {}

  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    if (stop_.stop_requested()) return InterruptedError();
    if (before_batch_) ARROW_RETURN_NOT_OK(before_batch_(next_ - first_));
    if (next_ >= last_) return nullptr;
    arrow::Int64Builder builder;
    const int64_t end = std::min(last_, next_ + kBatchRows);
    for (; next_ < end; ++next_) ARROW_RETURN_NOT_OK(builder.Append(next_));
    ARROW_ASSIGN_OR_RAISE(const auto column, builder.Finish());
    return arrow::RecordBatch::Make(schema_, column->length(), {column});
  }
  int64_t nulled_values() const override { return 0; }

 private:
  static constexpr int64_t kBatchRows = 7;
  std::shared_ptr<arrow::Schema> schema_;
  int64_t first_;
  int64_t next_;
  int64_t last_;
  std::function<arrow::Status(int64_t)> before_batch_;
  std::stop_token stop_;
};

/// Counts opens by unit; shared by all sessions of a source.
class MemoryOpens {
 public:
  int Add(const WorkUnit& unit) {
    const std::scoped_lock lock(mutex_);
    return ++opens_[unit.plan_id + "/" + unit.id];
  }

 private:
  std::mutex mutex_;
  std::map<std::string, int> opens_;  // protected by mutex_
};

class MemorySession : public Session {
 public:
  MemorySession(const MemorySourceScript& script, MemoryOpens& opens, std::atomic<int>& sessions)
      : script_(script), opens_(opens), sessions_(sessions) {
    ++sessions_;
  }
  MemorySession(const MemorySession&) = delete;
  MemorySession& operator=(const MemorySession&) = delete;
  ~MemorySession() override { --sessions_; }

  arrow::Result<std::unique_ptr<UnitReader>> Open(const TablePlan& plan, const WorkUnit& unit,
                                                  const ReadLimits& /*limits*/,
                                                  std::stop_token stop) override {
    const int open = opens_.Add(unit);
    if (script_.on_open) ARROW_RETURN_NOT_OK(script_.on_open(plan, unit, open));
    const int64_t rows = script_.tables.at(plan.table.name);
    const auto* range = std::get_if<IdRange>(&unit.split);
    const int64_t first = range == nullptr ? 0 : range->lower.value_or(0);
    const int64_t last = range == nullptr ? rows : range->upper.value_or(rows);
    std::function<arrow::Status(int64_t)> before_batch;
    if (script_.on_batch) {
      before_batch = [this, unit, open](int64_t read) {
        return script_.on_batch(unit, open, read);
      };
    }
    return std::make_unique<MemoryUnitReader>(ReadSchema(plan), first, last,
                                              std::move(before_batch), std::move(stop));
  }

 private:
  const MemorySourceScript& script_;
  MemoryOpens& opens_;
  std::atomic<int>& sessions_;
};

class MemorySnapshot : public Snapshot {
 public:
  MemorySnapshot(const MemorySourceScript& script, MemoryOpens& opens, std::atomic<int>& attaches)
      : script_(script), opens_(opens), attaches_(attaches) {}

  SnapshotKind kind() const override { return SnapshotKind::kTransaction; }
  std::string about() const override { return "memory"; }
  std::string HeldUp() const override { return "others wait"; }
  std::vector<std::string> warnings() const override { return {}; }

  arrow::Result<Description> Describe(const TableRef& table, std::stop_token /*stop*/) override {
    if (!script_.tables.contains(table.name)) {
      return UserError("there is no table " + table.label());
    }
    Description description;
    description.table = table;
    Column id;
    id.name = "id";
    id.source_type = "integer";
    id.type = arrow::int64();
    id.nullable = false;
    description.columns = {id};
    description.keys = {{"pk", {"id"}, true}};
    return description;
  }

  arrow::Result<Statistics> Estimate(const Description& description,
                                     const EstimateRequest& /*request*/,
                                     std::stop_token /*stop*/) override {
    Statistics statistics;
    const std::string& name = description.table.name;
    statistics.rows = script_.on_estimate ? script_.on_estimate(name) : script_.tables.at(name);
    statistics.bytes = statistics.rows * 8;
    statistics.row_width = 8;
    statistics.exact = true;
    statistics.origin = "memory";
    statistics.columns["id"] = {.minimum = 0,
                                .maximum = std::max<int64_t>(0, statistics.rows - 1),
                                .null_fraction = 0,
                                .histogram = {},
                                .indexed = true};
    return statistics;
  }

  arrow::Result<CursorBound> FindCursorBound(const SnapshotTable& table,
                                             const Description& /*description*/,
                                             std::stop_token /*stop*/) override {
    return CursorBound{.upper = script_.tables.at(table.table.name),
                       .now = {},
                       .about = "all rows",
                       .warnings = {}};
  }

  arrow::Status TryUnit(const TablePlan& plan, const WorkUnit& unit,
                        std::stop_token /*stop*/) override {
    return script_.on_try ? script_.on_try(plan, unit) : arrow::Status::OK();
  }

  arrow::Result<int64_t> CountRows(const TablePlan& plan, const WorkUnit& unit,
                                   std::stop_token /*stop*/) override {
    if (std::holds_alternative<NullRows>(unit.split)) return script_.null_rows;
    const int64_t rows = script_.tables.at(plan.table.name);
    const auto* range = std::get_if<IdRange>(&unit.split);
    const int64_t has =
        range == nullptr ? rows : range->upper.value_or(rows) - range->lower.value_or(0);
    return has + (script_.miscount ? script_.miscount(plan, unit) : 0);
  }

  std::optional<UnitSample> SampleUnit(const TablePlan& plan, const WorkUnit& unit,
                                       std::stop_token /*stop*/) override {
    if (script_.on_sample) return script_.on_sample(unit);
    const auto& range = std::get<IdRange>(unit.split);
    const int64_t first = range.lower.value_or(0);
    const int64_t last = range.upper.value_or(script_.tables.at(plan.table.name));
    UnitSample sample{.rows = static_cast<double>(last - first), .values = {}, .keys = {}};
    for (int64_t id = first; id < last; ++id) {
      sample.values.push_back({id, static_cast<double>(id - first) / sample.rows});
    }
    return sample;
  }

  arrow::Result<std::unique_ptr<Session>> Attach(std::stop_token /*stop*/) override {
    if (script_.on_attach) ARROW_RETURN_NOT_OK(script_.on_attach(++attaches_));
    return std::make_unique<MemorySession>(script_, opens_, sessions_);
  }

  std::vector<std::string> TakeNews() override {
    return script_.news ? script_.news() : std::vector<std::string>();
  }

  void Release(std::stop_token /*stop*/) override {
    if (script_.on_release) script_.on_release(sessions_);
  }

 private:
  const MemorySourceScript& script_;
  MemoryOpens& opens_;
  std::atomic<int>& attaches_;
  std::atomic<int> sessions_{0};  // still open
};

class MemorySource : public Source {
 public:
  explicit MemorySource(MemorySourceScript script) : script_(std::move(script)) {}

  std::string endpoint() const override { return "memory://"; }
  std::string place() const override { return script_.place ? script_.place() : std::string(); }
  arrow::Result<Capabilities> GetCapabilities(std::stop_token /*stop*/) override {
    return Capabilities{.strategies = {Strategy::kIdRange, Strategy::kNone},
                        .snapshot = SnapshotKind::kTransaction};
  }
  arrow::Result<std::vector<ListedTable>> List(std::stop_token /*stop*/) override {
    return std::vector<ListedTable>{};
  }
  /// Tables without schema, those of the script unless it says others.
  arrow::Result<std::vector<NamedRelation>> ListNames(std::stop_token /*stop*/) override {
    if (script_.names) return script_.names();
    std::vector<NamedRelation> names;
    for (const auto& [name, rows] : script_.tables) {
      names.push_back({.table = {.schema = {}, .name = name, .query = {}, .alias = {}},
                       .found_without_schema = true,
                       .parents = {}});
    }
    return names;
  }
  arrow::Result<std::unique_ptr<Snapshot>> OpenSnapshot(std::span<const SnapshotTable> /*tables*/,
                                                        std::stop_token /*stop*/) override {
    if (script_.on_snapshot) ARROW_RETURN_NOT_OK(script_.on_snapshot(++snapshots_));
    return std::make_unique<MemorySnapshot>(script_, opens_, attaches_);
  }

 private:
  const MemorySourceScript script_;
  MemoryOpens opens_;
  std::atomic<int> attaches_{0};
  std::atomic<int> snapshots_{0};
};

}  // namespace headrace
