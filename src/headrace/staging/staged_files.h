#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "headrace/client/store/file_store.h"
#include "headrace/model/receipt.h"
#include "headrace/staging/parquet_file.h"

namespace headrace {

/// One unit while its rows are in memory.
struct BufferedUnit {
  UnitReceipt receipt;  ///< Rows and checksum count every batch, written or not.
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  Checksum buffered;  ///< Of `batches`.
  int64_t bytes = 0;  ///< Of `batches`.
  int64_t nulled_values = 0;
};

/// A receipt in the making: units, and the Parquet files that hold their rows, of which at most one
/// is open.
class StagedFiles {
 public:
  /// No row was written since the beginning, or since Finish.
  bool empty() const { return open_ == nullptr && receipt_.files.empty(); }

  /// Rows may be written: a file is open.
  bool is_open() const { return open_ != nullptr; }
  void Open(std::filesystem::path path, std::unique_ptr<ParquetFile> file);

  /// Writes the batches of `units` to the open file as one row group and lets go of them.
  arrow::Status WriteRowGroup(std::span<BufferedUnit* const> units);

  /// The files hold all rows of this unit now.
  void AddUnit(BufferedUnit unit);

  /// Units that were added.
  size_t units() const { return receipt_.units.size(); }

  /// Makes the open file durable.
  arrow::Status SealFile();

  /// Seals what is open. The receipt lacks plan and worker. Begins anew.
  arrow::Result<Receipt> Finish();

  /// Removes every file. Begins anew.
  arrow::Status Discard(FileStore& store);

  /// The open file, if there is one.
  const ParquetFile* parquet() const { return open_.get(); }

 private:
  std::unique_ptr<ParquetFile> open_;
  ReceiptFile open_file_;
  std::vector<std::filesystem::path> paths_;  // Of every file, the open one included.
  Receipt receipt_;
};

}  // namespace headrace
