#pragma once

#include <arrow/array.h>
#include <arrow/util/bit_run_reader.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "headrace/staging/dictionary.h"
#include "headrace/staging/hybrid_encoding.h"
#include "headrace/staging/page_assembler.h"

/// What the encoders of column_encoder.h are put together from.
namespace headrace {

using ArrayChunks = std::vector<std::shared_ptr<arrow::Array>>;

/// Calls `visit(begin, count)` for the runs of rows within [offset, offset + count) of `array` that
/// are not NULL.
template <typename Visit>
void VisitValidRuns(const arrow::Array& array, int64_t offset, int64_t count, Visit visit) {
  if (array.null_count() == 0) {
    visit(offset, count);
    return;
  }
  arrow::internal::VisitSetBitRunsVoid(
      array.null_bitmap_data(), array.offset() + offset, count,
      [&](int64_t begin, int64_t length) { visit(offset + begin, length); });
}

/// Writes the chunk as indices into `dictionary`, whose entries `append_entry` lays out as PLAIN.
/// `indices` has one number per value that is not NULL.
template <typename Value, typename AppendEntry>
void WriteIndexPages(const ArrayChunks& chunks, const Dictionary<Value>& dictionary,
                     std::span<const uint16_t> indices, PageAssembler& pages,
                     AppendEntry append_entry) {
  ByteBuffer entries;
  for (const Value& entry : dictionary.entries()) append_entry(entry, entries);
  pages.WriteDictionary(entries.bytes(), static_cast<int64_t>(dictionary.entries().size()));
  const int width = BitWidth(
      dictionary.entries().empty() ? 0 : static_cast<uint32_t>(dictionary.entries().size() - 1));
  const auto flush = [&] {
    const auto values = static_cast<size_t>(pages.valid_rows());
    const auto width_byte = static_cast<uint8_t>(width);
    pages.values().Append(&width_byte, sizeof(width_byte));
    AppendIndices(indices.first(values), width, pages.values());
    indices = indices.subspan(values);
    pages.FlushPage(parquet::Encoding::RLE_DICTIONARY);
  };
  for (const auto& chunk : chunks) {
    for (int64_t row = 0; row < chunk->length();) {
      const int64_t count = std::min(pages.rows_left(), chunk->length() - row);
      pages.AddRows(*chunk, row, count);
      row += count;
      if (pages.rows_left() == 0) flush();
    }
  }
  if (pages.rows() > 0) flush();
}

inline int64_t TotalLength(const ArrayChunks& chunks) {
  int64_t length = 0;
  for (const auto& chunk : chunks) length += chunk->length();
  return length;
}

}  // namespace headrace
