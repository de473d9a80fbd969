#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>

namespace headrace {

/// The one measure of rows in memory: what a batch costs the worker that reads, buffers and writes
/// it, in bytes. Batches and row groups are bounded by it, and the progress counts it.
///
/// It counts values and not buffers, so that the parts of a batch cost as much as the whole, and
/// what is known before there are buffers costs the same afterwards:
///
///   fixed width   its bytes; a boolean is one
///   text, bytes   their offset and their length
///   list          its offset, its levels, and its elements
///   struct        one byte, and its fields
///
/// A value inside a list or struct costs its levels as well: Parquet's writer keeps two numbers of
/// each, which are larger than the value where that is a boolean. NULL costs as much as any other
/// value of fixed width.
int64_t BatchBytes(const arrow::RecordBatch& batch);

/// What each value of a column of `type` adds to BatchBytes, without what varies from value to
/// value: the bytes of text, and the elements of lists.
int64_t ValueBytes(const arrow::DataType& type);

/// The same of a value of `type` inside a list or struct.
int64_t NestedValueBytes(const arrow::DataType& type);

}  // namespace headrace
