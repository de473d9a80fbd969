#pragma once

#include <arrow/array/array_primitive.h>
#include <arrow/record_batch.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "headrace/destination/destination.h"

/// In-memory destination for tests of engines and of the coordinator: keeps the integers of the one
/// column, and fails where a test says so. It outlives a simulated crash of the coordinator, as a
/// real destination would.
namespace headrace {

struct MemoryDestinationScript {
  /// Asked in EndUnit, with the number of units ended so far in all writers.
  std::function<arrow::Status(int units)> on_end_unit;
  std::function<arrow::Status()> on_seal;
  /// Asked by Commit before (`published` false) and after it publishes.
  std::function<arrow::Status(const CommitIntent&, bool published)> on_commit;
  /// Asked by Settle: an error is a doubt.
  std::function<arrow::Status(const CommitIntent&)> on_settle;
  /// Asked by ReadBack: what is wrong with the files of a commit, empty for nothing.
  std::function<std::string(const CommitRecord&)> on_read_back;
  /// Asked by ReadBack before: an error says that the files cannot be read.
  std::function<arrow::Status(const CommitRecord&)> on_reading_back;
  std::function<void()> on_clean;
};

class MemoryDestination : public Destination {
 public:
  using Values = std::vector<int64_t>;

  explicit MemoryDestination(MemoryDestinationScript script) : script_(std::move(script)) {}

  /// What a reader of `table` finds, in ascending order.
  Values Published(const std::string& table) const {
    Values values;
    const auto found = published_.find(table);
    if (found == published_.end()) return values;
    for (const auto& [record, rows] : found->second) {
      values.insert(values.end(), rows.begin(), rows.end());
    }
    std::ranges::sort(values);
    return values;
  }

  std::string endpoint() const override { return "memory://"; }
  arrow::Status Check() override { return arrow::Status::OK(); }

  arrow::Result<std::optional<CommitRecord>> LastCommit(const TableRef& table) override {
    std::optional<CommitRecord> last;
    for (const auto& [record, rows] : published_[table.directory()]) last = record;
    return last;
  }

  arrow::Result<std::optional<CommitRecord>> LastCursorCommit(const TableRef& table,
                                                              const std::string& job,
                                                              const std::string& cursor) override {
    std::optional<CommitRecord> last;
    for (const auto& [record, rows] : published_[table.directory()]) {
      if (record.intent.job == job && record.intent.cursor_column == cursor) last = record;
    }
    return last;
  }

  arrow::Result<std::vector<CommitRecord>> Commits(const TableRef& table) override {
    std::vector<CommitRecord> records;
    for (const auto& [record, rows] : published_[table.directory()]) records.push_back(record);
    return records;
  }

  arrow::Result<std::optional<CommitRecord>> FindCommit(const std::string& /*job*/,
                                                        const std::string& run,
                                                        const TableRef& table) override {
    for (const auto& [record, rows] : published_[table.directory()]) {
      if (record.intent.run == run) return record;
    }
    return std::nullopt;
  }

  arrow::Status CheckTarget(const TableTarget& /*target*/) override { return arrow::Status::OK(); }
  arrow::Status Prepare(const TableTarget& /*target*/) override { return arrow::Status::OK(); }
  arrow::Result<std::unique_ptr<Writer>> OpenWriter(const TableTarget& target, int worker,
                                                    int serial) override;

  arrow::Result<CommitIntent> Intend(const TableTarget& target, std::span<const Receipt> receipts,
                                     int64_t sequence) override {
    CommitIntent intent;
    intent.job = target.job;
    intent.run = target.run;
    intent.table = target.table.directory();
    intent.label = target.table.label();
    intent.epoch = target.epoch;
    intent.mode = target.mode;
    intent.sequence = sequence;
    intent.cursor_column = target.cursor_column;
    intent.watermark = target.watermark;
    intent.cursor_timezone = target.cursor_timezone;
    intent.where_digest = target.where_digest;
    intent.window = target.window;
    for (const Receipt& receipt : receipts) {
      for (const ReceiptFile& file : receipt.files) {
        intent.files.push_back({file.name, file.bytes, file.rows, file.checksum});
      }
      intent.rows += receipt.rows;
      intent.checksum += receipt.checksum;
    }
    return intent;
  }

  arrow::Result<CommitRecord> Commit(const CommitIntent& intent) override {
    CommitRecord record{intent, "2026-01-01T00:00:00Z"};
    if (script_.on_commit) ARROW_RETURN_NOT_OK(script_.on_commit(intent, false));
    auto& table = published_[intent.table];
    if (!IsThere(intent)) {
      if (IsOvertaken(intent)) {
        return TransientError("another run wrote to the table", std::string(kVoidIntentCode));
      }
      if (intent.mode == WriteMode::kReplace) table.clear();
      table.emplace_back(record, RowsOf(intent));
    }
    if (script_.on_commit) ARROW_RETURN_NOT_OK(script_.on_commit(intent, true));
    return record;
  }

  arrow::Result<Settlement> Settle(const CommitIntent& intent) override {
    if (script_.on_settle) ARROW_RETURN_NOT_OK(script_.on_settle(intent));
    if (IsThere(intent)) return Settlement{SettleOutcome::kCommitted, ""};
    if (!IsOvertaken(intent)) return Settlement{SettleOutcome::kNotCommitted, ""};
    return Settlement{SettleOutcome::kVoid, "another run wrote to the table first"};
  }

  arrow::Status Discard(const std::string& /*run*/, const std::string& table, int epoch) override {
    discarded_.emplace_back(table, epoch);
    return arrow::Status::OK();
  }
  /// Tables with the epoch that was discarded.
  const std::vector<std::pair<std::string, int>>& discarded() const { return discarded_; }

