#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "headrace/client/store/file_store.h"
#include "headrace/staging/parquet_file.h"
#include "headrace/staging/writer.h"

namespace headrace {

struct StagingOptions {
  std::string plan_id;
  std::filesystem::path directory;  ///< Must be there.
  std::string file_prefix;  ///< Of the file names: `<prefix>-w<worker>-<serial>-<n>.parquet`.
  int worker = 0;
  int serial = 0;
  ParquetFormat format;
  int64_t memory = 48LL << 20;  ///< Bytes the writer may hold.
  int64_t target_file_size = 256LL << 20;
};

/// A Writer of Parquet files in a local directory. Three thirds share its memory: closed units that
/// wait for a row group, the open unit, and the pages of the row group being written with the
/// footers of open files. A file is sealed when it has reached `target_file_size`, or when its
/// footer fills half of that last third. A unit that outgrows its third, or a row group's rows,
/// gets files of its own, all of them in one receipt.
arrow::Result<std::unique_ptr<Writer>> MakeStagingWriter(std::shared_ptr<FileStore> store,
                                                         StagingOptions options);

}  // namespace headrace
