#include "headrace/staging/page_assembler.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>
#include <parquet/column_page.h>
#include <parquet/column_writer.h>
#include <parquet/exception.h>

#include <cstring>
#include <utility>

#include "headrace/staging/hybrid_encoding.h"

namespace headrace {

PageAssembler::PageAssembler() : valid_bits_(kPageRows / 8) {
  PARQUET_ASSIGN_OR_THROW(compressed_, arrow::AllocateResizableBuffer(0));
}
PageAssembler::~PageAssembler() = default;

void PageAssembler::BeginChunk(parquet::PageWriter* pages, bool optional) {
  pages_ = pages;
  optional_ = optional;
  chunk_nulls_ = chunk_bytes_ = 0;
  BeginPage();
}

void PageAssembler::BeginPage() {
  page_.Clear();
  page_.Grow(kLevelRoom);
  page_.Advance(kLevelRoom);
  rows_ = valid_rows_ = 0;
}

int64_t PageAssembler::AddRows(const arrow::Array& array, int64_t offset, int64_t count) {
  int64_t valid = count;
  if (optional_) {
    if (array.null_count() == 0) {
      arrow::bit_util::SetBitsTo(valid_bits_.data(), rows_, count, true);
    } else {
      const uint8_t* bitmap = array.null_bitmap_data();
      arrow::internal::CopyBitmap(bitmap, array.offset() + offset, count, valid_bits_.data(),
                                  rows_);
      valid = arrow::internal::CountSetBits(bitmap, array.offset() + offset, count);
    }
  }
  rows_ += count;
  valid_rows_ += valid;
  chunk_nulls_ += count - valid;
  return valid;
}

std::span<const uint8_t> PageAssembler::PageBytes() {
  uint8_t* begin = page_.data() + kLevelRoom;
  if (optional_) {
    levels_.Clear();
    if (valid_rows_ == rows_) {
      AppendOneLevels(rows_, levels_);
    } else {
      AppendBitLevels(valid_bits_.data(), rows_, levels_);
    }
    const auto length = static_cast<uint32_t>(levels_.size());
    begin -= levels_.size() + sizeof(length);
    std::memcpy(begin, &length, sizeof(length));
    std::memcpy(begin + sizeof(length), levels_.data(), levels_.size());
  }
  return {begin, page_.data() + page_.size()};
}

void PageAssembler::FlushPage(parquet::Encoding::type encoding) {
  if (rows_ == 0) return;
  const std::span<const uint8_t> bytes = PageBytes();
  std::shared_ptr<arrow::Buffer> content =
      std::make_shared<arrow::Buffer>(bytes.data(), static_cast<int64_t>(bytes.size()));
  if (pages_->has_compressor()) {
    pages_->Compress(*content, compressed_.get());
    content = compressed_;
  }
  chunk_bytes_ += pages_->WriteDataPage(
      parquet::DataPageV1(content, static_cast<int32_t>(rows_), encoding, parquet::Encoding::RLE,
                          parquet::Encoding::RLE, static_cast<int64_t>(bytes.size())));
  if (std::cmp_greater(compressed_->capacity(), ByteBuffer::kMostKept)) {
    PARQUET_THROW_NOT_OK(compressed_->Resize(0));
  }
  BeginPage();
}

void PageAssembler::WriteDictionary(std::span<const uint8_t> values, int64_t count) {
  const auto content =
      std::make_shared<arrow::Buffer>(values.data(), static_cast<int64_t>(values.size()));
  chunk_bytes_ += pages_->WriteDictionaryPage(
      parquet::DictionaryPage(content, static_cast<int32_t>(count), parquet::Encoding::PLAIN));
}

}  // namespace headrace
