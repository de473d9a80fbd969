#include "headrace/staging/staging_writer.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "headrace/model/batch_bytes.h"
#include "headrace/model/checksum.h"
#include "headrace/staging/staged_files.h"

namespace headrace {
namespace {

using Batches = std::vector<std::shared_ptr<arrow::RecordBatch>>;

/// Rows that come slowly come in small batches, whose many buffers take more room than their bytes
/// say. The last ones are put together while they are small and of like size, so that each row is
/// copied a few times at most.
arrow::Status PutSmallTogether(Batches& batches) {
  constexpr int64_t kSmallBytesPerColumn = 4096;
  while (batches.size() > 1) {
    const auto& last = batches.back();
    const auto& before = batches[batches.size() - 2];
    const int64_t small = last->num_columns() * kSmallBytesPerColumn;
    const int64_t bytes = BatchBytes(*last);
    const int64_t bytes_before = BatchBytes(*before);
    if (bytes > small || bytes_before > small || bytes_before > 2 * bytes) break;
    ARROW_ASSIGN_OR_RAISE(auto together, arrow::ConcatenateRecordBatches({before, last}));
    batches.pop_back();
    batches.back() = std::move(together);
  }
  return arrow::Status::OK();
}

/// Rows of a row group, however narrow: readers share a file between threads by row groups.
constexpr int64_t kMostRowGroupRows = 1 << 20;

/// Bytes of a row group (BatchBytes), unless one unit is larger. Twice as much costs a third more
/// memory at the peak and makes files no smaller (docs/performance.md).
constexpr int64_t kMostRowGroupBytes = int64_t{8} << 20;

/// Units of a receipt. Each is a line of it, which is made, journalled and read again in one piece:
/// 100,000 of them, nearly empty ones, would take more memory than the rows of a worker.
constexpr size_t kMostUnitsTogether = 4096;

using Clock = std::chrono::steady_clock;

class StagingWriter final : public Writer {
 public:
  StagingWriter(std::shared_ptr<FileStore> store, StagingOptions options, ChecksumTaker checksum)
      : store_(std::move(store)),
        options_(std::move(options)),
        checksum_(std::move(checksum)),
        third_(options_.memory / 3),
        row_group_bytes_(std::min(third_, kMostRowGroupBytes)) {}

  arrow::Status BeginUnit(const WorkUnit& unit, int attempt) override {
    if (open_.has_value()) {
      return BugError("unit " + unit.id + " begins while unit " + open_->receipt.unit_id +
                      " is open");
    }
    open_.emplace();
    open_->receipt.unit_id = unit.id;
    open_->receipt.attempt = attempt;
    opened_at_ = Clock::now();
    return arrow::Status::OK();
  }

  arrow::Status Append(const std::shared_ptr<arrow::RecordBatch>& batch) override {
    if (!open_.has_value()) return BugError("rows outside a unit");
    if (batch->num_rows() == 0) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(const Checksum checksum, checksum_.Take(*batch));
    open_->receipt.checksum += checksum;
    open_->buffered += checksum;
    open_->receipt.rows += batch->num_rows();
    open_->batches.push_back(batch);
    open_->bytes += BatchBytes(*batch);
    ARROW_RETURN_NOT_OK(PutSmallTogether(open_->batches));
    if (open_->bytes <= third_ && open_->buffered.rows < kMostRowGroupRows) {
      return arrow::Status::OK();
    }
    return WriteToOwnFiles();
  }

  arrow::Result<std::vector<Receipt>> EndUnit(int64_t nulled_values) override {
    if (!open_.has_value()) return BugError("the end of a unit that was not begun");
    open_->nulled_values = nulled_values;
    open_->receipt.seconds = std::chrono::duration<double>(Clock::now() - opened_at_).count();
    std::vector<Receipt> receipts;
    if (!own_files_.empty()) {
      if (!open_->batches.empty()) ARROW_RETURN_NOT_OK(WriteToOwnFiles());
      own_files_.AddUnit(TakeOpen());
      ARROW_RETURN_NOT_OK(Finish(own_files_, receipts));
      return receipts;
    }
    if (closed_bytes_ + open_->bytes > row_group_bytes_ ||
        closed_rows_ + open_->receipt.rows > kMostRowGroupRows) {
      ARROW_RETURN_NOT_OK(WriteClosed(receipts));
    }
    ARROW_RETURN_NOT_OK(CloseOpen());
    if (closed_bytes_ >= row_group_bytes_ || closed_rows_ >= kMostRowGroupRows ||
        shared_file_.units() + closed_.size() >= kMostUnitsTogether) {
      ARROW_RETURN_NOT_OK(WriteClosed(receipts));
    }
    return receipts;
  }

  arrow::Status AbortUnit() override {
    open_.reset();
    return own_files_.Discard(*store_);
  }

  arrow::Result<std::vector<Receipt>> Seal() override {
    if (open_.has_value()) {
      return BugError("seal while unit " + open_->receipt.unit_id + " is open");
    }
    std::vector<Receipt> receipts;
    ARROW_RETURN_NOT_OK(WriteClosed(receipts));
    if (!shared_file_.empty()) ARROW_RETURN_NOT_OK(Finish(shared_file_, receipts));
    return receipts;
  }

