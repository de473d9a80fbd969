#pragma once

#include <arrow/array/data.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>

#include <cstdint>

/// Where the values lie that one value of a nested array is made of. A position is one in the
/// buffers of an array: its offset counted.
namespace headrace {

/// Whether the value at `position` is NULL. Of types with a validity bitmap, and the null type,
/// whose values are not said to be NULL.
inline bool IsNullAt(const arrow::ArrayData& data, int64_t position) {
  return data.MayHaveNulls() && !arrow::bit_util::GetBit(data.buffers[0]->data(), position);
}

/// The elements of a list in their array, whose offset is not counted: [first, last).
struct Elements {
  int64_t first = 0;
  int64_t last = 0;
};

/// LIST and MAP (int32_t), LARGE_LIST (int64_t).
template <typename Offset>
struct OffsetElements {
  explicit OffsetElements(const arrow::DataType& /*type*/) {}
  Elements At(const arrow::ArrayData& data, int64_t position) const {
    const auto* offsets = data.GetValues<Offset>(1, 0);
    return {offsets[position], offsets[position + 1]};
  }
};

/// FIXED_SIZE_LIST.
struct FixedElements {
  explicit FixedElements(const arrow::DataType& type)
      : size(static_cast<const arrow::FixedSizeListType&>(type).list_size()) {}
  Elements At(const arrow::ArrayData& /*data*/, int64_t position) const {
    return {position * size, (position + 1) * size};
  }
  int64_t size;
};

/// The index of `width` bytes at `position` of a dictionary array; it is not NULL.
inline int64_t IndexAt(const arrow::ArrayData& data, int width, int64_t position) {
  const uint8_t* bytes = data.buffers[1]->data() + position * width;
  int64_t index = 0;
  for (int b = 0; b < width; ++b) index |= static_cast<int64_t>(bytes[b]) << (8 * b);
  return index;  // Valid indices are not negative, whatever the signedness of their type.
}

}  // namespace headrace
