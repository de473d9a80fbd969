#pragma once

#include <arrow/type_fwd.h>

#include <cstddef>
#include <memory>

#include "headrace/model/error.h"

namespace parquet {
class WriterProperties;
namespace schema {
class GroupNode;
}
}  // namespace parquet

/// Decimals of more than 38 digits. Parquet lets them take more bytes than their digits need, and
/// they all take 32 here: DuckDB misreads those whose bytes are no whole words of eight.
namespace headrace {

inline constexpr size_t kWideDecimalBytes = 32;

/// Whether values of `type` take kWideDecimalBytes.
bool IsWideDecimal(const arrow::DataType& type);

/// The Parquet schema of files with the columns of `schema`: as the library makes it, but for the
/// width of wide decimals at any depth.
arrow::Result<std::shared_ptr<parquet::schema::GroupNode>> ParquetSchemaOf(
    const arrow::Schema& schema, const parquet::WriterProperties& properties);

/// What the library's writer must be given for `values` of a column of such a schema. It takes as
/// many bytes of a decimal as the digits of the array's type need, whatever the schema says: these
/// are the same buffers under a type that needs all 32.
std::shared_ptr<arrow::ChunkedArray> WithAllDecimalBytes(
    const std::shared_ptr<arrow::ChunkedArray>& values);

}  // namespace headrace
