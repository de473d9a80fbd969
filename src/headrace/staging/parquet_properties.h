#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "headrace/staging/column_choice.h"

namespace parquet {
class WriterProperties;
}

namespace headrace {

/// In memory a column chunk's entry in the footer is a thrift object of some hundred bytes with its
/// statistics and encodings.
inline constexpr int64_t kFooterBytesPerChunk = 1 << 10;

/// What every engine reads: format 2.6, V1 data pages, PLAIN or dictionary; decimals as integers
/// where they fit, no page index. The leaf columns of the paths `without_statistics` get none.
std::shared_ptr<parquet::WriterProperties> PropertiesOf(
    std::span<const ColumnChoice> choices, std::span<const std::string> without_statistics = {});

}  // namespace headrace
