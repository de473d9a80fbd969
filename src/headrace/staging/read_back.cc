#include "headrace/staging/read_back.h"

#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/io_util.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>
#include <parquet/schema.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <iterator>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include "headrace/client/store/errno_error.h"
#include "headrace/model/batch_bytes.h"
#include "headrace/staging/digest_output.h"

namespace headrace {
namespace {

/// A batch is bounded in values, for tables of 1,600 columns, and in bytes, for rows of a megabyte.
constexpr int64_t kBatchValues = 1 << 18;
constexpr int64_t kMostBatchRows = 1 << 16;
constexpr int64_t kBatchBytes = 4 << 20;

/// What the values of a column chunk will cost as a batch (BatchBytes). Text costs the size of its
/// pages: what a dictionary hides is bounded as well, because a row group was in the memory of its
/// writer once.
int64_t ChunkBytes(const parquet::ColumnDescriptor& column,
                   const parquet::ColumnChunkMetaData& chunk, const arrow::DataType& type) {
  const bool nested = column.path()->ToDotVector().size() > 1;
  const int64_t values = chunk.num_values() * (nested ? NestedValueBytes(type) : ValueBytes(type));
  const bool text = column.physical_type() == parquet::Type::BYTE_ARRAY;
  return values + (text ? chunk.total_uncompressed_size() : 0);
}

/// Columns that are read side by side.
struct ColumnBlock {
  size_t first = 0;  // of the schema's columns
  std::vector<int> leaves;
};

/// Each column of a file that is being read holds 16 KiB of its bytes, a page, and what decodes it:
/// of 1,600 columns that is more than a worker may hold. So only so many leaves are read side by
/// side, or those of one nested column.
constexpr size_t kLeavesTogether = 32;

std::vector<ColumnBlock> BlocksOf(const parquet::SchemaDescriptor& schema) {
  std::vector<ColumnBlock> blocks;
  const parquet::schema::GroupNode& columns = *schema.group_node();
  for (int leaf = 0, column = 0; column < columns.field_count(); ++column) {
    std::vector<int> leaves;
    while (leaf < schema.num_columns() &&
           schema.GetColumnRoot(leaf) == columns.field(column).get()) {
      leaves.push_back(leaf++);
    }
    if (blocks.empty() || blocks.back().leaves.size() + leaves.size() > kLeavesTogether) {
      blocks.push_back({.first = static_cast<size_t>(column), .leaves = {}});
    }
    std::ranges::copy(leaves, std::back_inserter(blocks.back().leaves));
  }
  return blocks;
}

arrow::Result<int64_t> BatchRows(const parquet::arrow::FileReader& reader, int group,
                                 const std::vector<int>& leaves) {
  const auto metadata = reader.parquet_reader()->metadata()->RowGroup(group);
  int64_t bytes = 0;
  for (const int leaf : leaves) {
    const parquet::arrow::SchemaField* field = nullptr;
    ARROW_RETURN_NOT_OK(reader.manifest().GetColumnField(leaf, &field));
    bytes += ChunkBytes(*metadata->schema()->Column(leaf), *metadata->ColumnChunk(leaf),
                        *field->field->type());
  }
  const auto columns = std::max<int64_t>(1, std::ssize(leaves));
  const int64_t row_bytes = bytes / std::max<int64_t>(1, metadata->num_rows()) + 1;
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

/// Takes the checksum of one row group after another, and of each a few columns at a time.
class RowGroupReader {
 public:
  RowGroupReader(parquet::arrow::FileReader& reader, ChecksumTaker taker, std::stop_token stop)
      : reader_(reader),
        taker_(std::move(taker)),
        stop_(std::move(stop)),
        blocks_(BlocksOf(*reader.parquet_reader()->metadata()->schema())) {}

  arrow::Result<Checksum> Take(int group) {
    sums_.clear();
    std::optional<size_t> rows_of_first;
    for (const ColumnBlock& block : blocks_) {
      ARROW_ASSIGN_OR_RAISE(const size_t rows, AddBlock(group, block));
      if (stop_.stop_requested()) return Checksum{};
      if (rows != rows_of_first.value_or(rows)) {
        return arrow::Status::Invalid("columns of different lengths");
      }
      rows_of_first = rows;
    }
    return ChecksumTaker::OfSums(sums_);
  }

 private:
  /// Returns how many rows the block has. The sums grow with what is read: a damaged footer may
  /// promise any number.
  arrow::Result<size_t> AddBlock(int group, const ColumnBlock& block) {
    ARROW_ASSIGN_OR_RAISE(const int64_t batch_rows, BatchRows(reader_, group, block.leaves));
    reader_.set_batch_size(batch_rows);
    ARROW_ASSIGN_OR_RAISE(const auto batches, reader_.GetRecordBatchReader({group}, block.leaves));
    size_t rows = 0;
    while (!stop_.stop_requested()) {
      ARROW_ASSIGN_OR_RAISE(const auto batch, batches->Next());
      if (batch == nullptr) break;
      const auto count = static_cast<size_t>(batch->num_rows());
      if (rows + count > sums_.size()) sums_.resize(rows + count);
      ARROW_RETURN_NOT_OK(
          taker_.AddColumns(*batch, block.first, std::span(sums_).subspan(rows, count)));
      rows += count;
    }
    return rows;
  }

  parquet::arrow::FileReader& reader_;
  ChecksumTaker taker_;
  std::stop_token stop_;
  std::vector<ColumnBlock> blocks_;
  std::vector<uint64_t> sums_;  // Of the rows of one group: the hashes of their columns.
};

using RowCallback = std::function<void(int64_t rows)>;

arrow::Result<Checksum> TakeChecksum(parquet::arrow::FileReader& reader, const RowCallback& on_rows,
                                     const std::stop_token& stop) {
  std::shared_ptr<arrow::Schema> schema;
  ARROW_RETURN_NOT_OK(reader.GetSchema(&schema));
  ARROW_ASSIGN_OR_RAISE(ChecksumTaker taker, ChecksumTaker::Make(*schema));
  RowGroupReader groups(reader, std::move(taker), stop);
  Checksum sum;
  for (int group = 0; group < reader.num_row_groups() && !stop.stop_requested(); ++group) {
    ARROW_ASSIGN_OR_RAISE(const Checksum of_group, groups.Take(group));
    sum += of_group;
    if (on_rows) on_rows(of_group.rows);
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
    ARROW_ASSIGN_OR_RAISE(content.digest, DigestOfFile(path.string(), stop));
  } else if (options.on_rows) {
    options.on_rows(content.rows);
  }
  return content;
}

/// What a system call answers where the file is not there any more, or something else is in its
/// place; and where a damaged file made the reader ask for what cannot be.
constexpr std::array kErrorsOfTheFile = {ENOENT, ENOTDIR, EISDIR, EINVAL, EOVERFLOW};

ParquetContent Finding(std::string problem) {
  return {.rows = 0, .checksum = {}, .problem = std::move(problem)};
}

/// A finding, or that nothing was found out.
arrow::Result<ParquetContent> FindingOfErrno(int error, const std::filesystem::path& path) {
  if (std::ranges::find(kErrorsOfTheFile, error) == kErrorsOfTheFile.end()) {
    return ErrnoError(error, "read", path);
  }
  return Finding(std::generic_category().message(error));
}

/// What is no system call's error comes from what the file holds.
arrow::Result<ParquetContent> FindingOfStatus(const arrow::Status& status,
                                              const std::filesystem::path& path) {
  if (status.IsOutOfMemory()) return ErrnoError(ENOMEM, "read", path);
  if (const int error = arrow::internal::ErrnoFromStatus(status); error != 0) {
    return FindingOfErrno(error, path);
  }
  return Finding(status.message());
}

}  // namespace

arrow::Result<ParquetContent> ReadParquetFile(const std::filesystem::path& path,
                                              int64_t expected_bytes,
                                              const ReadParquetOptions& options,
                                              const std::stop_token& stop) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);
  if (error) return FindingOfErrno(error.value(), path);
  if (std::cmp_not_equal(bytes, expected_bytes)) {
    return Finding("holds " + std::to_string(bytes) + " bytes where " +
                   std::to_string(expected_bytes) + " were committed");
  }
  try {
    auto content = ReadContent(path, options, stop);
    return content.ok() ? std::move(content) : FindingOfStatus(content.status(), path);
  } catch (const std::bad_alloc&) {
    return ErrnoError(ENOMEM, "read", path);
  } catch (const parquet::ParquetStatusException& exception) {
    return FindingOfStatus(exception.status(), path);
  } catch (const std::exception& exception) {  // Parquet throws where a page or footer is damaged.
    return Finding(exception.what());
  }
}

}  // namespace headrace
