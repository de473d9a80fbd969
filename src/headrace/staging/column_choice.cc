#include "headrace/staging/column_choice.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/compression.h>

#include <utility>

#include "headrace/staging/column_sample.h"

namespace headrace {
namespace {

/// A dictionary pays where values repeat; at a quarter distinct its keys and its hash table cost
/// what they save.
constexpr int64_t kValuesPerDistinct = 4;

/// A codec that takes off less than a quarter costs more time, here and in every reader, than the
/// bytes are worth (hashes in hexadecimal, timestamps at random: 10 to 20 %).
constexpr double kWorthCompressing = 0.75;

constexpr arrow::Compression::type kCodecs[] = {
    arrow::Compression::SNAPPY, arrow::Compression::UNCOMPRESSED, arrow::Compression::SNAPPY,
    arrow::Compression::ZSTD, arrow::Compression::LZ4};

arrow::Result<bool> Shrinks(arrow::util::Codec& codec, const std::string& plain) {
  if (plain.empty()) return false;
  const auto* input = reinterpret_cast<const uint8_t*>(plain.data());
  const auto bytes = static_cast<int64_t>(plain.size());
  std::string output(static_cast<size_t>(codec.MaxCompressedLen(bytes, input)), '\0');
  ARROW_ASSIGN_OR_RAISE(const int64_t compressed,
                        codec.Compress(bytes, input, static_cast<int64_t>(output.size()),
                                       reinterpret_cast<uint8_t*>(output.data())));
  return static_cast<double>(compressed) < kWorthCompressing * static_cast<double>(bytes);
}

std::vector<std::shared_ptr<arrow::Array>> ChunksOf(
    std::span<const std::shared_ptr<arrow::RecordBatch>> batches, int column) {
  std::vector<std::shared_ptr<arrow::Array>> chunks;
  chunks.reserve(batches.size());
  for (const auto& batch : batches) chunks.push_back(batch->column(column));
  return chunks;
}

}  // namespace

arrow::Result<std::vector<ColumnChoice>> ChooseColumns(
    const arrow::Schema& schema, std::span<const std::shared_ptr<arrow::RecordBatch>> batches,
    Compression compression) {
  ARROW_ASSIGN_OR_RAISE(const auto snappy, arrow::util::Codec::Create(arrow::Compression::SNAPPY));
  const arrow::Compression::type codec = kCodecs[static_cast<size_t>(compression)];
  std::vector<ColumnChoice> choices;
  for (int column = 0; column < schema.num_fields(); ++column) {
    const auto& field = *schema.field(column);
    for (const LeafColumn& leaf :
         LeafColumns(field.name(), field.type(), ChunksOf(batches, column))) {
      const ColumnSample sample = SampleColumn(leaf);
      ColumnChoice choice{
          leaf.path, sample.values > 0 && sample.distinct * kValuesPerDistinct <= sample.values,
          codec};
      if (compression == Compression::kAuto && !choice.dictionary) {
        ARROW_ASSIGN_OR_RAISE(const bool shrinks, Shrinks(*snappy, sample.plain));
        if (!shrinks) choice.codec = arrow::Compression::UNCOMPRESSED;
      }
      choices.push_back(std::move(choice));
    }
  }
  return choices;
}

}  // namespace headrace