  /// Another job, which appends one row to `table`.
  void PublishElsewhere(const std::string& table, int64_t value) {
    auto& commits = published_[table];
    CommitRecord record;
    record.intent.job = "other";
    record.intent.run = "other-" + std::to_string(commits.size());
    record.intent.sequence = SequenceOf(table) + 1;
    commits.emplace_back(record, Values{value});
  }

  arrow::Result<std::optional<CommitRecord>> ReplacedBy(const CommitRecord& /*record*/) override {
    return std::nullopt;
  }

  arrow::Result<std::vector<ReadBackResult>> ReadBack(const CommitRecord& record,
                                                      const ReadBackOptions& /*options*/,
                                                      std::stop_token stop) override {
    if (script_.on_reading_back) ARROW_RETURN_NOT_OK(script_.on_reading_back(record));
    const std::string problem = script_.on_read_back ? script_.on_read_back(record) : "";
    if (stop.stop_requested()) return InterruptedError();
    std::vector<ReadBackResult> results;
    for (const CommittedFile& file : record.intent.files) {
      results.push_back(
          {file.name, static_cast<int64_t>(staged_[file.name].size()), std::nullopt, problem, {}});
    }
    return results;
  }

  arrow::Result<CleanResult> Clean(const std::set<std::string>& /*keep*/) override {
    if (script_.on_clean) script_.on_clean();
    return CleanResult{};
  }

  void Stage(const std::string& file, Values values) {
    const std::scoped_lock lock(mutex_);
    staged_[file] = std::move(values);
  }

  arrow::Status AskEndUnit() {
    const std::scoped_lock lock(mutex_);
    ++units_ended_;
    return script_.on_end_unit ? script_.on_end_unit(units_ended_) : arrow::Status::OK();
  }
  arrow::Status AskSeal() { return script_.on_seal ? script_.on_seal() : arrow::Status::OK(); }

 private:
  bool IsThere(const CommitIntent& intent) const {
    const auto table = published_.find(intent.table);
    return table != published_.end() && std::ranges::any_of(table->second, [&](const auto& entry) {
             return entry.first.intent.run == intent.run;
           });
  }
  bool IsOvertaken(const CommitIntent& intent) const {
    return SequenceOf(intent.table) != intent.sequence - 1;
  }
  int64_t SequenceOf(const std::string& table) const {
    const auto found = published_.find(table);
    return found == published_.end() || found->second.empty()
               ? 0
               : found->second.back().first.intent.sequence;
  }
  Values RowsOf(const CommitIntent& intent) {
    const std::scoped_lock lock(mutex_);  // other tables may still be extracted
    Values rows;
    for (const CommittedFile& file : intent.files) {
      rows.insert(rows.end(), staged_[file.name].begin(), staged_[file.name].end());
    }
    return rows;
  }

  const MemoryDestinationScript script_;
  std::mutex mutex_;
  std::map<std::string, Values> staged_;  // protected by mutex_ while an engine runs
  int units_ended_ = 0;                   // protected by mutex_
  std::map<std::string, std::vector<std::pair<CommitRecord, Values>>> published_;
  std::vector<std::pair<std::string, int>> discarded_;
};

class MemoryWriter : public Writer {
 public:
  MemoryWriter(MemoryDestination& destination, TableTarget target, std::string file)
      : destination_(destination), target_(std::move(target)), file_(std::move(file)) {}

  arrow::Status BeginUnit(const WorkUnit& unit, int attempt) override {
    open_ = {};
    open_.unit_id = unit.id;
    open_.attempt = attempt;
    open_values_.clear();
    return arrow::Status::OK();
  }
  arrow::Status Append(const std::shared_ptr<arrow::RecordBatch>& batch) override {
    const auto& column = static_cast<const arrow::Int64Array&>(*batch->column(0));
    for (int64_t i = 0; i < column.length(); ++i) open_values_.push_back(column.Value(i));
    return arrow::Status::OK();
  }
  arrow::Result<std::vector<Receipt>> EndUnit(int64_t /*nulled_values*/) override {
    ARROW_RETURN_NOT_OK(destination_.AskEndUnit());
    open_.rows = static_cast<int64_t>(open_values_.size());
    receipt_.rows += open_.rows;
    receipt_.units.push_back(open_);
    values_.insert(values_.end(), open_values_.begin(), open_values_.end());
    return std::vector<Receipt>{};
  }
  arrow::Status AbortUnit() override { return arrow::Status::OK(); }
  arrow::Result<std::vector<Receipt>> Seal() override {
    ARROW_RETURN_NOT_OK(destination_.AskSeal());
    if (receipt_.units.empty()) return std::vector<Receipt>{};
    receipt_.plan_id = target_.plan_id;
    receipt_.files = {{file_, 0, receipt_.rows, receipt_.checksum, {}}};
    destination_.Stage(file_, values_);
    return std::vector<Receipt>{receipt_};
  }
  arrow::Status Abort() override { return arrow::Status::OK(); }
  int64_t buffered_bytes() const override { return 0; }

 private:
  MemoryDestination& destination_;
  const TableTarget target_;
  const std::string file_;
  Receipt receipt_;
  UnitReceipt open_;
  MemoryDestination::Values open_values_;
  MemoryDestination::Values values_;
};

inline arrow::Result<std::unique_ptr<Writer>> MemoryDestination::OpenWriter(
    const TableTarget& target, int worker, int serial) {
  return std::make_unique<MemoryWriter>(
      *this, target, target.plan_id + "/" + std::to_string(worker) + "-" + std::to_string(serial));
}

}  // namespace headrace
