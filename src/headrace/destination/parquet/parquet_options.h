#pragma once

#include <chrono>
#include <cstdint>

#include "headrace/config/option.h"
#include "headrace/destination/parquet/lake_layout.h"
#include "headrace/model/error.h"
#include "headrace/staging/column_choice.h"

namespace headrace {

/// The options of a Parquet directory, checked.
struct ParquetSettings {
  LakeLayout layout;
  int64_t target_file_size = 0;
  Compression compression = Compression::kAuto;
  std::chrono::seconds grace{0};
};

/// Errors of class user name the key.
arrow::Result<ParquetSettings> ReadParquetSettings(const OptionValues& options);

}  // namespace headrace
