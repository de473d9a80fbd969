#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <string>

namespace headrace {

/// The value of a row as messages name it, at any length: dates and timestamps as CastDateToText
/// writes them, times of day as JSON has them (`24:00:00` too), everything else as Arrow does.
std::string ShownValue(const arrow::Array& values, int64_t row);

}  // namespace headrace
