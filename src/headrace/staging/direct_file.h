#pragma once

#include <arrow/type_fwd.h>

#include <memory>

#include "headrace/staging/parquet_file.h"

namespace headrace {

/// True if every column of `schema` has an encoder (column_encoder.h).
bool CanWriteDirectly(const arrow::Schema& schema);

/// A file of flat columns, for which CanWriteDirectly holds. Pages are made by headrace's encoders;
/// page headers and footer by the Parquet library.
std::unique_ptr<ParquetFile> MakeDirectFile(std::shared_ptr<DurableOutput> output,
                                            ParquetFormat format);

}  // namespace headrace
