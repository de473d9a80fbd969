#include "headrace/staging/parquet_file.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <utility>

namespace headrace {
namespace {

/// In memory a column chunk's entry is a thrift object of some hundred bytes with its statistics
/// and encodings.
constexpr int64_t kFooterBytesPerChunk = 1 << 10;

std::shared_ptr<parquet::WriterProperties> PropertiesOf(const std::vector<ColumnChoice>& choices) {
  parquet::WriterProperties::Builder builder;
  builder.version(parquet::ParquetVersion::PARQUET_2_6)
      ->data_page_version(parquet::ParquetDataPageVersion::V1)
      ->disable_dictionary()
      ->disable_write_page_index()
      ->set_size_statistics_level(parquet::SizeStatisticsLevel::None)
      ->enable_store_decimal_as_integer();
  for (const ColumnChoice& choice : choices) {
    builder.compression(choice.path, choice.codec);
    if (choice.dictionary) builder.enable_dictionary(choice.path);
  }
  return builder.build();
}

}  // namespace

class ParquetFile::Impl {
 public:
  Impl(std::shared_ptr<DurableOutput> output, ParquetFormat format)
      : output_(std::move(output)), format_(std::move(format)) {}

  arrow::Status WriteRowGroup(std::span<const std::shared_ptr<arrow::RecordBatch>> batches) {
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
      ARROW_RETURN_NOT_OK(writer_->WriteColumnChunk(values));
    }
    return arrow::Status::OK();
  }

  arrow::Result<Sealed> Seal() {
    ARROW_RETURN_NOT_OK(Open({}));
    ARROW_RETURN_NOT_OK(writer_->Close());
    Sealed sealed;
    ARROW_ASSIGN_OR_RAISE(sealed.bytes, output_->Tell());
    ARROW_RETURN_NOT_OK(output_->Seal());
    for (int column = 0; column < format_.schema->num_fields(); ++column) {
      sealed.columns.push_back({.name = format_.schema->field(column)->name(),
                                .minimum = {},
                                .maximum = {},
                                .nulls = nulls_[static_cast<size_t>(column)]});
    }
    return sealed;
  }

  int64_t bytes() const { return output_->Tell().ValueOr(0); }
  int64_t footer_bytes() const {
    return row_groups_ * format_.schema->num_fields() * kFooterBytesPerChunk;
  }

 private:
  /// Parquet fixes a file's properties when it begins, so the choice waits for the first row group.
  arrow::Status Open(std::span<const std::shared_ptr<arrow::RecordBatch>> first) {
    if (writer_ != nullptr) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(const auto choices,
                          ChooseColumns(*format_.schema, first, format_.compression));
    ARROW_ASSIGN_OR_RAISE(
        writer_, parquet::arrow::FileWriter::Open(*format_.schema, arrow::default_memory_pool(),
                                                  output_, PropertiesOf(choices)));
    nulls_.assign(static_cast<size_t>(format_.schema->num_fields()), 0);
    return format_.metadata == nullptr ? arrow::Status::OK()
                                       : writer_->AddKeyValueMetadata(format_.metadata);
  }

  std::shared_ptr<DurableOutput> output_;
  ParquetFormat format_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
  std::vector<int64_t> nulls_;
  int64_t row_groups_ = 0;
};

ParquetFile::ParquetFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ParquetFile::~ParquetFile() = default;

arrow::Result<std::unique_ptr<ParquetFile>> ParquetFile::Create(DurableFs& fs,
                                                                const std::filesystem::path& path,
                                                                ParquetFormat format) {
  ARROW_ASSIGN_OR_RAISE(auto output, fs.CreateFile(path));
  return std::unique_ptr<ParquetFile>(
      new ParquetFile(std::make_unique<Impl>(std::move(output), std::move(format))));
}

arrow::Status ParquetFile::WriteRowGroup(
    std::span<const std::shared_ptr<arrow::RecordBatch>> batches) {
  return impl_->WriteRowGroup(batches);
}

arrow::Result<ParquetFile::Sealed> ParquetFile::Seal() { return impl_->Seal(); }
int64_t ParquetFile::bytes() const { return impl_->bytes(); }
int64_t ParquetFile::footer_bytes() const { return impl_->footer_bytes(); }

}  // namespace headrace
