#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>

#include "headrace/config/option.h"
#include "headrace/destination/parquet/lake_layout.h"
#include "headrace/model/error.h"
#include "headrace/staging/column_choice.h"

namespace headrace {

/// How the files of a table are written: the options that a table may have for itself
/// (OptionSpec::per_table).
struct FileSettings {
  int64_t target_size = 256LL << 20;  ///< Bytes at which a file is closed.
  Compression compression = Compression::kAuto;
};

/// The options of a Parquet directory, checked.
struct ParquetSettings {
  LakeLayout layout;
  FileSettings files;  ///< Of tables that have none for themselves.
  std::chrono::seconds grace{0};
};

/// `settings`, with what `options` says instead. Errors of class user name the key.
arrow::Result<FileSettings> ReadFileSettings(const OptionValues& options, FileSettings settings);

/// Errors of class user name the key. `state` is the folder of the journal; empty for none.
arrow::Result<ParquetSettings> ReadParquetSettings(const OptionValues& options,
                                                   const std::filesystem::path& state);

}  // namespace headrace
