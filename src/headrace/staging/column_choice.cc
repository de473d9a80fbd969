#include "headrace/staging/column_choice.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/compression.h>

#include <utility>

#include "headrace/staging/column_sample.h"
#include "headrace/staging/dictionary.h"
#include "headrace/staging/hybrid_encoding.h"

namespace headrace {
namespace {

/// A dictionary pays where values repeat this often in the sample, whatever they are.
constexpr int64_t kValuesPerDistinct = 4;

/// A codec that takes off less than a quarter costs more time, here and in every reader, than the
/// bytes are worth (hashes in hexadecimal, timestamps at random: 10 to 20 %). So does a dictionary.
constexpr double kWorthCompressing = 0.75;

/// More entries than these leave the processor's caches, and come near to what a dictionary may
/// hold at all.
constexpr double kMostExpectedEntries = kMostDictionaryEntries / 2.0;
constexpr double kMostExpectedBytes = kMostDictionaryBytes / 2.0;

constexpr arrow::Compression::type kCodecs[] = {
    arrow::Compression::SNAPPY, arrow::Compression::UNCOMPRESSED, arrow::Compression::SNAPPY,
    arrow::Compression::ZSTD, arrow::Compression::LZ4};

/// What snappy makes of the sample, as a share of its bytes; 1 where it is not worth its time.
arrow::Result<double> ShareLeftBySnappy(const std::string& plain) {
  if (plain.empty()) return 1;
  ARROW_ASSIGN_OR_RAISE(const auto codec, arrow::util::Codec::Create(arrow::Compression::SNAPPY));
  const auto* input = reinterpret_cast<const uint8_t*>(plain.data());
  const auto bytes = static_cast<int64_t>(plain.size());
  std::string output(static_cast<size_t>(codec->MaxCompressedLen(bytes, input)), '\0');
  ARROW_ASSIGN_OR_RAISE(const int64_t compressed,
                        codec->Compress(bytes, input, static_cast<int64_t>(output.size()),
                                        reinterpret_cast<uint8_t*>(output.data())));
  const double share = static_cast<double>(compressed) / static_cast<double>(bytes);
  return share < kWorthCompressing ? share : 1;
}

/// Entries and indices of a row group's dictionary against its plain values; `share` is what a
/// codec leaves of values.
bool DictionaryPays(const ColumnSample& sample, double share) {
  if (sample.values == 0) return false;
  if (sample.distinct * kValuesPerDistinct <= sample.values) return true;
  const double entries = EstimateDistinct(sample);
  const double entry_bytes = entries * sample.value_bytes;
  if (entries > kMostExpectedEntries || entry_bytes > kMostExpectedBytes) return false;
  const auto values = static_cast<double>(sample.column_values);
  const double index_bytes = values * BitWidth(static_cast<uint32_t>(entries)) / 8;
  return entry_bytes * share + index_bytes <
         kWorthCompressing * values * sample.value_bytes * share;
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
  const arrow::Compression::type codec = kCodecs[static_cast<size_t>(compression)];
  std::vector<ColumnChoice> choices;
  for (int column = 0; column < schema.num_fields(); ++column) {
    const auto& field = *schema.field(column);
    for (const LeafColumn& leaf :
         LeafColumns(field.name(), field.type(), ChunksOf(batches, column))) {
      const ColumnSample sample = SampleColumn(leaf);
      double share = 1;
      if (compression != Compression::kNone) {
        ARROW_ASSIGN_OR_RAISE(share, ShareLeftBySnappy(sample.plain));
      }
      ColumnChoice choice{leaf.path, DictionaryPays(sample, share), codec};
      if (compression == Compression::kAuto && !choice.dictionary && share == 1) {
        choice.codec = arrow::Compression::UNCOMPRESSED;
      }
      choices.push_back(std::move(choice));
    }
  }
  return choices;
}

}  // namespace headrace
