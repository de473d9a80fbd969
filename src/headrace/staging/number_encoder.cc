#include "headrace/staging/number_encoder.h"

#include <arrow/array.h>
#include <arrow/type.h>
#include <parquet/statistics.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "headrace/staging/dictionary_encoder.h"
#include "headrace/staging/encoder_parts.h"
#include "headrace/staging/value_bounds.h"
#include "headrace/staging/wide_decimal.h"

namespace headrace {
namespace {

/// A decimal as Arrow lays it out.
struct DecimalWords {
  int64_t low;
  int64_t high;
};

/// `Value`: in Arrow's buffer; `Stored`: on the page.
template <typename Value, typename Stored>
void CopyStored(const Value* from, int64_t count, Stored* to) {
  for (int64_t i = 0; i < count; ++i) {
    if constexpr (std::is_same_v<Value, DecimalWords>) {
      to[i] = static_cast<Stored>(from[i].low);  // Its digits fit: the precision says so.
    } else {
      to[i] = from[i];
    }
  }
}

template <typename Value, typename Stored>
class NumberEncoder final
    : public DictionaryEncoder<NumberEncoder<Value, Stored>, Stored, NumberBounds<Stored>> {
 public:
  void GetBounds(parquet::EncodedStatistics& statistics) const override {
    if (!bounds_.any()) return;
    statistics.set_min(bounds_.least()).set_max(bounds_.greatest());
    statistics.set_is_signed(true);
  }

 private:
  using Base = DictionaryEncoder<NumberEncoder, Stored, NumberBounds<Stored>>;
  friend Base;
  using Base::bounds_;

  static constexpr int64_t kRowsPerPage =
      std::min<int64_t>(PageAssembler::kPageRows, PageAssembler::kPageBytes / sizeof(Stored));

  static constexpr int64_t kBlock = 512;  // values; 4 KiB at most, of the first cache

  static const Value* RowsOf(const arrow::Array& array) {
    return array.data()->template GetValues<Value>(1);
  }

  void AddBounds(const std::vector<Stored>& entries) {
    bounds_.Add(entries.data(), static_cast<int64_t>(entries.size()));
  }

  static void AppendEntry(Stored entry, ByteBuffer& out) { out.Append(&entry, sizeof(entry)); }

  void EncodePlain(const arrow::Array& array, PageAssembler& pages) {
    for (int64_t row = 0; row < array.length();) {
      const int64_t count = std::min(kRowsPerPage - pages.rows(), array.length() - row);
      const int64_t valid = pages.AddRows(array, row, count);
      AppendValues(array, row, count, valid, pages.values());
      row += count;
      if (pages.rows() == kRowsPerPage) pages.FlushPage(parquet::Encoding::PLAIN);
    }
  }

  void AppendValues(const arrow::Array& array, int64_t row, int64_t count, int64_t valid,
                    ByteBuffer& page) {
    page.Grow(static_cast<size_t>(valid) * sizeof(Stored));
    VisitValidRuns(array, row, count, [&](int64_t first, int64_t length) {
      AppendRun(RowsOf(array) + first, length, page);
    });
  }

  /// Values on the page follow levels of any length: they are not aligned there, so they are
  /// converted and compared beside it.
  void AppendRun(const Value* values, int64_t count, ByteBuffer& page) {
    if constexpr (std::is_same_v<Value, Stored>) {
      AppendStored(values, count, page);
    } else {
      std::array<Stored, kBlock> block;
      for (int64_t i = 0; i < count; i += kBlock) {
        const int64_t length = std::min(kBlock, count - i);
        CopyStored(values + i, length, block.data());
        AppendStored(block.data(), length, page);
      }
    }
  }

  void AppendStored(const Stored* values, int64_t count, ByteBuffer& page) {
    bounds_.Add(values, count);
    page.Append(values, static_cast<size_t>(count) * sizeof(Stored));
  }

  static uint16_t* FillIndicesOf(const Value* rows, int64_t first, int64_t length,
                                 Dictionary<Stored>& dictionary, uint16_t* indices) {
    const std::span values(rows + first, static_cast<size_t>(length));
    for (size_t i = 0; i < values.size();) {
      Stored value;
      CopyStored(&values[i], 1, &value);
      const auto index = dictionary.Index(value);
      if (!index.has_value()) return nullptr;
      // Columns that are ordered, or nearly so, have long runs: one look-up each. The bits count,
      // as in the dictionary: -0 is not 0, and NaN is NaN.
      const auto* const bits = reinterpret_cast<const std::byte*>(values.data());
      do {
        *indices++ = *index;
        ++i;
      } while (i < values.size() &&
               std::memcmp(bits + i * sizeof(Value), bits + (i - 1) * sizeof(Value),
                           sizeof(Value)) == 0);
    }
    return indices;
  }
};

/// The words of a decimal, of eight bytes each, as Arrow lays them out: the least first.
template <size_t Count>
using Words = std::array<uint64_t, Count>;

/// Least and greatest of the decimals of one column chunk.
template <size_t Count>
class WordBounds {
 public:
  void Add(const Words<Count>& value) {
    if (Less(value, least_)) least_ = value;
    if (Less(greatest_, value)) greatest_ = value;
  }

