#include "headrace/model/array_range.h"

#include <arrow/array/data.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>

namespace headrace {
namespace {

struct Span {
  int64_t first = 0;
  int64_t count = 0;
};

template <typename Offset>
Span SpanOf(const ArrayRange& range) {
  const auto* offsets = range.data->GetValues<Offset>(1, 0);
  const Offset first = offsets[range.first];
  return {first, offsets[range.first + range.count] - first};
}

/// Where the offsets of `range` lead; an empty array may have none.
Span SpanOf(const ArrayRange& range, bool large) {
  if (range.count == 0) return {};
  return large ? SpanOf<int64_t>(range) : SpanOf<int32_t>(range);
}

}  // namespace

ArrayRange ArrayRange::Whole(const arrow::ArrayData& data) {
  return {&data, data.offset, data.length};
}

ArrayRange ElementsOf(const ArrayRange& lists) {
  const arrow::DataType& type = *lists.data->type;
  const arrow::ArrayData& elements = *lists.data->child_data[0];
  if (type.id() == arrow::Type::FIXED_SIZE_LIST) {
    const int64_t size = static_cast<const arrow::FixedSizeListType&>(type).list_size();
    return {&elements, elements.offset + lists.first * size, lists.count * size};
  }
  const Span span = SpanOf(lists, type.id() == arrow::Type::LARGE_LIST);
  return {&elements, elements.offset + span.first, span.count};
}

ArrayRange FieldOf(const ArrayRange& structs, int field) {
  const arrow::ArrayData& values = *structs.data->child_data[static_cast<size_t>(field)];
  return {&values, values.offset + structs.first, structs.count};
}

int64_t TextBytesOf(const ArrayRange& texts) {
  return SpanOf(texts, arrow::is_large_binary_like(texts.data->type->id())).count;
}

}  // namespace headrace
