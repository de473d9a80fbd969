#include "headrace/staging/direct_file.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <parquet/column_writer.h>
#include <parquet/exception.h>
#include <parquet/file_writer.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>
#include <parquet/schema.h>
#include <parquet/statistics.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "headrace/staging/column_encoder.h"
#include "headrace/staging/column_summary.h"
#include "headrace/staging/dictionary_room.h"
#include "headrace/staging/page_assembler.h"
#include "headrace/staging/parquet_properties.h"
#include "headrace/staging/wide_decimal.h"

namespace headrace {
namespace {

/// The Parquet library throws; its exceptions end here.
template <typename Work>
arrow::Status CatchExceptions(Work work) {
  try {
    return work();
  } catch (const parquet::ParquetStatusException& exception) {
    return exception.status();
  } catch (const std::bad_alloc&) {
    return PermanentError("not enough memory to write Parquet");
  } catch (const std::exception& exception) {
    return PermanentError(std::string("cannot write Parquet: ") + exception.what());
  }
}

class DirectFile final : public ParquetFile {
 public:
  DirectFile(std::shared_ptr<DurableOutput> output, ParquetFormat format)
      : output_(std::move(output)),
        format_(std::move(format)),
        nulls_(static_cast<size_t>(format_.schema->num_fields())) {
    for (const auto& field : format_.schema->fields()) {
      encoders_.push_back(MakeColumnEncoder(*field->type()));
    }
  }

  arrow::Status WriteRowGroup(
      std::span<const std::shared_ptr<arrow::RecordBatch>> batches) override {
    if (row_groups_ == kMostRowGroups) return BugError("a Parquet file has too many row groups");
    return CatchExceptions([&]() -> arrow::Status {
      ARROW_RETURN_NOT_OK(Open(batches));
      return WriteColumns(batches);
    });
  }

  arrow::Result<Sealed> Seal() override {
    Sealed sealed;
    ARROW_RETURN_NOT_OK(CatchExceptions([&]() -> arrow::Status {
      ARROW_RETURN_NOT_OK(Open({}));
      const auto metadata = footer_->Finish(format_.metadata);
      parquet::WriteFileMetaData(*metadata, output_.get());
      ARROW_ASSIGN_OR_RAISE(sealed.bytes, output_->Tell());
      ARROW_ASSIGN_OR_RAISE(sealed.columns, SummariseColumns(*format_.schema, *metadata, nulls_));
      return output_->Seal();
    }));
    return sealed;
  }

  int64_t bytes() const override { return output_->Tell().ValueOr(0); }
  int64_t row_groups() const override { return row_groups_; }
  int64_t footer_bytes() const override {
    return int64_t{row_groups_} * format_.schema->num_fields() * kFooterBytesPerChunk;
  }

 private:
  /// The codecs of a file are fixed when it begins, so the choice waits for the first row group.
  arrow::Status Open(std::span<const std::shared_ptr<arrow::RecordBatch>> first) {
    if (footer_ != nullptr) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(choices_, ChooseColumns(*format_.schema, first, format_.compression));
    properties_ = PropertiesOf(choices_);
    ARROW_ASSIGN_OR_RAISE(const auto root, ParquetSchemaOf(*format_.schema, *properties_));
    schema_.Init(root);
    footer_ = parquet::FileMetaDataBuilder::Make(&schema_, properties_);
    return output_->Write(parquet::kParquetMagic, sizeof(parquet::kParquetMagic));
  }

  arrow::Status WriteColumns(std::span<const std::shared_ptr<arrow::RecordBatch>> batches) {
    parquet::RowGroupMetaDataBuilder* const group = footer_->AppendRowGroup();
    int64_t bytes = 0;
    for (int column = 0; column < format_.schema->num_fields(); ++column) {
      ARROW_ASSIGN_OR_RAISE(const int64_t chunk_bytes,
                            WriteColumn(batches, column, *group->NextColumnChunk()));
      bytes += chunk_bytes;
    }
    int64_t rows = 0;
    for (const auto& batch : batches) rows += batch->num_rows();
    group->set_num_rows(rows);
    group->Finish(bytes, row_groups_++);
    return arrow::Status::OK();
  }

  /// Returns the chunk's bytes before compression.
  arrow::Result<int64_t> WriteColumn(std::span<const std::shared_ptr<arrow::RecordBatch>> batches,
                                     int column, parquet::ColumnChunkMetaDataBuilder& entry) {
    std::vector<std::shared_ptr<arrow::Array>> chunks;
    chunks.reserve(batches.size());
    for (const auto& batch : batches) chunks.push_back(batch->column(column));

    ColumnChoice& choice = choices_[static_cast<size_t>(column)];
    const auto pages = parquet::PageWriter::Open(output_, choice.codec, &entry, row_groups_,
                                                 static_cast<int16_t>(column));
    const bool optional = schema_.Column(column)->max_definition_level() > 0;
    assembler_.BeginChunk(pages.get(), optional);
    ColumnEncoder& encoder = *encoders_[static_cast<size_t>(column)];
    ARROW_RETURN_NOT_OK(CheckNulls(chunks, column, optional));
    const bool has_dictionary =
        encoder.Encode(chunks, choice.dictionary ? &dictionary_room_ : nullptr, assembler_);
    choice.dictionary = has_dictionary;  // One that grew too large once is not tried again.

    parquet::EncodedStatistics statistics;
    statistics.set_null_count(assembler_.chunk_nulls());
    encoder.GetBounds(statistics);
    entry.SetStatistics(statistics);
    pages->Close(has_dictionary, /*fallback=*/false);
    nulls_[static_cast<size_t>(column)] += assembler_.chunk_nulls();
    return assembler_.chunk_bytes();
  }

  arrow::Status CheckNulls(const std::vector<std::shared_ptr<arrow::Array>>& chunks, int column,
                           bool optional) const {
    const bool has_nulls =
        std::ranges::any_of(chunks, [](const auto& chunk) { return chunk->null_count() > 0; });
    if (optional || !has_nulls) return arrow::Status::OK();
    return BugError("column " + format_.schema->field(column)->name() +
                    " is declared without NULLs and has some");
  }

  std::shared_ptr<DurableOutput> output_;
  ParquetFormat format_;
  std::vector<int64_t> nulls_;
  std::vector<std::unique_ptr<ColumnEncoder>> encoders_;
  PageAssembler assembler_;
  DictionaryRoom dictionary_room_;
  std::vector<ColumnChoice> choices_;
  std::shared_ptr<parquet::WriterProperties> properties_;
  parquet::SchemaDescriptor schema_;
  std::unique_ptr<parquet::FileMetaDataBuilder> footer_;
  int16_t row_groups_ = 0;
};

}  // namespace

bool CanWriteDirectly(const arrow::Schema& schema) {
  return std::ranges::all_of(schema.fields(), [](const auto& field) {
    return MakeColumnEncoder(*field->type()) != nullptr;
  });
}

std::unique_ptr<ParquetFile> MakeDirectFile(std::shared_ptr<DurableOutput> output,
                                            ParquetFormat format) {
  return std::make_unique<DirectFile>(std::move(output), std::move(format));
}

}  // namespace headrace
