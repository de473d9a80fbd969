#pragma once

#include <arrow/type_fwd.h>
#include <arrow/util/type_fwd.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/model/error.h"

namespace headrace {

/// What the job asks for (`compression:`).
enum class Compression {
  kAuto,  ///< snappy for columns with a dictionary or whose sample shrinks, none for the others.
  kNone,
  kSnappy,
  kZstd,
  kLz4,
};

/// The names of the job file, in the order of the enumeration.
inline constexpr std::string_view kCompressionNames[] = {"auto", "none", "snappy", "zstd", "lz4"};

/// How one leaf column of a Parquet file is written.
struct ColumnChoice {
  std::string path;  ///< Of the leaf, its parts joined by dots: `a`, `list_column.list.element`,
                     ///< `struct_column.field`.
  bool dictionary = false;
  arrow::Compression::type codec = arrow::Compression::UNCOMPRESSED;

  bool operator==(const ColumnChoice&) const = default;
};

/// Decides dictionary and codec for every leaf column of `schema`, in Parquet's order, from a
/// sample of `batches` (the first row group of a file; none: PLAIN, no codec):
///   dictionary  where at most a quarter of the sampled values are distinct, or where entries and
///   indices are estimated to take at least a quarter less than the values (never for booleans),
///   snappy      under Compression::kAuto, for columns with a dictionary and where the plain bytes
///   of the sample shrink by a quarter or more; else the codec that is asked for.
/// Looks at some thousand values of each column, whatever the size of the batches.
arrow::Result<std::vector<ColumnChoice>> ChooseColumns(
    const arrow::Schema& schema, std::span<const std::shared_ptr<arrow::RecordBatch>> batches,
    Compression compression);

}  // namespace headrace
