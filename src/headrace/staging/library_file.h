#pragma once

#include <memory>

#include "headrace/staging/parquet_file.h"

namespace headrace {

/// A file of any schema, written by parquet::arrow::FileWriter.
std::unique_ptr<ParquetFile> MakeLibraryFile(std::shared_ptr<DurableOutput> output,
                                             ParquetFormat format);

}  // namespace headrace
