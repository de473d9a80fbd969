#pragma once

#include <arrow/type_fwd.h>
#include <parquet/types.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "headrace/model/error.h"
#include "headrace/staging/byte_buffer.h"

namespace parquet {
class PageWriter;
}

namespace headrace {

/// Puts the pages of one column chunk after another together: definition levels, then values. Keeps
/// its buffers from page to page and column to column. Parquet's exceptions pass through.
class PageAssembler {
 public:
  /// A page is full at so many rows, or bytes of values; both are what readers are used to.
  static constexpr int64_t kPageRows = 1 << 17;
  static constexpr size_t kPageBytes = 1 << 20;

  PageAssembler();
  ~PageAssembler();

  /// Starts a column chunk whose pages go to `pages`, which outlives it. `optional`: values have
  /// definition levels.
  void BeginChunk(parquet::PageWriter* pages, bool optional);

  /// Adds rows [offset, offset + count) of `array` to the page: their levels. Returns how many of
  /// them are not NULL: the caller appends just these values.
  int64_t AddRows(const arrow::Array& array, int64_t offset, int64_t count);

  /// The values of the page so far; append only.
  ByteBuffer& values() { return page_; }

  int64_t rows() const { return rows_; }
  int64_t rows_left() const { return kPageRows - rows_; }
  /// Bytes of values; the buffer also holds room for the levels.
  size_t value_bytes() const { return page_.size() - kLevelRoom; }
  /// Values of the page that are not NULL.
  int64_t valid_rows() const { return valid_rows_; }
  int64_t chunk_nulls() const { return chunk_nulls_; }
  /// Uncompressed, headers included; what the chunk came to so far.
  int64_t chunk_bytes() const { return chunk_bytes_; }

  /// Writes the page, if it has rows.
  void FlushPage(parquet::Encoding::type encoding);

  /// Writes the dictionary, before any page of indices.
  void WriteDictionary(std::span<const uint8_t> values, int64_t count);

 private:
  /// Before the values lies room for the levels of a whole page: length, one bit a row, a byte of
  /// header per run.
  static constexpr size_t kLevelRoom = sizeof(uint32_t) + kPageRows / 8 + kPageRows / 256 + 16;

  void BeginPage();
  std::span<const uint8_t> PageBytes();

  ByteBuffer page_;
  ByteBuffer levels_;
  std::vector<uint8_t> valid_bits_;
  std::shared_ptr<arrow::ResizableBuffer> compressed_;
  parquet::PageWriter* pages_ = nullptr;
  bool optional_ = false;
  int64_t rows_ = 0;
  int64_t valid_rows_ = 0;
  int64_t chunk_nulls_ = 0;
  int64_t chunk_bytes_ = 0;
};

}  // namespace headrace
