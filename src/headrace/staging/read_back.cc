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

/// Values of a batch: bounds its memory for tables of 1,600 columns as well as for narrow ones.
constexpr int64_t kBatchValues = 1 << 18;
constexpr int64_t kMostBatchRows = 1 << 16;

arrow::Result<std::unique_ptr<parquet::arrow::FileReader>> OpenReader(
    const std::filesystem::path& path) {
  ARROW_ASSIGN_OR_RAISE(auto file, arrow::io::ReadableFile::Open(path.string()));
  parquet::ReaderProperties properties;
  properties.enable_buffered_stream();
  parquet::arrow::FileReaderBuilder builder;
  ARROW_RETURN_NOT_OK(builder.Open(std::move(file), properties));
  const int columns = std::max(1, builder.raw_reader()->metadata()->num_columns());
  parquet::ArrowReaderProperties arrow_properties(/*use_threads=*/false);
  arrow_properties.set_batch_size(std::clamp<int64_t>(kBatchValues / columns, 1, kMostBatchRows));
  arrow_properties.set_pre_buffer(false);
  builder.properties(arrow_properties);
  return builder.Build();
}

arrow::Result<Checksum> TakeChecksum(parquet::arrow::FileReader& reader,
                                     const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const auto batches, reader.GetRecordBatchReader());
  ARROW_ASSIGN_OR_RAISE(ChecksumTaker taker, ChecksumTaker::Make(*batches->schema()));
  Checksum sum;
  while (!stop.stop_requested()) {
    ARROW_ASSIGN_OR_RAISE(const auto batch, batches->Next());
    if (batch == nullptr) return sum;
    ARROW_ASSIGN_OR_RAISE(const Checksum checksum, taker.Take(*batch));
    sum += checksum;
  }
  return sum;
}

arrow::Result<ParquetContent> ReadContent(const std::filesystem::path& path, bool with_checksum,
                                          const std::stop_token& stop) {
  ParquetContent content;
  ARROW_ASSIGN_OR_RAISE(const auto reader, OpenReader(path));
  content.rows = reader->parquet_reader()->metadata()->num_rows();
  if (with_checksum) {
    ARROW_ASSIGN_OR_RAISE(content.checksum, TakeChecksum(*reader, stop));
  }
  return content;
}

}  // namespace

ParquetContent ReadParquetFile(const std::filesystem::path& path, int64_t expected_bytes,
                               bool with_checksum, const std::stop_token& stop) {
  const auto problem = [&](const std::string& what) {
    return ParquetContent{.rows = 0, .checksum = {}, .problem = path.string() + ": " + what};
  };
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);
  if (error) return problem(error.message());
  if (static_cast<int64_t>(bytes) != expected_bytes) {
    return problem("holds " + std::to_string(bytes) + " bytes where " +
                   std::to_string(expected_bytes) + " were committed");
  }
  try {
    auto content = ReadContent(path, with_checksum, stop);
    return content.ok() ? *content : problem(content.status().message());
  } catch (const std::exception& exception) {  // Parquet throws where a page or footer is damaged.
    return problem(exception.what());
  }
}

}  // namespace headrace
