#include "headrace/staging/text_encoder.h"

#include <parquet/statistics.h>

#include <cstring>
#include <string_view>

#include "headrace/staging/dictionary_encoder.h"
#include "headrace/staging/encoder_parts.h"
#include "headrace/staging/value_bounds.h"

namespace headrace {
namespace {

/// Longer bounds would make the footer grow with the data; readers do without.
constexpr size_t kMostBoundBytes = 256;

/// Copies `size` bytes; short ones without a call, as two pieces that overlap.
void CopyText(const uint8_t* from, size_t size, uint8_t* to) {
  const auto copy_ends = [&](auto piece) {
    auto last = piece;
    std::memcpy(&piece, from, sizeof(piece));
    std::memcpy(&last, from + size - sizeof(last), sizeof(last));
    std::memcpy(to, &piece, sizeof(piece));
    std::memcpy(to + size - sizeof(last), &last, sizeof(last));
  };
  struct Sixteen {
    uint64_t words[2];
  };
  if (size > 2 * sizeof(Sixteen)) {
    std::memcpy(to, from, size);
  } else if (size >= sizeof(Sixteen)) {
    copy_ends(Sixteen{});
  } else if (size >= sizeof(uint64_t)) {
    copy_ends(uint64_t{});
  } else if (size >= sizeof(uint32_t)) {
    copy_ends(uint32_t{});
  } else {
    for (size_t i = 0; i < size; ++i) to[i] = from[i];
  }
}

/// Text of one array: rows as views into its buffers.
class TextRows {
 public:
  explicit TextRows(const arrow::Array& array)
      : offsets_(array.data()->GetValues<int32_t>(1)),
        bytes_(array.data()->buffers[2] == nullptr ? nullptr : array.data()->buffers[2]->data()) {}

  const uint8_t* At(int64_t row) const { return bytes_ + offsets_[row]; }
  size_t Size(int64_t row) const { return static_cast<size_t>(offsets_[row + 1] - offsets_[row]); }
  std::string_view View(int64_t row) const {
    return {reinterpret_cast<const char*>(At(row)), Size(row)};
  }
  size_t Bytes(int64_t row, int64_t count) const {
    return static_cast<size_t>(offsets_[row + count] - offsets_[row]);
  }

  /// How many of the `most` rows from `row` on hold at most `bytes`; one at least.
  int64_t RowsWithin(int64_t row, int64_t most, size_t bytes) const {
    const int32_t* const first = offsets_ + row + 1;
    const int64_t limit = int64_t{offsets_[row]} + static_cast<int64_t>(bytes);
    return std::max<int64_t>(1, std::upper_bound(first, first + most, limit) - first);
  }

 private:
  const int32_t* offsets_;
  const uint8_t* bytes_;
};

class TextEncoder final : public DictionaryEncoder<TextEncoder, std::string_view, TextBounds> {
 public:
  void GetBounds(parquet::EncodedStatistics& statistics) const override {
    if (!bounds_.any()) return;
    const std::string_view least = bounds_.least();
    const std::string_view greatest = bounds_.greatest();
    // Both or none: Arrow up to 17 takes one that is missing for an empty text, and skips rows that
    // are there (apache/arrow#43382).
    if (std::max(least.size(), greatest.size()) > kMostBoundBytes) return;
    statistics.set_min(std::string(least)).set_max(std::string(greatest));
  }

 private:
  friend DictionaryEncoder;

  static TextRows RowsOf(const arrow::Array& array) { return TextRows(array); }

  void AddBounds(const std::vector<std::string_view>& entries) {
    for (const std::string_view entry : entries) bounds_.Add(entry);
  }

  static void AppendEntry(std::string_view entry, ByteBuffer& out) {
    const auto size = static_cast<uint32_t>(entry.size());
    out.Append(&size, sizeof(size));
    out.Append(entry.data(), entry.size());
  }

  void EncodePlain(const arrow::Array& array, PageAssembler& pages) {
    const TextRows rows(array);
    for (int64_t row = 0; row < array.length();) {
      const int64_t most = std::min(pages.rows_left(), array.length() - row);
      const int64_t count = rows.RowsWithin(
          row, most,
          PageAssembler::kPageBytes - std::min(pages.value_bytes(), PageAssembler::kPageBytes));
      const int64_t valid = pages.AddRows(array, row, count);
      AppendValues(array, rows, row, count, valid, pages.values());
      row += count;
      if (pages.value_bytes() >= PageAssembler::kPageBytes || pages.rows_left() == 0 ||
          count < most) {
        pages.FlushPage(parquet::Encoding::PLAIN);
      }
    }
  }

  void AppendValues(const arrow::Array& array, const TextRows& rows, int64_t row, int64_t count,
                    int64_t valid, ByteBuffer& page) {
    // NULLs may have bytes of their own in the buffer: room for all is room enough.
    uint8_t* const begin =
        page.Grow(rows.Bytes(row, count) + static_cast<size_t>(valid) * sizeof(uint32_t));
    uint8_t* end = begin;
    TextBounds bounds = bounds_;  // A local copy stays in registers.
    VisitValidRuns(array, row, count, [&](int64_t first, int64_t length) {
      for (int64_t i = first; i < first + length; ++i) {
        const auto size = static_cast<uint32_t>(rows.Size(i));
        std::memcpy(end, &size, sizeof(size));
        CopyText(rows.At(i), size, end + sizeof(size));
        bounds.Add(rows.View(i));
        end += sizeof(size) + size;
      }
    });
    bounds_ = bounds;
    page.Advance(static_cast<size_t>(end - begin));
  }

  static uint16_t* FillIndicesOf(const TextRows& rows, int64_t first, int64_t length,
                                 Dictionary<std::string_view>& dictionary, uint16_t* indices) {
    for (int64_t i = first; i < first + length; ++i) {
      const auto index = dictionary.Index(rows.View(i));
      if (!index.has_value()) return nullptr;
      *indices++ = *index;
    }
    return indices;
  }
};

}  // namespace

std::unique_ptr<ColumnEncoder> MakeTextEncoder() { return std::make_unique<TextEncoder>(); }

}  // namespace headrace
