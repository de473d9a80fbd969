#include "headrace/staging/boolean_encoder.h"

#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>
#include <parquet/statistics.h>

#include "headrace/staging/encoder_parts.h"

namespace headrace {
namespace {

class BooleanEncoder final : public ColumnEncoder {
 public:
  bool Encode(const ArrayChunks& chunks, DictionaryRoom* /*room*/, PageAssembler& pages) override {
    values_ = trues_ = 0;
    for (const auto& chunk : chunks) {
      for (int64_t row = 0; row < chunk->length();) {
        const int64_t count = std::min(pages.rows_left(), chunk->length() - row);
        AppendValues(*chunk, row, count, pages);
        row += count;
        if (pages.rows_left() == 0) pages.FlushPage(parquet::Encoding::PLAIN);
      }
    }
    pages.FlushPage(parquet::Encoding::PLAIN);
    return false;
  }

  void GetBounds(parquet::EncodedStatistics& statistics) const override {
    if (values_ == 0) return;
    statistics.set_min(std::string(1, trues_ == values_ ? '\1' : '\0'))
        .set_max(std::string(1, trues_ > 0 ? '\1' : '\0'));
    statistics.set_is_signed(true);
  }

 private:
  void AppendValues(const arrow::Array& array, int64_t row, int64_t count, PageAssembler& pages) {
    const int64_t before = pages.valid_rows();
    const int64_t valid = pages.AddRows(array, row, count);
    const auto bytes = static_cast<size_t>(arrow::bit_util::BytesForBits(before + valid));
    if (const size_t there = pages.value_bytes(); bytes > there) {
      std::memset(pages.values().Grow(bytes - there), 0, bytes - there);
      pages.values().Advance(bytes - there);
    }
    uint8_t* const page = pages.values().data() + pages.values().size() - bytes;
    const uint8_t* const values = array.data()->buffers[1]->data();
    int64_t end = before;
    VisitValidRuns(array, row, count, [&](int64_t first, int64_t length) {
      arrow::internal::CopyBitmap(values, array.offset() + first, length, page, end);
      end += length;
    });
    values_ += valid;
    trues_ += arrow::internal::CountSetBits(page, before, valid);
  }

  int64_t values_ = 0;
  int64_t trues_ = 0;
};

}  // namespace

std::unique_ptr<ColumnEncoder> MakeBooleanEncoder() { return std::make_unique<BooleanEncoder>(); }

}  // namespace headrace
