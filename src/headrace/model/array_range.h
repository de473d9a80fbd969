#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>

namespace headrace {

/// A run of values of one array, as it lies in the array's buffers: for what is said of many values
/// without a look at each.
struct ArrayRange {
  const arrow::ArrayData* data = nullptr;
  int64_t first = 0;  ///< The array's offset counted.
  int64_t count = 0;

  static ArrayRange Whole(const arrow::ArrayData& data);
};

/// The elements of lists of any layout (LIST, LARGE_LIST, FIXED_SIZE_LIST, MAP), those of NULL
/// lists included.
ArrayRange ElementsOf(const ArrayRange& lists);

/// A field of structs.
ArrayRange FieldOf(const ArrayRange& structs, int field);

/// The bytes of texts (STRING, BINARY, LARGE_STRING, LARGE_BINARY).
int64_t TextBytesOf(const ArrayRange& texts);

}  // namespace headrace
