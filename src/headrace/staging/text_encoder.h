#pragma once

#include <memory>

#include "headrace/staging/column_encoder.h"

namespace headrace {

/// BYTE_ARRAY: text and bytes with 32-bit offsets.
std::unique_ptr<ColumnEncoder> MakeTextEncoder();

}  // namespace headrace
