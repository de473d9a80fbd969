#pragma once

#include <cstdint>

#include "headrace/model/array_range.h"

namespace headrace {

/// Bytes that the values have as text (FindCast) at most: nested ones as JSON, in which each name
/// of a field stands once per struct. Found from their number and the lengths of texts alone.
int64_t MostTextBytes(const ArrayRange& values);

}  // namespace headrace
