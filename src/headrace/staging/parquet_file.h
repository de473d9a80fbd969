#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "headrace/client/store/file_store.h"
#include "headrace/model/error.h"
#include "headrace/model/receipt.h"
#include "headrace/staging/column_choice.h"

namespace headrace {

/// What all Parquet files of one table have in common.
struct ParquetFormat {
  std::shared_ptr<arrow::Schema> schema;
  Compression compression = Compression::kAuto;
  std::shared_ptr<const arrow::KeyValueMetadata>
      metadata;  ///< Key-value pairs of the footer; may be null.
};

/// One Parquet file being written, row group by row group. Format 2.6 with V1 data pages, PLAIN and
/// dictionary encodings, so that every engine reads it; decimals of up to 18 digits as integers, of
/// more than 38 in 32 bytes (wide_decimal.h).
/// Dictionary and codec of each column are chosen from the first row group. Used by one thread.
/// Dropped without Seal the file stays behind, unreadable.
class ParquetFile {
 public:
  struct Sealed {
    int64_t bytes = 0;
    std::string digest = {};  ///< As in ReceiptFile.
    std::vector<ColumnSummary> columns;
  };

  virtual ~ParquetFile() = default;

  /// The number of a row group is an int16 in the footer.
  static constexpr int64_t kMostRowGroups = 32'767;

  /// Writes the rows of `batches` as one row group. Error of class bug if there are kMostRowGroups.
  virtual arrow::Status WriteRowGroup(
      std::span<const std::shared_ptr<arrow::RecordBatch>> batches) = 0;

  /// Writes the footer and makes the file durable. Its name is durable once its directory is
  /// synced.
  virtual arrow::Result<Sealed> Seal() = 0;

  /// Written so far.
  virtual int64_t bytes() const = 0;
  virtual int64_t row_groups() const = 0;

  /// Memory that the footer's entries take up until Seal; grows with columns times row groups.
  virtual int64_t footer_bytes() const = 0;
};

/// Creates `path`, which must not be there (code EEXIST). Tables of flat columns are written by
/// headrace's own encoders; nested and rare types by those of the Parquet library, at about twice
/// the time.
arrow::Result<std::unique_ptr<ParquetFile>> CreateParquetFile(FileStore& store,
                                                              const std::filesystem::path& path,
                                                              ParquetFormat format);

}  // namespace headrace
