#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "headrace/model/receipt.h"
#include "headrace/staging/parquet_file.h"

namespace headrace {

/// One unit while its rows are in memory.
struct BufferedUnit {
  UnitReceipt receipt;  ///< Rows and checksum count every batch, written or not.
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  int64_t bytes = 0;  ///< Of `batches`.
  int64_t nulled_values = 0;
};

/// A Parquet file and the units whose rows it holds.
class StagedFile {
 public:
  StagedFile(std::filesystem::path path, std::unique_ptr<ParquetFile> file)
      : path_(std::move(path)), file_(std::move(file)) {}

  /// Writes the batches of `units` as one row group and lets go of them.
  arrow::Status WriteRowGroup(const std::vector<BufferedUnit*>& units);

  /// The file holds all rows of this unit now.
  void AddUnit(BufferedUnit unit);

  /// Makes the file durable. The receipt lacks plan and worker.
  arrow::Result<Receipt> Seal();

  const std::filesystem::path& path() const { return path_; }
  const ParquetFile& parquet() const { return *file_; }

 private:
  std::filesystem::path path_;
  std::unique_ptr<ParquetFile> file_;
  Receipt receipt_;
};

}  // namespace headrace
