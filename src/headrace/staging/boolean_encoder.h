#pragma once

#include <memory>

#include "headrace/staging/column_encoder.h"

namespace headrace {

/// BOOLEAN: one bit a value, packed from the lowest bit of each byte.
std::unique_ptr<ColumnEncoder> MakeBooleanEncoder();

}  // namespace headrace
