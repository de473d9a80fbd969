#include "headrace/staging/read_back.h"

#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include <algorithm>
#include <exception>
#include <memory>

namespace headrace {
namespace {

/// A batch is bounded in values, for tables of 1,600 columns, and in bytes, for rows of a megabyte.
constexpr int64_t kBatchValues = 1 << 18;
constexpr int64_t kMostBatchRows = 1 << 16;
constexpr int64_t kBatchBytes = 4 << 20;

/// By the size of the row group's pages. What a dictionary hides is bounded as well: a row group
/// was in the memory of its writer once.
int64_t BatchRows(const parquet::RowGroupMetaData& group) {
  const int64_t columns = std::max(1, group.num_columns());
  const int64_t row_bytes = group.total_byte_size() / std::max<int64_t>(1, group.num_rows()) + 1;
  return std::clamp<int64_t>(std::min(kBatchValues / columns, kBatchBytes / row_bytes), 1,
                             kMostBatchRows);
}

arrow::Result<std::unique_ptr<parquet::arrow::FileReader>> OpenReader(
    const std::filesystem::path& path) {
  ARROW_ASSIGN_OR_RAISE(auto file, arrow::io::ReadableFile::Open(path.string()));
  parquet::ReaderProperties properties;
  properties.enable_buffered_stream();
  parquet::arrow::FileReaderBuilder builder;
  ARROW_RETURN_NOT_OK(builder.Open(std::move(file), properties));
  parquet::ArrowReaderProperties arrow_properties(/*use_threads=*/false);
  arrow_properties.set_pre_buffer(false);
  builder.properties(arrow_properties);
  return builder.Build();
}

using RowCallback = std::function<void(int64_t rows)>;

arrow::Status AddRowGroup(parquet::arrow::FileReader& reader, int group, ChecksumTaker& taker,
                          const RowCallback& on_rows, const std::stop_token& stop, Checksum& sum) {
  reader.set_batch_size(BatchRows(*reader.parquet_reader()->metadata()->RowGroup(group)));
  ARROW_ASSIGN_OR_RAISE(const auto batches, reader.GetRecordBatchReader({group}));
  while (!stop.stop_requested()) {
    ARROW_ASSIGN_OR_RAISE(const auto batch, batches->Next());
    if (batch == nullptr) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(const Checksum checksum, taker.Take(*batch));
    sum += checksum;
    if (on_rows) on_rows(batch->num_rows());
  }
  return arrow::Status::OK();
}

/// Row group by row group: a batch that crosses their border would hold rows of both sizes.
arrow::Result<Checksum> TakeChecksum(parquet::arrow::FileReader& reader, const RowCallback& on_rows,
                                     const std::stop_token& stop) {
  std::shared_ptr<arrow::Schema> schema;
  ARROW_RETURN_NOT_OK(reader.GetSchema(&schema));
  ARROW_ASSIGN_OR_RAISE(ChecksumTaker taker, ChecksumTaker::Make(*schema));
  Checksum sum;
  for (int group = 0; group < reader.num_row_groups(); ++group) {
    ARROW_RETURN_NOT_OK(AddRowGroup(reader, group, taker, on_rows, stop, sum));
  }
  return sum;
}

arrow::Result<ParquetContent> ReadContent(const std::filesystem::path& path,
                                          const ReadParquetOptions& options,
                                          const std::stop_token& stop) {
  ParquetContent content;
  ARROW_ASSIGN_OR_RAISE(const auto reader, OpenReader(path));
  content.rows = reader->parquet_reader()->metadata()->num_rows();
  if (options.with_checksum) {
    ARROW_ASSIGN_OR_RAISE(content.checksum, TakeChecksum(*reader, options.on_rows, stop));
  } else if (options.on_rows) {
    options.on_rows(content.rows);
  }
  return content;
}

}  // namespace

ParquetContent ReadParquetFile(const std::filesystem::path& path, int64_t expected_bytes,
                               const ReadParquetOptions& options, const std::stop_token& stop) {
  const auto problem = [&](const std::string& what) {
    return ParquetContent{.rows = 0, .checksum = {}, .problem = path.string() + ": " + what};
  };
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);
  if (error) return problem(error.message());
  if (std::cmp_not_equal(bytes, expected_bytes)) {
    return problem("holds " + std::to_string(bytes) + " bytes where " +
                   std::to_string(expected_bytes) + " were committed");
  }
  try {
    auto content = ReadContent(path, options, stop);
    return content.ok() ? *content : problem(content.status().message());
  } catch (const std::exception& exception) {  // Parquet throws where a page or footer is damaged.
    return problem(exception.what());
  }
}

}  // namespace headrace
