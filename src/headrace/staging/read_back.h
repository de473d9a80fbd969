#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "headrace/model/checksum.h"

namespace headrace {

/// What reading a Parquet file again found. A file that is missing, cut or damaged is a finding,
/// not an error.
struct ParquetContent {
  int64_t rows = 0;
  std::optional<Checksum> checksum;
  std::string problem;  ///< Empty, or why the file could not be read.
};

struct ReadParquetOptions {
  bool with_checksum = false;
  std::function<void(int64_t rows)> on_rows;  ///< Rows that are read; may be null.
};

/// Reads rows from the footer and, `with_checksum`, every value, batch by batch in bounded memory.
/// Once `stop` is stopped it returns early, and what it returns means nothing.
ParquetContent ReadParquetFile(const std::filesystem::path& path, int64_t expected_bytes,
                               const ReadParquetOptions& options, const std::stop_token& stop = {});

}  // namespace headrace