  bool any() const { return !Less(greatest_, least_); }
  const Words<Count>& least() const { return least_; }
  const Words<Count>& greatest() const { return greatest_; }

 private:
  static bool Less(const Words<Count>& left, const Words<Count>& right) {
    if (left.back() != right.back()) {
      return static_cast<int64_t>(left.back()) < static_cast<int64_t>(right.back());
    }
    return std::lexicographical_compare(left.rbegin() + 1, left.rend(), right.rbegin() + 1,
                                        right.rend());
  }

  /// All bits are those of `word`, but for the sign.
  static Words<Count> Extreme(uint64_t word) {
    constexpr uint64_t kSign = uint64_t{1} << 63U;
    Words<Count> words;
    words.fill(word);
    words.back() ^= kSign;
    return words;
  }

  Words<Count> least_ = Extreme(UINT64_MAX);
  Words<Count> greatest_ = Extreme(0);
};

/// Decimals of more than 18 digits: big-endian, in as many of their bytes as `width` says.
template <size_t Count>
class DecimalBytesEncoder final
    : public DictionaryEncoder<DecimalBytesEncoder<Count>, std::string_view, WordBounds<Count>> {
 public:
  explicit DecimalBytesEncoder(size_t width) : width_(width) {}

  void GetBounds(parquet::EncodedStatistics& statistics) const override {
    if (!bounds_.any()) return;
    statistics.set_min(Stored(bounds_.least())).set_max(Stored(bounds_.greatest()));
    statistics.set_is_signed(true);
  }

 private:
  using Base = DictionaryEncoder<DecimalBytesEncoder, std::string_view, WordBounds<Count>>;
  friend Base;
  using Base::bounds_;

  using Value = Words<Count>;

  /// A row is `sizeof(Value)` bytes.
  static const char* RowsOf(const arrow::Array& array) {
    return reinterpret_cast<const char*>(array.data()->GetValues<Value>(1));
  }

  static Value WordsAt(const char* value) {
    Value words;
    std::memcpy(words.data(), value, sizeof(words));
    return words;
  }

  static Value WordsOf(std::string_view entry) {
    Value words;
    entry.copy(reinterpret_cast<char*>(words.data()), sizeof(words));
    return words;
  }

  void AddBounds(const std::vector<std::string_view>& entries) {
    for (const std::string_view entry : entries) bounds_.Add(WordsOf(entry));
  }

  void AppendEntry(std::string_view entry, ByteBuffer& out) const {
    Store(WordsOf(entry), out.Grow(width_));
    out.Advance(width_);
  }

  void Store(Value value, uint8_t* to) const {
    std::ranges::reverse(value);
    for (uint64_t& word : value) word = __builtin_bswap64(word);
    std::memcpy(to, reinterpret_cast<const uint8_t*>(value.data()) + sizeof(value) - width_,
                width_);
  }

  std::string Stored(const Value& value) const {
    std::string bytes(width_, '\0');
    Store(value, reinterpret_cast<uint8_t*>(bytes.data()));
    return bytes;
  }

  void EncodePlain(const arrow::Array& array, PageAssembler& pages) {
    const auto rows_per_page = static_cast<int64_t>(PageAssembler::kPageBytes / width_);
    for (int64_t row = 0; row < array.length();) {
      const int64_t count = std::min(rows_per_page - pages.rows(), array.length() - row);
      AppendValues(array, row, count, pages.AddRows(array, row, count), pages.values());
      row += count;
      if (pages.rows() == rows_per_page) pages.FlushPage(parquet::Encoding::PLAIN);
    }
  }

  void AppendValues(const arrow::Array& array, int64_t row, int64_t count, int64_t valid,
                    ByteBuffer& page) {
    uint8_t* end = page.Grow(static_cast<size_t>(valid) * width_);
    const char* const rows = RowsOf(array);
    WordBounds<Count> bounds = bounds_;  // In registers: `end` could point at the members.
    VisitValidRuns(array, row, count, [&](int64_t first, int64_t length) {
      for (int64_t i = first; i < first + length; ++i, end += width_) {
        const Value value = WordsAt(rows + i * sizeof(Value));
        Store(value, end);
        bounds.Add(value);
      }
    });
    bounds_ = bounds;
    page.Advance(static_cast<size_t>(valid) * width_);
  }

  /// The entries lie in the array's buffer.
  static uint16_t* FillIndicesOf(const char* rows, int64_t first, int64_t length,
                                 Dictionary<std::string_view>& dictionary, uint16_t* indices) {
    for (int64_t i = first; i < first + length; ++i) {
      const auto index = dictionary.Index({rows + i * sizeof(Value), sizeof(Value)});
      if (!index.has_value()) return nullptr;
      *indices++ = *index;
    }
    return indices;
  }

  size_t width_;
};

/// The longest decimals that Parquet stores in these integers.
constexpr int kInt32Digits = 9;
constexpr int kInt64Digits = 18;

}  // namespace

std::unique_ptr<ColumnEncoder> MakeInt16Encoder() {
  return std::make_unique<NumberEncoder<int16_t, int32_t>>();
}
std::unique_ptr<ColumnEncoder> MakeInt32Encoder() {
  return std::make_unique<NumberEncoder<int32_t, int32_t>>();
}
std::unique_ptr<ColumnEncoder> MakeInt64Encoder() {
  return std::make_unique<NumberEncoder<int64_t, int64_t>>();
}
std::unique_ptr<ColumnEncoder> MakeFloatEncoder() {
  return std::make_unique<NumberEncoder<float, float>>();
}
std::unique_ptr<ColumnEncoder> MakeDoubleEncoder() {
  return std::make_unique<NumberEncoder<double, double>>();
}

std::unique_ptr<ColumnEncoder> MakeDecimal128Encoder(int precision) {
  if (precision <= kInt32Digits) return std::make_unique<NumberEncoder<DecimalWords, int32_t>>();
  if (precision <= kInt64Digits) return std::make_unique<NumberEncoder<DecimalWords, int64_t>>();
  return std::make_unique<DecimalBytesEncoder<2>>(
      static_cast<size_t>(arrow::DecimalType::DecimalSize(precision)));
}

std::unique_ptr<ColumnEncoder> MakeDecimal256Encoder() {
  return std::make_unique<DecimalBytesEncoder<4>>(kWideDecimalBytes);
}

}  // namespace headrace
