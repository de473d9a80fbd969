#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <vector>

#include "headrace/staging/dictionary_room.h"
#include "headrace/staging/page_assembler.h"

namespace parquet {
class EncodedStatistics;
}

namespace headrace {

/// Turns the arrays of one column into the pages of a column chunk. Values are copied from Arrow's
/// buffers to the page once, with no call per value, and statistics are taken on the way. Parquet's
/// exceptions pass through. Used by one thread.
class ColumnEncoder {
 public:
  virtual ~ColumnEncoder() = default;

  /// Writes the rows of `chunks` through `pages`, for which BeginChunk was called. Tries a
  /// dictionary first where it gets `room` for one. Returns whether the chunk has one.
  virtual bool Encode(const std::vector<std::shared_ptr<arrow::Array>>& chunks,
                      DictionaryRoom* room, PageAssembler& pages) = 0;

  /// Least and greatest value of the chunk encoded last, if it has any; may point into its arrays.
  virtual void GetBounds(parquet::EncodedStatistics& statistics) const = 0;
};

/// An encoder for a flat column of `type`, or null: nested and rare types are left to Parquet's own
/// writer.
std::unique_ptr<ColumnEncoder> MakeColumnEncoder(const arrow::DataType& type);

}  // namespace headrace
