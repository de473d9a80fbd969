#include "headrace/staging/library_file.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>
#include <parquet/file_writer.h>
#include <parquet/properties.h>

#include <string>
#include <utility>
#include <vector>

#include "headrace/staging/column_sample.h"
#include "headrace/staging/column_summary.h"
#include "headrace/staging/parquet_properties.h"
#include "headrace/staging/wide_decimal.h"

namespace headrace {
namespace {

/// The library leaves NaN out of its bounds, see NumberBounds, and of two texts the one that is too
/// long, see TextEncoder. What a file's statistics hold is fixed before its values are known:
/// leaves that may hold either have none.
std::vector<std::string> LeavesWithoutStatistics(const arrow::Schema& schema) {
  std::vector<std::string> paths;
  for (const auto& field : schema.fields()) {
    for (const LeafColumn& leaf : LeafColumns(field->name(), field->type(), {})) {
      const arrow::Type::type type = leaf.type->id();
      if (arrow::is_floating(type) || arrow::is_base_binary_like(type)) paths.push_back(leaf.path);
    }
  }
  return paths;
}

class LibraryFile final : public ParquetFile {
 public:
  LibraryFile(std::shared_ptr<DurableOutput> output, ParquetFormat format)
      : output_(std::move(output)),
        format_(std::move(format)),
        nulls_(static_cast<size_t>(format_.schema->num_fields())) {}

  arrow::Status WriteRowGroup(
      std::span<const std::shared_ptr<arrow::RecordBatch>> batches) override {
    if (row_groups_ == kMostRowGroups) return BugError("a Parquet file has too many row groups");
    ARROW_RETURN_NOT_OK(Open(batches));
    ARROW_RETURN_NOT_OK(writer_->NewRowGroup());
    ++row_groups_;
    for (int column = 0; column < format_.schema->num_fields(); ++column) {
      arrow::ArrayVector chunks;
      chunks.reserve(batches.size());
      for (const auto& batch : batches) {
        chunks.push_back(batch->column(column));
        nulls_[static_cast<size_t>(column)] += chunks.back()->null_count();
      }
      const auto values = std::make_shared<arrow::ChunkedArray>(
          std::move(chunks), format_.schema->field(column)->type());
      ARROW_RETURN_NOT_OK(writer_->WriteColumnChunk(WithAllDecimalBytes(values)));
    }
    return arrow::Status::OK();
  }

  arrow::Result<Sealed> Seal() override {
    ARROW_RETURN_NOT_OK(Open({}));
    ARROW_RETURN_NOT_OK(writer_->Close());
    Sealed sealed;
    ARROW_ASSIGN_OR_RAISE(sealed.bytes, output_->Tell());
    ARROW_RETURN_NOT_OK(output_->Seal());
    ARROW_ASSIGN_OR_RAISE(sealed.columns,
                          SummariseColumns(*format_.schema, *writer_->metadata(), nulls_));
    return sealed;
  }

  int64_t bytes() const override { return output_->Tell().ValueOr(0); }
  int64_t row_groups() const override { return row_groups_; }
  int64_t footer_bytes() const override {
    return row_groups_ * format_.schema->num_fields() * kFooterBytesPerChunk;
  }

 private:
  /// Parquet fixes a file's properties when it begins, so the choice waits for the first row group.
  arrow::Status Open(std::span<const std::shared_ptr<arrow::RecordBatch>> first) {
    if (writer_ != nullptr) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(const auto choices,
                          ChooseColumns(*format_.schema, first, format_.compression));
    const auto properties = PropertiesOf(choices, LeavesWithoutStatistics(*format_.schema));
    ARROW_ASSIGN_OR_RAISE(const auto schema, ParquetSchemaOf(*format_.schema, *properties));
    std::unique_ptr<parquet::ParquetFileWriter> file;
    PARQUET_CATCH_NOT_OK(file = parquet::ParquetFileWriter::Open(output_, schema, properties));
    ARROW_RETURN_NOT_OK(parquet::arrow::FileWriter::Make(
        arrow::system_memory_pool(), std::move(file), format_.schema,
        parquet::default_arrow_writer_properties(), &writer_));
    return format_.metadata == nullptr ? arrow::Status::OK()
                                       : writer_->AddKeyValueMetadata(format_.metadata);
  }

  std::shared_ptr<DurableOutput> output_;
  ParquetFormat format_;
  std::vector<int64_t> nulls_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
  int64_t row_groups_ = 0;
};

}  // namespace

std::unique_ptr<ParquetFile> MakeLibraryFile(std::shared_ptr<DurableOutput> output,
                                             ParquetFormat format) {
  return std::make_unique<LibraryFile>(std::move(output), std::move(format));
}

}  // namespace headrace
