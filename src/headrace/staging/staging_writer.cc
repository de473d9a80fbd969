#include "headrace/staging/staging_writer.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "headrace/model/checksum.h"
#include "headrace/staging/staged_file.h"

namespace headrace {
namespace {

/// Rows of a row group, however narrow: readers share a file between threads by row groups.
constexpr int64_t kMostRowGroupRows = 1 << 20;

/// Arrow bytes of a row group, unless one unit is larger. Twice as much costs a third more memory
/// at the peak and makes files no smaller (docs/performance.md).
constexpr int64_t kMostRowGroupBytes = int64_t{8} << 20;

using Clock = std::chrono::steady_clock;

class StagingWriter final : public Writer {
 public:
  StagingWriter(std::shared_ptr<DurableFs> fs, StagingOptions options, ChecksumTaker checksum)
      : fs_(std::move(fs)),
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
    open_->receipt.rows += batch->num_rows();
    open_->bytes += arrow::util::TotalBufferSize(*batch);
    open_->batches.push_back(batch);
    if (open_->bytes <= third_) return arrow::Status::OK();
    return WriteToOwnFile();
  }

  arrow::Result<std::vector<Receipt>> EndUnit(int64_t nulled_values) override {
    if (!open_.has_value()) return BugError("the end of a unit that was not begun");
    open_->nulled_values = nulled_values;
    open_->receipt.seconds = std::chrono::duration<double>(Clock::now() - opened_at_).count();
    std::vector<Receipt> receipts;
    if (own_file_ != nullptr) {
      ARROW_RETURN_NOT_OK(WriteToOwnFile());
      own_file_->AddUnit(TakeOpen());
      ARROW_RETURN_NOT_OK(SealFile(std::move(own_file_), receipts));
      return receipts;
    }
    if (closed_bytes_ + open_->bytes > row_group_bytes_) ARROW_RETURN_NOT_OK(WriteClosed(receipts));
    closed_bytes_ += open_->bytes;
    closed_rows_ += open_->receipt.rows;
    closed_.push_back(TakeOpen());
    if (closed_bytes_ >= row_group_bytes_ || closed_rows_ >= kMostRowGroupRows) {
      ARROW_RETURN_NOT_OK(WriteClosed(receipts));
    }
    return receipts;
  }

  arrow::Status AbortUnit() override {
    open_.reset();
    return Discard(std::move(own_file_));
  }

  arrow::Result<std::vector<Receipt>> Seal() override {
    if (open_.has_value()) {
      return BugError("seal while unit " + open_->receipt.unit_id + " is open");
    }
    std::vector<Receipt> receipts;
    ARROW_RETURN_NOT_OK(WriteClosed(receipts));
    if (file_ != nullptr) ARROW_RETURN_NOT_OK(SealFile(std::move(file_), receipts));
    return receipts;
  }

  arrow::Status Abort() override {
    open_.reset();
    closed_.clear();
    closed_bytes_ = closed_rows_ = 0;
    ARROW_RETURN_NOT_OK(Discard(std::move(own_file_)));
    return Discard(std::move(file_));
  }

  int64_t buffered_bytes() const override {
    int64_t bytes = closed_bytes_ + (open_.has_value() ? open_->bytes : 0);
    if (file_ != nullptr) bytes += file_->parquet().footer_bytes();
    if (own_file_ != nullptr) bytes += own_file_->parquet().footer_bytes();
    return bytes;
  }

 private:
  BufferedUnit TakeOpen() {
    BufferedUnit unit = std::move(*open_);
    open_.reset();
    return unit;
  }

  arrow::Status WriteToOwnFile() {
    if (own_file_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(own_file_, CreateFile());
    }
    return own_file_->WriteRowGroup({&*open_});
  }

  /// Writes the closed units as a row group of the shared file, and seals that if it is full.
  arrow::Status WriteClosed(std::vector<Receipt>& receipts) {
    if (closed_.empty()) return arrow::Status::OK();
    if (file_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(file_, CreateFile());
    }
    std::vector<BufferedUnit*> units;
    for (BufferedUnit& unit : closed_) units.push_back(&unit);
    ARROW_RETURN_NOT_OK(file_->WriteRowGroup(units));
    for (BufferedUnit& unit : closed_) file_->AddUnit(std::move(unit));
    closed_.clear();
    closed_bytes_ = closed_rows_ = 0;
    const ParquetFile& parquet = file_->parquet();
    const bool full =
        parquet.bytes() >= options_.target_file_size || parquet.footer_bytes() >= third_ / 2;
    return full ? SealFile(std::move(file_), receipts) : arrow::Status::OK();
  }

  arrow::Status SealFile(std::unique_ptr<StagedFile> file, std::vector<Receipt>& receipts) const {
    ARROW_ASSIGN_OR_RAISE(Receipt receipt, file->Seal());
    receipt.plan_id = options_.plan_id;
    receipt.worker = options_.worker;
    receipts.push_back(std::move(receipt));
    return arrow::Status::OK();
  }

  /// The next free name: a process that died in this epoch may have left files behind.
  arrow::Result<std::unique_ptr<StagedFile>> CreateFile() {
    while (true) {
      const std::filesystem::path path =
          options_.directory /
          (options_.file_prefix + "-w" + std::to_string(options_.worker) + "-" +
           std::to_string(options_.serial) + "-" + std::to_string(next_file_++) + ".parquet");
      auto file = CreateParquetFile(*fs_, path, options_.format);
      if (file.ok()) return std::make_unique<StagedFile>(path, std::move(*file));
      if (CodeOf(file.status()) != "EEXIST") return file.status();
    }
  }

  arrow::Status Discard(std::unique_ptr<StagedFile> file) {
    return file == nullptr ? arrow::Status::OK() : fs_->RemoveAll(file->path());
  }

  std::shared_ptr<DurableFs> fs_;
  StagingOptions options_;
  ChecksumTaker checksum_;
  int64_t third_;
  int64_t row_group_bytes_;

  std::optional<BufferedUnit> open_;
  Clock::time_point opened_at_{};
  std::vector<BufferedUnit> closed_;
  int64_t closed_bytes_ = 0;
  int64_t closed_rows_ = 0;
  std::unique_ptr<StagedFile> file_;      // Holds units that are closed and no longer in closed_.
  std::unique_ptr<StagedFile> own_file_;  // Of the open unit, once it has outgrown its third.
  int next_file_ = 0;
};

}  // namespace

arrow::Result<std::unique_ptr<Writer>> MakeStagingWriter(std::shared_ptr<DurableFs> fs,
                                                         StagingOptions options) {
  ARROW_ASSIGN_OR_RAISE(ChecksumTaker checksum, ChecksumTaker::Make(*options.format.schema));
  return std::make_unique<StagingWriter>(std::move(fs), std::move(options), std::move(checksum));
}

}  // namespace headrace
