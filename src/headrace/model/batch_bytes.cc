#include "headrace/model/batch_bytes.h"

#include <arrow/array/data.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/byte_size.h>

#include "headrace/model/array_range.h"

namespace headrace {
namespace {

/// Of Parquet's writer and reader: definition and repetition level of a value are 16 bits each, and
/// are held twice, for the batch at work and for the page that is not full yet.
constexpr int64_t kLevelBytes = 8;

constexpr int64_t kBitsPerByte = 8;

/// Of a value without children: its width, or its offset.
int64_t ScalarBytes(const arrow::DataType& type) {
  const int64_t bits = type.bit_width();
  if (bits > 0) return (bits + kBitsPerByte - 1) / kBitsPerByte;
  const bool large =
      type.id() == arrow::Type::LARGE_STRING || type.id() == arrow::Type::LARGE_BINARY;
  return large ? sizeof(int64_t) : sizeof(int32_t);
}

int64_t StructBytes(const arrow::DataType& type) {
  int64_t bytes = 1;
  for (const auto& field : type.fields()) bytes += NestedValueBytes(*field->type());
  return bytes;
}

/// What varies in the values of `range`.
int64_t VariableBytes(const ArrayRange& range);

int64_t ElementBytes(const ArrayRange& elements) {
  return elements.count * NestedValueBytes(*elements.data->type) + VariableBytes(elements);
}

int64_t FieldBytes(const ArrayRange& structs) {
  int64_t bytes = 0;
  for (int f = 0; f < structs.data->type->num_fields(); ++f) {
    bytes += VariableBytes(FieldOf(structs, f));
  }
  return bytes;
}

int64_t VariableBytes(const ArrayRange& range) {
  const arrow::Type::type id = range.data->type->id();
  if (arrow::is_base_binary_like(id)) return TextBytesOf(range);
  if (arrow::is_fixed_width(id) && id != arrow::Type::DICTIONARY) return 0;
  switch (id) {
    case arrow::Type::LIST:
    case arrow::Type::MAP:
    case arrow::Type::LARGE_LIST:
    case arrow::Type::FIXED_SIZE_LIST:
      return ElementBytes(ElementsOf(range));
    case arrow::Type::STRUCT:
      return FieldBytes(range);
    default:
      // Views, dictionaries, extensions, which no source yields: whatever their buffers hold.
      return arrow::util::TotalBufferSize(*range.data);
  }
}

}  // namespace

int64_t ValueBytes(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::STRUCT:
      return StructBytes(type);
    case arrow::Type::LIST:
    case arrow::Type::MAP:
      return int64_t{sizeof(int32_t)} + kLevelBytes;
    case arrow::Type::LARGE_LIST:
      return int64_t{sizeof(int64_t)} + kLevelBytes;
    case arrow::Type::FIXED_SIZE_LIST:
      return kLevelBytes;
    default:
      return ScalarBytes(type);
  }
}

int64_t NestedValueBytes(const arrow::DataType& type) {
  return ValueBytes(type) + (arrow::is_nested(type.id()) ? 0 : kLevelBytes);
}

int64_t BatchBytes(const arrow::RecordBatch& batch) {
  int64_t bytes = 0;
  for (int c = 0; c < batch.num_columns(); ++c) {
    const arrow::ArrayData& data = *batch.column_data(c);
    bytes += data.length * ValueBytes(*data.type) + VariableBytes(ArrayRange::Whole(data));
  }
  return bytes;
}

}  // namespace headrace