  arrow::Status Abort() override {
    open_.reset();
    closed_.clear();
    closed_bytes_ = closed_rows_ = 0;
    ARROW_RETURN_NOT_OK(own_files_.Discard(*store_));
    return shared_file_.Discard(*store_);
  }

  int64_t buffered_bytes() const override {
    int64_t bytes = closed_bytes_ + (open_.has_value() ? open_->bytes : 0);
    for (const StagedFiles* files : {&shared_file_, &own_files_}) {
      if (files->is_open()) bytes += files->parquet()->footer_bytes();
    }
    return bytes;
  }

 private:
  BufferedUnit TakeOpen() {
    BufferedUnit unit = std::move(*open_);
    open_.reset();
    return unit;
  }

  /// The first of the closed units holds the batches of all: a few rows of each would cost more as
  /// batches than as values.
  arrow::Status CloseOpen() {
    closed_bytes_ += open_->bytes;
    closed_rows_ += open_->receipt.rows;
    closed_.push_back(TakeOpen());
    if (closed_.size() == 1) return arrow::Status::OK();
    for (auto& batch : std::exchange(closed_.back().batches, {})) {
      closed_.front().batches.push_back(std::move(batch));
      ARROW_RETURN_NOT_OK(PutSmallTogether(closed_.front().batches));
    }
    return arrow::Status::OK();
  }

  /// Writes what is buffered of the open unit as a row group of its own, and seals the file if it
  /// is full.
  arrow::Status WriteToOwnFiles() {
    ARROW_RETURN_NOT_OK(WriteRowGroup(own_files_, std::array{&*open_}));
    return IsFull(own_files_) ? own_files_.SealFile() : arrow::Status::OK();
  }

  /// Writes the closed units as a row group of the shared file, and seals that if it is full.
  arrow::Status WriteClosed(std::vector<Receipt>& receipts) {
    if (closed_.empty()) return arrow::Status::OK();
    std::vector<BufferedUnit*> units;
    for (BufferedUnit& unit : closed_) units.push_back(&unit);
    ARROW_RETURN_NOT_OK(WriteRowGroup(shared_file_, units));
    for (BufferedUnit& unit : closed_) shared_file_.AddUnit(std::move(unit));
    closed_.clear();
    closed_bytes_ = closed_rows_ = 0;
    return IsFull(shared_file_) ? Finish(shared_file_, receipts) : arrow::Status::OK();
  }

  arrow::Status WriteRowGroup(StagedFiles& files, std::span<BufferedUnit* const> units) {
    if (!files.is_open()) ARROW_RETURN_NOT_OK(OpenFile(files));
    return files.WriteRowGroup(units);
  }

  /// Large enough for readers, or its footer or receipt as large as memory allows.
  bool IsFull(const StagedFiles& files) const {
    const ParquetFile& parquet = *files.parquet();
    return parquet.bytes() >= options_.target_file_size || parquet.footer_bytes() >= third_ / 2 ||
           parquet.row_groups() >= ParquetFile::kMostRowGroups ||
           files.units() >= kMostUnitsTogether;
  }

  arrow::Status Finish(StagedFiles& files, std::vector<Receipt>& receipts) const {
    ARROW_ASSIGN_OR_RAISE(Receipt receipt, files.Finish());
    receipt.plan_id = options_.plan_id;
    receipt.worker = options_.worker;
    receipts.push_back(std::move(receipt));
    return arrow::Status::OK();
  }

  /// Under the next free name: a process that died in this epoch may have left files behind.
  arrow::Status OpenFile(StagedFiles& files) {
    while (true) {
      std::filesystem::path path =
          options_.directory /
          (options_.file_prefix + "-w" + std::to_string(options_.worker) + "-" +
           std::to_string(options_.serial) + "-" + std::to_string(next_file_++) + ".parquet");
      auto file = CreateParquetFile(*store_, path, options_.format);
      if (file.ok()) {
        files.Open(std::move(path), std::move(*file));
        return arrow::Status::OK();
      }
      if (CodeOf(file.status()) != "EEXIST") return file.status();
    }
  }

  std::shared_ptr<FileStore> store_;
  StagingOptions options_;
  ChecksumTaker checksum_;
  int64_t third_;
  int64_t row_group_bytes_;

  std::optional<BufferedUnit> open_;
  Clock::time_point opened_at_{};
  std::vector<BufferedUnit> closed_;
  int64_t closed_bytes_ = 0;
  int64_t closed_rows_ = 0;
  StagedFiles shared_file_;  // Holds units that are closed and no longer in closed_.
  StagedFiles own_files_;    // Of the open unit, once it has outgrown its third.
  int next_file_ = 0;
};

}  // namespace

arrow::Result<std::unique_ptr<Writer>> MakeStagingWriter(std::shared_ptr<FileStore> store,
                                                         StagingOptions options) {
  ARROW_ASSIGN_OR_RAISE(ChecksumTaker checksum, ChecksumTaker::Make(*options.format.schema));
  return std::make_unique<StagingWriter>(std::move(store), std::move(options), std::move(checksum));
}

}  // namespace headrace
