#include "headrace/staging/parquet_file.h"

#include <utility>

#include "headrace/staging/direct_file.h"
#include "headrace/staging/library_file.h"

namespace headrace {

arrow::Result<std::unique_ptr<ParquetFile>> CreateParquetFile(DurableFs& fs,
                                                              const std::filesystem::path& path,
                                                              ParquetFormat format) {
  ARROW_ASSIGN_OR_RAISE(auto output, fs.CreateFile(path));
  if (CanWriteDirectly(*format.schema)) return MakeDirectFile(std::move(output), std::move(format));
  return MakeLibraryFile(std::move(output), std::move(format));
}

}  // namespace headrace
