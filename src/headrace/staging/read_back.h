#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "headrace/model/checksum.h"
#include "headrace/model/error.h"

namespace headrace {

/// What reading a Parquet file again found.
struct ParquetContent {
  int64_t rows = 0;
  std::optional<Checksum> checksum;
  std::string problem;  ///< Empty, or what is wrong with the file, without its name.
  std::optional<std::string> digest = {};  ///< Of its bytes, where there is a checksum.
};

struct ReadParquetOptions {
  bool with_checksum = false;
  std::function<void(int64_t rows)> on_rows;  ///< Rows that are read; may be null.
};

/// Reads rows from the footer and, `with_checksum`, every value and every byte, in bounded memory.
/// A file that is missing, of another size or damaged is a finding, not an error. An error says
/// nothing of the file: it could not be read, for want of rights, descriptors or memory, or because
/// the device failed (ErrnoError). Once `stop` is stopped it returns early, and what it returns
/// means nothing.
arrow::Result<ParquetContent> ReadParquetFile(const std::filesystem::path& path,
                                              int64_t expected_bytes,
                                              const ReadParquetOptions& options,
                                              const std::stop_token& stop = {});

}  // namespace headrace
