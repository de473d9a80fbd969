#include "headrace/staging/column_sample.h"

#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/util/checked_cast.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string_view>
#include <utility>

namespace headrace {
namespace {

using arrow::internal::checked_cast;

/// Enough to tell hundreds of distinct values from thousands; hashing them costs a fraction of a
/// millisecond.
constexpr int64_t kDistinctValues = 4096;

/// Compressors look back 32 to 64 KiB, so runs of this length show most of what a page would.
constexpr int kRuns = 4;
constexpr size_t kRunBytes = 16 << 10;

/// Bytes of a decimal on the page: those of up to 9 digits are stored as INT32, of up to 18 as
/// INT64, the low ones of Arrow's 16.
int StoredDecimalBytes(int precision, int width) {
  constexpr int kInt32Digits = 9;
  constexpr int kInt64Digits = 18;
  if (precision <= kInt32Digits) return sizeof(int32_t);
  return precision <= kInt64Digits ? int{sizeof(int64_t)} : width;
}

/// One value's bytes as PLAIN stores them, but for the length of texts.
using ValueReader = std::function<std::string_view(const arrow::Array&, int64_t)>;

std::string_view BinaryValue(const arrow::Array& array, int64_t row) {
  return checked_cast<const arrow::BinaryArray&>(array).GetView(row);
}

std::string_view LargeBinaryValue(const arrow::Array& array, int64_t row) {
  return checked_cast<const arrow::LargeBinaryArray&>(array).GetView(row);
}

ValueReader FixedWidthValue(int stride, int stored) {
  return [stride, stored](const arrow::Array& array, int64_t row) {
    const auto* values = reinterpret_cast<const char*>(array.data()->buffers[1]->data());
    return std::string_view(values + (array.offset() + row) * stride, static_cast<size_t>(stored));
  };
}

/// How to get at the values of `type`; empty for types that are not sampled.
ValueReader ReaderOf(const arrow::DataType& type) {
  if (arrow::is_base_binary_like(type.id())) {
    return arrow::is_large_binary_like(type.id()) ? LargeBinaryValue : BinaryValue;
  }
  if (type.id() == arrow::Type::BOOL || !arrow::is_fixed_width(type.id())) return {};
  const int width = checked_cast<const arrow::FixedWidthType&>(type).bit_width() / 8;
  if (type.id() != arrow::Type::DECIMAL128) return FixedWidthValue(width, width);
  const int precision = checked_cast<const arrow::DecimalType&>(type).precision();
  return FixedWidthValue(width, StoredDecimalBytes(precision, width));
}

int64_t LengthOf(const LeafColumn& leaf) {
  int64_t length = 0;
  for (const auto& chunk : leaf.chunks) length += chunk->length();
  return length;
}

/// Calls `visit(array, row)` for `count` rows of the column, evenly spread.
template <typename Visit>
void VisitSpread(const LeafColumn& leaf, int64_t count, Visit visit) {
  const int64_t length = LengthOf(leaf);
  int64_t chunk_begin = 0;
  size_t chunk = 0;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t row = i * length / count;
    while (row >= chunk_begin + leaf.chunks[chunk]->length()) {
      chunk_begin += leaf.chunks[chunk++]->length();
    }
    visit(*leaf.chunks[chunk], row - chunk_begin);
  }
}

void AppendRun(const arrow::Array& array, int64_t row, const ValueReader& value, bool with_length,
               std::string& plain) {
  const size_t end = plain.size() + kRunBytes;
  for (; row < array.length() && plain.size() < end; ++row) {
    if (array.IsNull(row)) continue;
    std::string_view bytes = value(array, row);
    if (with_length) {
      const auto length = static_cast<uint32_t>(bytes.size());
      plain.append(reinterpret_cast<const char*>(&length), sizeof(length));
      bytes = bytes.substr(0, kRunBytes);
    }
    plain.append(bytes);
  }
}

void CountDistinct(std::vector<size_t> hashes, ColumnSample& sample) {
  std::ranges::sort(hashes);
  for (auto begin = hashes.begin(); begin != hashes.end();) {
    const auto end = std::upper_bound(begin, hashes.end(), *begin);
    sample.once += end - begin == 1 ? 1 : 0;
    sample.twice += end - begin == 2 ? 1 : 0;
    ++sample.distinct;
    begin = end;
  }
}

}  // namespace

double EstimateDistinct(const ColumnSample& sample) {
  const auto distinct = static_cast<double>(sample.distinct);
  if (sample.values == sample.column_values) return distinct;
  const auto once = static_cast<double>(sample.once);
  const double unseen =
      once * once / (2.0 * static_cast<double>(std::max<int64_t>(1, sample.twice)));
  const double all = distinct + unseen;
  return all * -std::expm1(-static_cast<double>(sample.column_values) / all);
}

std::vector<LeafColumn> LeafColumns(const std::string& name,
                                    const std::shared_ptr<arrow::DataType>& type,
                                    std::vector<std::shared_ptr<arrow::Array>> chunks) {
  if (type->id() == arrow::Type::LIST) {
    for (auto& chunk : chunks) chunk = checked_cast<const arrow::ListArray&>(*chunk).values();
    return LeafColumns(name + ".list.element",
                       checked_cast<const arrow::ListType&>(*type).value_type(), std::move(chunks));
  }
  if (type->id() != arrow::Type::STRUCT) return {{name, type, std::move(chunks)}};
  std::vector<LeafColumn> leaves;
  for (int i = 0; i < type->num_fields(); ++i) {
    std::vector<std::shared_ptr<arrow::Array>> fields;
    for (const auto& chunk : chunks) {
      fields.push_back(checked_cast<const arrow::StructArray&>(*chunk).field(i));
    }
    std::ranges::move(
        LeafColumns(name + "." + type->field(i)->name(), type->field(i)->type(), std::move(fields)),
        std::back_inserter(leaves));
  }
  return leaves;
}

ColumnSample SampleColumn(const LeafColumn& leaf) {
  ColumnSample sample;
  const ValueReader value = ReaderOf(*leaf.type);
  const int64_t length = LengthOf(leaf);
  if (!value || length == 0) return sample;

  const bool with_length = arrow::is_base_binary_like(leaf.type->id());
  const int64_t looked_at = std::min(length, kDistinctValues);
  std::vector<size_t> hashes;
  hashes.reserve(kDistinctValues);
  int64_t bytes = 0;
  VisitSpread(leaf, looked_at, [&](const arrow::Array& array, int64_t row) {
    if (array.IsNull(row)) return;
    const std::string_view text = value(array, row);
    hashes.push_back(std::hash<std::string_view>()(text));
    bytes += static_cast<int64_t>(text.size() + (with_length ? sizeof(uint32_t) : 0));
  });
  sample.values = static_cast<int64_t>(hashes.size());
  sample.column_values = sample.values * length / looked_at;
  if (sample.values > 0) {
    sample.value_bytes = static_cast<double>(bytes) / static_cast<double>(sample.values);
  }
  CountDistinct(std::move(hashes), sample);

  sample.plain.reserve(kRuns * (kRunBytes + sizeof(int64_t)));
  VisitSpread(leaf, std::min<int64_t>(length, kRuns), [&](const arrow::Array& array, int64_t row) {
    AppendRun(array, row, value, with_length, sample.plain);
  });
  return sample;
}

}  // namespace headrace
